//! `dx = d · matrixᵀ`, as dot products of rows.

use pulp::{Simd, WithSimd};

use crate::kernels::simd::{first_lanes, load};

/// Some columns of `d · matrixᵀ`, one for each row of the matrix.
pub(super) struct RowDots<'a> {
    d: &'a [f32],
    /// Numbers of a row of d and of the matrix.
    units: usize,
    matrix: &'a [f32],
    /// Rows `stride` apart.
    dx: *mut f32,
    stride: usize,
}

impl<'a> RowDots<'a> {
    /// The product of all rows of d and of the matrix, each of `units` numbers; rows of dx are
    /// `stride` apart.
    ///
    /// # Safety
    ///
    /// dx has as many rows as d and a column for each row of the matrix, which nobody else reads or
    /// writes meanwhile.
    pub(super) unsafe fn new(
        (d, units): (&'a [f32], usize),
        matrix: &'a [f32],
        (dx, stride): (*mut f32, usize),
    ) -> Self {
        RowDots { d, units, matrix, dx, stride }
    }
}

impl WithSimd for RowDots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        simd.vectorize(
            #[inline(always)]
            move || match self.d.len() / self.units {
                _ if S::REGISTER_COUNT < 32 => self.columns::<S, 4, 2>(simd),
                ..=8 => self.columns::<S, 8, 3>(simd),
                _ => self.columns::<S, 4, 6>(simd),
            },
        );
    }
}

impl RowDots<'_> {
    /// All columns of dx, `C` at a time.
    #[inline(always)]
    fn columns<S: Simd, const R: usize, const C: usize>(self, simd: S) {
        let columns = self.matrix.len() / self.units;
        let mut column = 0;
        while column < columns {
            column += match columns - column {
                left if left >= C => self.rows::<S, R, C>(simd, column),
                left if C > 3 && left >= 3 => self.rows::<S, R, 3>(simd, column),
                _ => self.rows::<S, R, 1>(simd, column),
            };
        }
    }

    /// All rows of `C` columns, the number of which it gives.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const C: usize>(&self, simd: S, column: usize) -> usize {
        let rows = self.d.len() / self.units;
        for row in (0..rows).step_by(R) {
            // SAFETY: `new`'s caller promised that all rows and columns are there, and these are some.
            unsafe {
                match rows - row {
                    1 => self.tile::<S, 1, C>(simd, (row, 1), column),
                    2 => self.tile::<S, 2, C>(simd, (row, 2), column),
                    left @ (3 | 4) => self.tile::<S, 4, C>(simd, (row, left), column),
                    left => self.tile::<S, R, C>(simd, (row, left.min(R)), column),
                }
            }
        }
        C
    }

    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize, const C: usize>(
        &self,
        simd: S,
        (row, count): (usize, usize),
        column: usize,
    ) {
        let (lanes, units) = (S::F32_LANES, self.units);
        let (whole, last) = (units / lanes * lanes, units % lanes);
        // SAFETY: the caller's promise; what lies beyond the end of a row is masked.
        unsafe {
            // a tile of fewer rows works on its last one again
            let row = |r: usize| row + r.min(count - 1);
            let d: [*const f32; R] = std::array::from_fn(|r| self.d.as_ptr().add(row(r) * units));
            let matrix = self.matrix.as_ptr().add(column * units);
            let mut sums = [[simd.splat_f32s(0.0); C]; R];
            let mask = first_lanes(simd, last);
            for at in (0..whole).step_by(lanes) {
                add::<S, R, C, true>(simd, mask, (d, matrix, units), at, &mut sums);
            }
            if last > 0 {
                add::<S, R, C, false>(simd, mask, (d, matrix, units), whole, &mut sums);
            }
            for r in 0..R {
                for c in 0..C {
                    *self.dx.add(row(r) * self.stride + column + c) =
                        simd.reduce_sum_f32s(sums[r][c]);
                }
            }
        }
    }
}

/// Adds the products of one vector of each row.
#[inline(always)]
unsafe fn add<S: Simd, const R: usize, const C: usize, const WHOLE: bool>(
    simd: S,
    mask: pulp::MemMask<S::m32s>,
    (d, matrix, units): ([*const f32; R], *const f32, usize),
    at: usize,
    sums: &mut [[S::f32s; C]; R],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut numbers = [simd.splat_f32s(0.0); C];
        for c in 0..C {
            numbers[c] = load::<S, WHOLE>(simd, mask, matrix.add(c * units + at));
        }
        for r in 0..R {
            let d = load::<S, WHOLE>(simd, mask, d[r].add(at));
            for c in 0..C {
                sums[r][c] = simd.mul_add_f32s(d, numbers[c], sums[r][c]);
            }
        }
    }
}
