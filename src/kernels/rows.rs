//! `y += x · kernel` for inference: what a row gives is the same to the last bit whatever other rows
//! there are, for each number is summed in the order of the inputs, product by product.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use pulp::{Arch, Simd, WithSimd};

use super::matmul::SumStart;
use super::panels::{Panels, Runs};
use super::parallel;
use super::simd::first_lanes;
use super::views::{Neighbours, TilePlaces};

/// Up to so many rows the kernel is read once for every eight of them; for more it is packed.
const FEW: usize = 16;
/// Columns that one thread works on at a time.
const COLUMNS: usize = 256;
/// Columns that are packed together.
const PANEL: usize = 64;
/// Rows that one thread works on at a time.
const ROWS: usize = 48;

/// Numbers of scratch.
pub(super) fn scratch(rows: usize, input: usize, units: usize) -> usize {
    if rows <= FEW { 8 * units.next_multiple_of(COLUMNS) } else { panels(input, units).length() }
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
        few((x, input), kernel, (y, units), scratch);
    } else {
        many((x, input), kernel, (y, units), scratch);
    }
}

/// Rows by eight, four, two and one; each thread has columns of its own.
fn few(
    (mut x, input): (&[f32], usize),
    kernel: &[f32],
    (mut y, units): (&mut [f32], usize),
    scratch: &mut [f32],
) {
    while !y.is_empty() {
        let rows = match y.len() / units {
            8.. => 8,
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
        let (rows_x, later_x) = x.split_at(rows * input);
        let (rows_y, later_y) = std::mem::take(&mut y).split_at_mut(rows * units);
        (x, y) = (later_x, later_y);
        let sums = &mut scratch[..rows * units.next_multiple_of(COLUMNS)];
        let from = &*rows_y;
        parallel::chunks(sums, rows * COLUMNS, rows * input * units, |index, sums| {
            let first = index * COLUMNS;
            let columns = COLUMNS.min(units - first);
            for (sums, y) in sums.chunks_exact_mut(COLUMNS).zip(from.chunks_exact(units)) {
                sums[..columns].copy_from_slice(&y[first..first + columns]);
            }
            let kernel = &kernel[first..];
            Arch::new().dispatch(StreamedRows { x: rows_x, input, kernel, units, columns, sums });
        });
        for (index, sums) in sums.chunks_exact(rows * COLUMNS).enumerate() {
            let first = index * COLUMNS;
            let columns = COLUMNS.min(units - first);
            for (sums, y) in sums.chunks_exact(COLUMNS).zip(rows_y.chunks_exact_mut(units)) {
                y[first..first + columns].copy_from_slice(&sums[..columns]);
            }
        }
    }
}

/// The kernel read row by row, its products with some rows of x added to their sums.
struct StreamedRows<'a> {
    x: &'a [f32],
    input: usize,
    /// Rows `units` apart, of which `columns` are meant.
    kernel: &'a [f32],
    units: usize,
    columns: usize,
    /// Rows of [`COLUMNS`].
    sums: &'a mut [f32],
}

impl WithSimd for StreamedRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let last = self.input.checked_sub(1).map_or(0, |row| row * self.units + self.columns);
        let rows = self.sums.len() / COLUMNS;
        assert!(last <= self.kernel.len() && rows * self.input <= self.x.len(), "a row outside");
        match rows {
            8 => self.rows::<S, 8>(simd),
            4 => self.rows::<S, 4>(simd),
            2 => self.rows::<S, 2>(simd),
            _ => self.rows::<S, 1>(simd),
        }
    }
}

impl StreamedRows<'_> {
    #[inline(always)]
    fn rows<S: Simd, const R: usize>(&mut self, simd: S) {
        simd.vectorize(
            #[inline(always)]
            || {
                let mut at = 0;
                while at < self.input {
                    // SAFETY: `with_simd` found the rows of x and of the kernel within their slices,
                    // and as many inputs are left.
                    unsafe {
                        if self.input - at >= 8 {
                            self.add::<S, R, 8>(simd, at);
                            at += 8;
                        } else {
                            self.add::<S, R, 1>(simd, at);
                            at += 1;
                        }
                    }
                }
            },
        );
    }

    /// Adds the products of `K` inputs.
    #[inline(always)]
    unsafe fn add<S: Simd, const R: usize, const K: usize>(&mut self, simd: S, at: usize) {
        let lanes = S::F32_LANES;
        // SAFETY: the caller's promise; beyond the last column the mask reads and writes nothing.
        unsafe {
            let kernel = self.kernel.as_ptr().add(at * self.units);
            let x: [*const f32; R] =
                std::array::from_fn(|r| self.x.as_ptr().add(r * self.input + at));
            let sums = self.sums.as_mut_ptr();
            let whole = self.columns / lanes * lanes;
            for column in (0..whole).step_by(lanes) {
                let place = |r: usize| sums.add(r * COLUMNS + column).cast::<S::f32s>();
                let mut sum: [S::f32s; R] = std::array::from_fn(|r| place(r).read_unaligned());
                for k in 0..K {
                    let row =
                        kernel.add(k * self.units + column).cast::<S::f32s>().read_unaligned();
                    for r in 0..R {
                        sum[r] = simd.mul_add_f32s(simd.splat_f32s(*x[r].add(k)), row, sum[r]);
                    }
                }
                for r in 0..R {
                    place(r).write_unaligned(sum[r]);
                }
            }
            if whole < self.columns {
                let mask = first_lanes(simd, self.columns - whole);
                for r in 0..R {
                    let place = sums.add(r * COLUMNS + whole);
                    let mut sum = simd.mask_load_ptr_f32s(mask, place);
                    for k in 0..K {
                        let row = simd.mask_load_ptr_f32s(mask, kernel.add(k * self.units + whole));
                        sum = simd.mul_add_f32s(simd.splat_f32s(*x[r].add(k)), row, sum);
                    }
                    simd.mask_store_ptr_f32s(mask, place, sum);
                }
            }
        }
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
        for (input, units) in [(3, 700), (65, 17), (600, 80), (1100, 300), (40, 1)] {
            let kernel = numbers(input * units, 3);
            let x = numbers(100 * input, 5);
            let run = |rows: usize| {
                let mut y = numbers(rows * units, 7);
                let mut scratch = vec![9.0; scratch(rows, input, units)];
                add_product((&x[..rows * input], input), &kernel, (&mut y, units), &mut scratch);
                y
            };
            let all = run(100);
            for rows in [1, 2, 3, 7, 15, 16, 17, 50] {
                assert_eq!(run(rows), all[..rows * units], "{rows} of {input} to {units}");
            }
            let start = numbers(100 * units, 7);
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
