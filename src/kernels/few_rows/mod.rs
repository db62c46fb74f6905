//! Products of few rows with a large matrix, which is read where it stands: packing it, or turning it
//! round, would cost as much as the product. Each number is summed in an order of its own, so that
//! nothing depends on how the work is cut.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

mod dots;
mod outer;
mod product;

use pulp::Arch;

use super::matmul::SharedPointer;
use super::{parallel, turned};
use dots::RowDots;
use outer::RowOuter;
use product::RowProduct;

/// Up to so many rows these are at least as fast as products that pack the matrix.
pub(super) const FEW: usize = 32;

/// Up to so many times as many numbers in a row of the matrix as there are rows, it is turned round.
const DOTS: usize = 10;

/// Multiplications of a piece that one thread works on.
const WORK: usize = 1 << 18;
/// The most pieces that a product is meant to be cut into.
const PIECES: usize = 32;
/// Rows of a piece are a multiple of this: fewer would read the matrix too often.
const HEIGHT: usize = 32;
/// Columns, or rows, of a piece are a multiple of this, so that only the last one ends with a tile
/// that isn't whole.
const TILE: usize = 48;

/// `y += x · matrix`; x has rows of `input` numbers, y of `units`, and so has the matrix. Each number is
/// summed in the order of the inputs.
pub(super) fn add_product(
    (x, input): (&[f32], usize),
    matrix: &[f32],
    (y, units): (&mut [f32], usize),
) {
    check((x, input), (y, units), matrix);
    let rows = x.len() / input;
    let work = matrix.len() * rows;
    let columns = piece(units, work);
    let across = units.div_ceil(columns);
    let height = rows.div_ceil((pieces(work) / across).max(1)).next_multiple_of(HEIGHT);
    let down = rows.div_ceil(height);
    let shared = SharedPointer::new(y);
    parallel::indices(across * down, work, |index| {
        let (row, first) = (index % down * height, index / down * columns);
        let (rows, columns) = (height.min(rows - row), columns.min(units - first));
        let x = &x[row * input..][..rows * input];
        // SAFETY: the sizes fit, and this piece of y is nobody else's.
        let product = unsafe {
            let y = shared.start().add(row * units + first);
            RowProduct::new((x, input), (&matrix[first..], units), (y, units), columns)
        };
        Arch::new().dispatch(product);
    });
}

/// `matrix = xᵀ · d`; x has rows of `input` numbers, d of `units`, and so has the matrix.
pub(super) fn product_of_transposed(
    (x, input): (&[f32], usize),
    (d, units): (&[f32], usize),
    matrix: &mut [f32],
) {
    check((x, input), (d, units), matrix);
    let work = matrix.len() * (x.len() / input);
    let rows = piece(input, work);
    parallel::chunks(matrix, rows * units, work, |index, matrix| {
        let first = index * rows;
        Arch::new().dispatch(RowOuter { x, input, first, d, units, matrix });
    });
}

/// `dx = d · matrixᵀ`; d and the matrix have rows of `units` numbers, dx of `input`. The scratch has
/// [`scratch`] numbers.
pub(super) fn product_with_transposed(
    (d, units): (&[f32], usize),
    matrix: &[f32],
    (dx, input): (&mut [f32], usize),
    scratch: &mut [f32],
) {
    check((dx, input), (d, units), matrix);
    let work = matrix.len() * (d.len() / units);
    let columns = piece(input, work);
    let part = |index: usize| {
        let first = index * columns;
        let count = columns.min(input - first);
        (first, &matrix[first * units..][..count * units])
    };
    if scratch.is_empty() {
        let shared = SharedPointer::new(dx);
        return parallel::indices(input.div_ceil(columns), work, |index| {
            let (first, matrix) = part(index);
            // SAFETY: the sizes fit, and the columns of dx from `first` on are this piece's alone.
            let dots =
                unsafe { RowDots::new((d, units), matrix, (shared.start().add(first), input)) };
            Arch::new().dispatch(dots);
        });
    }
    dx.fill(0.0);
    let shared = SharedPointer::new(dx);
    parallel::chunks(scratch, TILE * units, work, |index, turned| {
        let (mut first, matrix) = part(index);
        for matrix in matrix.chunks(TILE * units) {
            let columns = matrix.len() / units;
            turned::part((matrix, units), (columns, units), (turned, TILE));
            // SAFETY: the sizes fit, and the columns of dx from `first` on are this piece's alone.
            let product = unsafe {
                let dx = shared.start().add(first);
                RowProduct::new((d, units), (turned, TILE), (dx, input), columns)
            };
            Arch::new().dispatch(product);
            first += columns;
        }
    });
}

