//! `y += x · kernel` for inference: what a row gives is the same to the last bit whatever other rows
//! there are, for each number is summed in the order of the inputs, product by product.

use super::few_rows::{self, FEW};
use super::matmul::SumStart;
use super::panels::{Panels, Runs};
use super::parallel;
use super::views::{Neighbours, TilePlaces};

/// Columns that are packed together.
const PANEL: usize = 64;
/// Rows that one thread works on at a time.
const ROWS: usize = 48;

/// Numbers of scratch.
pub(super) fn scratch(rows: usize, input: usize, units: usize) -> usize {
    if rows <= FEW { 0 } else { panels(input, units).length() }
}

/// `y += x · kernel`; x has rows of `input` numbers, y of `units`.
pub(super) fn add_product(
    (x, input): (&[f32], usize),
    kernel: &[f32],
    (y, units): (&mut [f32], usize),
    scratch: &mut [f32],
) {
    assert!(
        kernel.len() == input * units && x.len() * units == y.len() * input,
        "sizes that don't fit"
    );
    if y.len() <= FEW * units {
        few_rows::add_product((x, input), kernel, (y, units));
    } else {
        many((x, input), kernel, (y, units), scratch);
    }
}

/// The kernel packed in panels, then rows by rows; each thread has rows of its own.
fn many(
    (x, input): (&[f32], usize),
    kernel: &[f32],
    (y, units): (&mut [f32], usize),
    packed: &mut [f32],
) {
    let panels = panels(input, units);
    panels.pack(kernel, 1, |panel, row| row * units + panel * PANEL, packed);
    let runs = Runs::in_blocks(&[Neighbours { from: 0, row: 0, length: input }]);
    let (packed, work) = (&*packed, x.len() * units);
    parallel::chunks(y, ROWS * units, work, |piece, y| {
        let rows = y.len() / units;
        let x = &x[piece * ROWS * input..][..rows * input];
        let bases: [usize; ROWS] = std::array::from_fn(|row| row * input);
        let outs: [usize; ROWS] = std::array::from_fn(|row| row * units);
        let places = TilePlaces { bases: &bases[..rows], outs: &outs[..rows] };
        panels.multiply(packed, (x, 0), &runs, places, (y, SumStart::Held));
    });
}

/// How the kernel is packed for many rows.
fn panels(input: usize, units: usize) -> Panels {
    Panels::new(input, units).of_width(PANEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn a_row_is_the_same_among_any_others_and_right() {
        for (input, units) in [(3, 700), (65, 17), (600, 80), (1100, 300), (40, 1), (30, 1024)] {
            let kernel = numbers(input * units, 3);
            let x = numbers(200 * input, 5);
            let run = |rows: usize| {
                let mut y = numbers(rows * units, 7);
                let mut scratch = vec![9.0; scratch(rows, input, units)];
                add_product((&x[..rows * input], input), &kernel, (&mut y, units), &mut scratch);
                y
            };
            let all = run(200);
            for rows in [1, 2, 3, 7, 17, 50, 128, 129] {
                assert_eq!(run(rows), all[..rows * units], "{rows} of {input} to {units}");
            }
            let start = numbers(200 * units, 7);
            for (at, found) in all.iter().enumerate().step_by(97) {
                let (row, column) = (at / units, at % units);
                let products = (0..input)
                    .map(|i| f64::from(x[row * input + i]) * f64::from(kernel[i * units + column]));
                let expected = f64::from(start[at]) + products.sum::<f64>();
                assert!((f64::from(*found) - expected).abs() < 1e-3, "{found} and not {expected}");
            }
        }
    }
}
