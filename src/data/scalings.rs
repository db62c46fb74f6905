//! Fit: the statistics of the columns that are scaled, over the rows to train on.

use std::ops::Range;

use rayon::prelude::*;

use super::fitted::BLOCK_ROWS;
use crate::error::Problem;
use crate::threads;
use crate::transforms::{Scale, ScaleStatistics, Scaling, Statistics};

/// The rows of a piece. Pieces are counted from the first row of the table, so that the result is
/// the same for any number of threads, and however the table is read.
const PIECE_ROWS: usize = 1 << 16;
/// So many columns of a piece are gone over together.
const GROUP: usize = 64;
/// So many pieces are gathered at once, for all that is gathered to stay small.
const AT_ONCE: usize = 16;

/// The numbers of the columns that are scaled.
pub(crate) trait NumberBlocks: Sync {
    /// How many rows there are, to train on or not.
    fn rows(&self) -> usize;

    /// Calls `see` for blocks of those among these rows that are to train on, in their order, with
    /// a function that gives the numbers of one of the columns, by its place among them.
    fn blocks(
        &self,
        rows: Range<usize>,
        block_rows: usize,
        see: &mut dyn FnMut(&dyn Fn(usize, &mut Vec<f64>)),
    );
}

/// The scaling of each column; or the place of one whose numbers it can't take, and why.
pub(crate) fn fit_scalings(
    scales: &[Scale],
    numbers: &dyn NumberBlocks,
) -> Result<Vec<Scaling>, (usize, Problem)> {
    let mut gathered: Vec<ScaleStatistics> = scales.iter().map(Scale::statistics).collect();
    let mut open: Vec<usize> = (0..scales.len()).collect(); // those that want another pass
    while !open.is_empty() {
        pass(&mut gathered, &open, numbers);
        open.retain(|column| gathered[*column].wants_another_pass());
    }
    let fit = |(place, (scale, gathered)): (usize, (&Scale, &ScaleStatistics))| {
        scale.takes(gathered).map_err(|problem| (place, problem))?;
        Ok(scale.fit(gathered))
    };
    scales.iter().zip(&gathered).enumerate().map(fit).collect()
}

/// One pass over the rows for some of the columns.
fn pass(gathered: &mut [ScaleStatistics], columns: &[usize], numbers: &dyn NumberBlocks) {
    let rows = numbers.rows();
    let starts: Vec<usize> = (0..rows).step_by(PIECE_ROWS).collect();
    let before = gathered.to_vec();
    for starts in starts.chunks(AT_ONCE) {
        let jobs = starts.iter().flat_map(|start| columns.chunks(GROUP).map(move |g| (*start, g)));
        let jobs: Vec<(usize, &[usize])> = jobs.collect();
        let each = jobs.into_par_iter().map(|(start, group)| {
            let mut own: Vec<ScaleStatistics> =
                group.iter().map(|column| before[*column].clone()).collect();
            let mut block = Vec::with_capacity(BLOCK_ROWS);
            numbers.blocks(start..rows.min(start + PIECE_ROWS), BLOCK_ROWS, &mut |numbers_of| {
                for (column, own) in group.iter().zip(&mut own) {
                    block.clear();
                    numbers_of(*column, &mut block);
                    own.see(&block);
                }
            });
            (group, own)
        });
        let parts: Vec<(&[usize], Vec<ScaleStatistics>)> = threads::within(|| each.collect());
        for (group, parts) in parts {
            for (column, part) in group.iter().zip(&parts) {
                gathered[*column].merge(part);
            }
        }
    }
}