/// Numbers of scratch that [`product_with_transposed`] needs to turn the matrix round, part by part;
/// none where dot products are faster.
pub(super) fn scratch(rows: usize, input: usize, units: usize) -> usize {
    if units > DOTS * rows { 0 } else { length_by_parts(rows, input, units) }
}

/// Numbers of one part for each piece.
fn length_by_parts(rows: usize, input: usize, units: usize) -> usize {
    input.div_ceil(piece(input, rows * input * units)) * TILE * units
}

/// Panics unless the sizes fit: what is unsafe rests on it.
fn check((x, input): (&[f32], usize), (y, units): (&[f32], usize), matrix: &[f32]) {
    let is_whole = input > 0 && units > 0 && matrix.len() == input * units;
    let rows = if is_whole { x.len() / input } else { 0 };
    assert!(is_whole && x.len() == rows * input && y.len() == rows * units, "sizes that don't fit");
}

/// Into how many pieces so many multiplications are cut.
fn pieces(work: usize) -> usize {
    (work / WORK).clamp(1, PIECES)
}

/// How many of `count` columns or rows of the matrix a piece has.
fn piece(count: usize, work: usize) -> usize {
    count.div_ceil(pieces(work)).next_multiple_of(TILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 101) as f32 / 50.0 - 1.0).collect()
    }

    /// Rows, input and units: vectors that aren't whole, rows a page apart, narrow ones, tiles of
    /// every height.
    const SIZES: [(usize, usize, usize); 12] = [
        (1, 1, 1),
        (1, 65, 1024),
        (2, 3, 130),
        (3, 200, 47),
        (4, 25, 48),
        (5, 400, 1024),
        (7, 815, 614),
        (8, 49, 97),
        (13, 500, 10),
        (20, 31, 33),
        (50, 300, 301),
        (128, 70, 257),
    ];

    fn is_near(found: &[f32], expected: impl Fn(usize) -> f64) {
        for (at, found) in found.iter().enumerate().step_by(7) {
            let expected = expected(at);
            assert!((f64::from(*found) - expected).abs() < 1e-3, "{found} and not {expected}");
        }
    }

    fn sum(count: usize, product: impl Fn(usize) -> (f32, f32)) -> f64 {
        (0..count).map(product).map(|(a, b)| f64::from(a) * f64::from(b)).sum()
    }

    #[test]
    fn products_are_those_of_plain_loops() {
        for (rows, input, units) in SIZES {
            let (x, d) = (numbers(rows * input, 1), numbers(rows * units, 2));
            let matrix = numbers(input * units, 3);
            let mut y = d.clone();
            add_product((&x, input), &matrix, (&mut y, units));
            is_near(&y, |at| {
                let (row, unit) = (at / units, at % units);
                let product = |i| (x[row * input + i], matrix[i * units + unit]);
                f64::from(d[at]) + sum(input, product)
            });
            let mut outer = vec![f32::NAN; input * units];
            product_of_transposed((&x, input), (&d, units), &mut outer);
            is_near(&outer, |at| {
                let (i, unit) = (at / units, at % units);
                sum(rows, |row| (x[row * input + i], d[row * units + unit]))
            });
            for length in [0, length_by_parts(rows, input, units)] {
                let (mut dx, mut scratch) = (vec![f32::NAN; rows * input], vec![f32::NAN; length]);
                product_with_transposed((&d, units), &matrix, (&mut dx, input), &mut scratch);
                is_near(&dx, |at| {
                    let (row, i) = (at / input, at % input);
                    sum(units, |unit| (d[row * units + unit], matrix[i * units + unit]))
                });
            }
        }
    }

    /// With the registers of AVX2, where the processor has wider ones, too.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn fewer_and_narrower_registers_give_the_same() {
        use pulp::WithSimd;

        let Some(simd) = pulp::x86::V3::try_new() else { return };
        for (rows, input, units) in SIZES {
            let (x, d) = (numbers(rows * input, 1), numbers(rows * units, 2));
            let matrix = numbers(input * units, 3);
            let [mut y, mut expected] = [d.clone(), d.clone()];
            add_product((&x, input), &matrix, (&mut expected, units));
            // SAFETY: all are whole.
            let product = unsafe {
                RowProduct::new((&x, input), (&matrix, units), (y.as_mut_ptr(), units), units)
            };
            product.with_simd(simd);
            assert_eq!(y, expected);
            let [mut outer, mut expected] = [matrix.clone(), matrix.clone()];
            product_of_transposed((&x, input), (&d, units), &mut expected);
            let (x, d) = (&x[..], &d[..]);
            RowOuter { x, input, first: 0, d, units, matrix: &mut outer }.with_simd(simd);
            assert_eq!(outer, expected);
            let [mut dx, mut expected] = [x.to_vec(), x.to_vec()];
            product_with_transposed((d, units), &matrix, (&mut expected, input), &mut []);
            // SAFETY: all are whole.
            unsafe { RowDots::new((d, units), &matrix, (dx.as_mut_ptr(), input)) }.with_simd(simd);
            is_near(&dx, |at| f64::from(expected[at]));
        }
    }

    #[test]
    fn threads_change_nothing() {
        let run = |threads: usize| -> Vec<Vec<f32>> {
            let pool = crate::threads::build(threads).unwrap();
            let run = |(rows, input, units): (usize, usize, usize)| {
                let (x, d) = (numbers(rows * input, 1), numbers(rows * units, 2));
                let (matrix, mut y) = (numbers(input * units, 3), d.clone());
                let (mut outer, mut dx) = (matrix.clone(), x.clone());
                add_product((&x, input), &matrix, (&mut y, units));
                product_of_transposed((&x, input), (&d, units), &mut outer);
                let mut turned = vec![0.0; scratch(rows, input, units)];
                product_with_transposed((&d, units), &matrix, (&mut dx, input), &mut turned);
                [y, outer, dx].concat()
            };
            pool.install(|| SIZES.map(run).to_vec())
        };
        let one = run(1);
        assert!([2, 3].iter().all(|threads| run(*threads) == one));
    }

    /// A prediction is the same to the last bit among few rows and among many.
    #[test]
    fn many_rows_give_the_same() {
        use crate::kernels::matmul::{MatrixRef, SumStart, matmul};

        for (rows, input, units) in SIZES {
            let (x, matrix) = (numbers(rows * input, 1), numbers(input * units, 3));
            let mut few = numbers(rows * units, 2);
            let mut many = few.clone();
            add_product((&x, input), &matrix, (&mut few, units));
            let sides = (MatrixRef::new(&x, rows, input), MatrixRef::new(&matrix, input, units));
            matmul(sides.0, sides.1, &mut many, SumStart::Held);
            assert_eq!(few, many);
        }
    }

    #[test]
    fn sizes_that_don_t_fit_panic_before_anything_is_written() {
        let (x, matrix) = (numbers(40, 1), numbers(400, 2));
        for (x, input, matrix, units, length) in [
            (&x[..], 10, &matrix[..], 40, 159),
            (&x[..39], 10, &matrix[..], 40, 160),
            (&x[..], 10, &matrix[..399], 40, 160),
            (&x[..], 0, &matrix[..], 40, 160),
            (&x[..], 10, &matrix[..], 0, 160),
        ] {
            let mut y = vec![1.0; length];
            let run = || add_product((x, input), matrix, (&mut y, units));
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
            assert!(y.iter().all(|y| *y == 1.0));
        }
    }
}
