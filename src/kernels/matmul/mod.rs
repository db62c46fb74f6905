//! Products of matrices over slices, split over threads.

#![allow(unsafe_code)]

mod matrix;
mod pieces;
mod tiles;

use pulp::Arch;

pub use matrix::{MatrixRef, SumStart, WriteMode};

use super::parallel;
use crate::threads;
use pieces::ProductPieces;
use tiles::Tiles;

/// Panics unless `c = start + a · b` is a product of matrices that lie within their slices, whose
/// result lies within the `length` numbers of c, its rows `stride` numbers apart. What is unsafe below
/// rests on it.
fn check(
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
    (length, stride): (usize, usize),
    start: SumStart<'_>,
) {
    assert!(a.columns == b.rows && a.fits() && b.fits(), "matrices that don't fit");
    if let SumStart::Row(row) = start {
        assert!(row.len() == b.columns, "a first row that doesn't fit");
    }
    if let Some(down) = a.rows.checked_sub(1) {
        assert!(down == 0 || stride >= b.columns, "a result whose rows overlap");
        let needed = down.checked_mul(stride).and_then(|down| down.checked_add(b.columns));
        assert!(needed.is_some_and(|needed| needed <= length), "a result that is too small");
    }
}

/// `c = start + a · b`; c is row-major, `a.rows × b.columns`. Split over threads where it is large.
/// Each number is summed in the order of b's rows, so that it is the same however the work is cut, and
/// whatever other rows there are.
pub fn matmul(a: MatrixRef<'_>, b: MatrixRef<'_>, c: &mut [f32], start: SumStart<'_>) {
    matmul_then(a, b, c, start, None);
}

/// What is done to numbers of a product, each by itself, while they are in a cache.
pub type Then<'a> = &'a (dyn Fn(&mut [f32]) + Sync);

/// The same, and then something else.
pub fn matmul_then(
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
    c: &mut [f32],
    start: SumStart<'_>,
    then: Option<Then<'_>>,
) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    check(a, b, (c.len(), n), start);
    if m == 0 || n == 0 {
        return;
    }
    let pieces = ProductPieces::of(m, n, k, threads::count());
    let shared = SharedPointer::new(c);
    parallel::indices(pieces.count(), m * n * k, |index| {
        let (row, column) = pieces.place(index);
        let a = a.rows_from(row, pieces.height);
        let b = b.t().rows_from(column, pieces.width).t();
        let start = start.columns(column);
        // SAFETY: `check` found a and b within their slices, and m rows of n numbers within c. This
        // piece of c is nobody else's, and c outlives the loop.
        let c = unsafe { shared.start().add(row * n + column) };
        let tiles = unsafe { Tiles::new(a, b, (c, n), start) };
        Arch::new().dispatch(tiles);
        let Some(then) = then else { return };
        // SAFETY: as above; rows that follow each other are one.
        match b.columns {
            width if width == n => then(unsafe { std::slice::from_raw_parts_mut(c, a.rows * n) }),
            width => (0..a.rows).for_each(|row| {
                then(unsafe { std::slice::from_raw_parts_mut(c.add(row * n), width) });
            }),
        }
    });
}

/// The same on this thread; rows of c are `stride` numbers apart.
pub fn product(
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
    c: &mut [f32],
    stride: usize,
    start: SumStart<'_>,
) {
    check(a, b, (c.len(), stride), start);
    if a.rows > 0 && b.columns > 0 {
        // SAFETY: `check` found a and b within their slices and the result within c, which is ours.
        let tiles = unsafe { Tiles::new(a, b, (c.as_mut_ptr(), stride), start) };
        Arch::new().dispatch(tiles);
    }
}

/// A pointer that several threads write through, each to places of its own.
pub(super) struct SharedPointer(*mut f32, usize);

// SAFETY: used only for writes to disjoint places, see `matmul`.
unsafe impl Sync for SharedPointer {}

impl SharedPointer {
    /// To the first of some numbers.
    pub(super) fn new(values: &mut [f32]) -> Self {
        SharedPointer(values.as_mut_ptr(), values.len())
    }

