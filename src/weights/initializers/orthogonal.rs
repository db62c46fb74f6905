//! Orthogonal matrices.

use rayon::prelude::*;

use crate::numeric::dot_f64;
use crate::random::Stream;
use crate::threads;

/// `gain · Q` of the QR decomposition of a normal matrix, with the signs that make R's diagonal
/// positive, of a weight seen as (…, last axis); its transpose where there are fewer rows.
///
/// Source: Saxe et al., <https://arxiv.org/abs/1312.6120>.
pub(super) fn values(shape: &[usize], gain: f64, stream: &mut Stream) -> Vec<f32> {
    let columns = shape.last().copied().unwrap_or(1);
    let rows = shape.iter().product::<usize>() / columns.max(1);
    let (long, short) = (rows.max(columns), rows.min(columns));
    // the matrix (long, short), drawn row by row and kept column by column
    let mut q = vec![vec![0.0; long]; short];
    for i in 0..long {
        for column in &mut q {
            column[i] = f64::from(stream.normal());
        }
    }
    // twice is enough: Giraud et al., https://doi.org/10.1007/s00211-005-0615-4
    orthonormalise(&mut q);
    orthonormalise(&mut q);
    let at = |row: usize, column: usize| {
        if rows < columns { q[row][column] } else { q[column][row] }
    };
    (0..rows * columns).map(|i| (gain * at(i / columns, i % columns)) as f32).collect()
}

/// Modified Gram-Schmidt: each column in turn is made a unit and taken out of those after it, each
/// of them by itself, so that the result is the same at any number of threads.
fn orthonormalise(columns: &mut [Vec<f64>]) {
    for j in 0..columns.len() {
        let (done, later) = columns.split_at_mut(j + 1);
        let unit = &mut done[j];
        let length = dot_f64(unit, unit).sqrt();
        for x in unit.iter_mut() {
            *x /= length;
        }
        let take_out = |column: &mut Vec<f64>| {
            let along = dot_f64(unit, column);
            for (x, u) in column.iter_mut().zip(&*unit) {
                *x -= along * u;
            }
        };
        if later.len() * unit.len() > 1 << 16 {
            threads::within(|| later.par_iter_mut().for_each(take_out));
        } else {
            later.iter_mut().for_each(take_out);
        }
    }
}
