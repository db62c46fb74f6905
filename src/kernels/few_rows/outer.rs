//! `matrix = xᵀ · d`, each number written once.

use pulp::{Simd, WithSimd};

use crate::kernels::simd::{first_lanes, load, store};

/// Some rows of `xᵀ · d`.
pub(super) struct RowOuter<'a> {
    pub x: &'a [f32],
    /// Numbers of a row of x.
    pub input: usize,
    /// Which of them belongs to the first row of the matrix.
    pub first: usize,
    pub d: &'a [f32],
    /// Numbers of a row of d and of the matrix.
    pub units: usize,
    pub matrix: &'a mut [f32],
}

impl WithSimd for RowOuter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, input, first, d, units, ref matrix } = self;
        let last = first + matrix.len() / units;
        assert!(last <= input && x.len() * units == d.len() * input, "rows that don't fit");
        simd.vectorize(
            #[inline(always)]
            move || match self.units.div_ceil(S::F32_LANES) {
                1 if S::REGISTER_COUNT < 32 => self.rows::<S, 12, 1>(simd),
                1 => self.rows::<S, 24, 1>(simd),
                _ if S::REGISTER_COUNT < 32 => self.rows::<S, 6, 2>(simd),
                2 => self.rows::<S, 12, 2>(simd),
                3 => self.rows::<S, 8, 3>(simd),
                _ => self.rows::<S, 6, 4>(simd),
            },
        );
    }
}

impl RowOuter<'_> {
    /// All rows of the matrix, `R` at a time.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const V: usize>(mut self, simd: S) {
        let rows = self.matrix.len() / self.units;
        let mut row = 0;
        while row < rows {
            // SAFETY: `with_simd` found the rows of x and of d whole, and so many of the matrix are left.
            row += unsafe {
                match rows - row {
                    left if left >= R => self.columns::<S, R, V>(simd, row),
                    left if R > 12 && left >= 12 => self.columns::<S, 12, V>(simd, row),
                    left if R > 6 && left >= 6 => self.columns::<S, 6, V>(simd, row),
                    left if left >= 3 => self.columns::<S, 3, V>(simd, row),
                    _ => self.columns::<S, 1, V>(simd, row),
                }
            };
        }
    }

    /// All columns of `R` rows, the number of which it gives.
    #[inline(always)]
    unsafe fn columns<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        row: usize,
    ) -> usize {
        let lanes = S::F32_LANES;
        let mut column = 0;
        // SAFETY: the caller's promise, and so many columns are left.
        unsafe {
            while self.units - column >= V * lanes {
                self.tile::<S, R, V, true>(simd, (row, column), lanes);
                column += V * lanes;
            }
            let left = self.units - column;
            let last = |vectors: usize| left - (vectors - 1) * lanes;
            match left.div_ceil(lanes) {
                0 => {}
                1 => self.tile::<S, R, 1, false>(simd, (row, column), last(1)),
                2 => self.tile::<S, R, 2, false>(simd, (row, column), last(2)),
                3 => self.tile::<S, R, 3, false>(simd, (row, column), last(3)),
                _ => self.tile::<S, R, 4, false>(simd, (row, column), last(4)),
            }
        }
        R
    }

    /// `R` rows by `V` vectors, the last of which has `last` columns.
    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize, const V: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        (row, column): (usize, usize),
        last: usize,
    ) {
        let (lanes, mask) = (S::F32_LANES, first_lanes(simd, last));
        // SAFETY: the caller's promise; what lies beyond the last column is masked.
        unsafe {
            let mut x = self.x.as_ptr().add(self.first + row);
            let mut d = self.d.as_ptr().add(column);
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            for _ in 0..self.d.len() / self.units {
                let mut numbers = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    numbers[v] = if WHOLE || v + 1 < V {
                        load::<S, true>(simd, mask, d.add(v * lanes))
                    } else {
                        load::<S, false>(simd, mask, d.add(v * lanes))
                    };
                }
                for r in 0..R {
                    let factor = simd.splat_f32s(*x.add(r));
                    for v in 0..V {
                        sums[r][v] = simd.mul_add_f32s(factor, numbers[v], sums[r][v]);
                    }
                }
                (x, d) = (x.wrapping_add(self.input), d.wrapping_add(self.units));
            }
            let matrix = self.matrix.as_mut_ptr().add(row * self.units + column);
            for r in 0..R {
                for v in 0..V {
                    let to = matrix.add(r * self.units + v * lanes);
                    if WHOLE || v + 1 < V {
                        store::<S, true>(simd, mask, to, sums[r][v]);
                    } else {
                        store::<S, false>(simd, mask, to, sums[r][v]);
                    }
                }
            }
        }
    }
}