    /// Where they begin.
    pub(super) fn start(&self) -> *mut f32 {
        debug_assert!(self.1 > 0);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 101) as f32 / 50.0 - 1.0).collect()
    }

    #[test]
    fn sizes_that_don_t_fit_panic_before_anything_is_written() {
        let (a, b) = (numbers(40 * 400, 1), numbers(400 * 700, 2));
        let sides = |m, k, n| (MatrixRef::new(&a, m, k), MatrixRef::new(&b, k, n));
        let huge = usize::MAX / 2 + 2;
        for (what, (a, b), length) in [
            ("c is too small, split by columns", sides(40, 400, 700), 16),
            ("c is too small, split by rows", sides(40, 400, 20), 16),
            ("a is too small", sides(41, 400, 700), 41 * 700),
            ("b is too small", sides(40, 400, 701), 40 * 701),
            ("the sizes overflow", sides(huge, 400, 700), 28_000),
            ("the columns overflow", sides(2, 2, huge), 28_000),
        ] {
            let mut c = vec![1.0; length];
            let run = std::panic::AssertUnwindSafe(|| matmul(a, b, &mut c, SumStart::Zero));
            assert!(std::panic::catch_unwind(run).is_err(), "{what}");
            assert!(c.iter().all(|c| *c == 1.0), "{what}");
        }
    }

    /// Rows, depth and columns: tiles of every height and width, blocks of rows of b, several pieces.
    const SIZES: [(usize, usize, usize); 12] = [
        (1, 7, 2),
        (2, 0, 3),
        (3, 4, 5),
        (5, 65, 130),
        (16, 40, 16),
        (29, 31, 33),
        (70, 300, 47),
        (97, 145, 80),
        (200, 144, 64),
        (130, 260, 97),
        (197, 513, 20),
        (40, 70, 300),
    ];

    #[test]
    fn products_are_those_of_plain_loops_whichever_way_the_matrices_stand() {
        for (m, k, n) in SIZES {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let (row, held) = (numbers(n, 3), numbers(m * n, 4));
            let ways = |a: MatrixRef<'_>, b: MatrixRef<'_>| {
                for start in [SumStart::Zero, SumStart::Held, SumStart::Row(&row)] {
                    let mut c = held.clone();
                    matmul(a, b, &mut c, start);
                    let mut strided = vec![7.0; m * (n + 5)];
                    if start != SumStart::Held {
                        product(a, b, &mut strided, n + 5, start);
                    }
                    for (at, found) in c.iter().enumerate().step_by(3) {
                        let (i, j) = (at / n, at % n);
                        let of = |matrix: MatrixRef<'_>, i: usize, j: usize| {
                            matrix.values[i * matrix.row_stride + j * matrix.column_stride]
                        };
                        let begin = match start {
                            SumStart::Zero => 0.0,
                            SumStart::Held => held[at],
                            SumStart::Row(row) => row[j],
                        };
                        let sum =
                            (0..k).fold(begin, |sum, p| of(a, i, p).mul_add(of(b, p, j), sum));
                        assert_eq!(*found, sum, "{m} x {k} x {n}, {start:?}, at {i}, {j}");
                        if start != SumStart::Held {
                            assert_eq!(strided[i * (n + 5) + j], sum);
                        }
                    }
                    if start != SumStart::Held {
                        assert!(strided.iter().skip(n).step_by(n + 5).all(|beyond| *beyond == 7.0));
                    }
                }
            };
            ways(MatrixRef::new(&a, m, k), MatrixRef::new(&b, k, n));
            ways(MatrixRef::new(&a, k, m).t(), MatrixRef::new(&b, k, n));
            ways(MatrixRef::new(&a, m, k), MatrixRef::new(&b, n, k).t());
            ways(MatrixRef::new(&a, k, m).t(), MatrixRef::new(&b, n, k).t());
        }
    }

    /// With the registers of AVX2, where the processor has wider ones, too.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn fewer_and_narrower_registers_give_the_same() {
        use pulp::WithSimd;

        let Some(simd) = pulp::x86::V3::try_new() else { return };
        for (m, k, n) in SIZES {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            for a in [MatrixRef::new(&a, m, k), MatrixRef::new(&a, k, m).t()] {
                for b in [MatrixRef::new(&b, k, n), MatrixRef::new(&b, n, k).t()] {
                    let [mut c, mut expected] = [vec![0.0; m * n], vec![0.0; m * n]];
                    matmul(a, b, &mut expected, SumStart::Zero);
                    // SAFETY: all are whole.
                    let tiles = unsafe { Tiles::new(a, b, (c.as_mut_ptr(), n), SumStart::Zero) };
                    tiles.with_simd(simd);
                    assert_eq!(c, expected);
                }
            }
        }
    }

    #[test]
    fn neither_threads_nor_other_rows_change_anything() {
        let run = |threads: usize| -> Vec<Vec<f32>> {
            let pool = crate::threads::build(threads).unwrap();
            let run = |(m, k, n): (usize, usize, usize)| {
                let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
                let mut c = vec![0.0; m * n];
                let right = MatrixRef::new(&b, k, n);
                matmul(MatrixRef::new(&a, m, k), right, &mut c, SumStart::Zero);
                let mut last = vec![0.0; n];
                let row = MatrixRef::new(&a[(m - 1) * k..], 1, k);
                matmul(row, right, &mut last, SumStart::Zero);
                assert_eq!(c[(m - 1) * n..], last);
                c
            };
            pool.install(|| SIZES.map(run).to_vec())
        };
        let one = run(1);
        assert!([2, 3].iter().all(|threads| run(*threads) == one));
    }
}
