//! `y += x · matrix`, the matrix read where it stands.

use pulp::{Simd, WithSimd};

use crate::kernels::simd::{first_lanes, load, prefetch, store};

/// Rows of the matrix that are worked on together: with the columns of a tile, they stay in the
/// nearest cache until all rows of x have met them.
const DEPTH: usize = 192;
/// The same where so few rows meet them that they are hardly read again.
const FLAT: usize = 16;
/// Columns of a matrix whose rows are a multiple of this many numbers apart are all in one set of the
/// cache, and no prefetcher follows them.
const PAGE: usize = 1024;

/// `y += x · matrix` for some columns of the matrix and of y.
pub(super) struct RowProduct<'a> {
    x: &'a [f32],
    input: usize,
    matrix: &'a [f32],
    /// How far apart the matrix's rows are.
    stride: usize,
    y: *mut f32,
    /// How far apart the rows of y are.
    y_stride: usize,
    columns: usize,
}

/// What a tile works on: rows of the matrix, from a column on, and rows of x.
#[derive(Clone, Copy)]
struct Tile {
    at: usize,
    depth: usize,
    column: usize,
    row: usize,
    /// Rows of x, and columns of the last vector.
    count: usize,
    last: usize,
}

impl<'a> RowProduct<'a> {
    /// The product for the first `columns` of the matrix and of y; each comes with how far apart its
    /// rows are.
    ///
    /// # Safety
    ///
    /// The matrix has a row for each of the `input` numbers of a row of x, y has as many rows as x,
    /// and nobody else reads or writes these columns of y meanwhile.
    pub(super) unsafe fn new(
        (x, input): (&'a [f32], usize),
        (matrix, stride): (&'a [f32], usize),
        (y, y_stride): (*mut f32, usize),
        columns: usize,
    ) -> Self {
        RowProduct { x, input, matrix, stride, y, y_stride, columns }
    }
}

impl WithSimd for RowProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        simd.vectorize(
            #[inline(always)]
            move || match S::REGISTER_COUNT {
                ..32 => self.blocks::<S, 4, 2>(simd),
                _ => self.blocks::<S, 8, 3>(simd),
            },
        );
    }
}

impl RowProduct<'_> {
    /// By tiles of up to `R` rows by `V` vectors.
    #[inline(always)]
    fn blocks<S: Simd, const R: usize, const V: usize>(self, simd: S) {
        let rows = self.x.len() / self.input;
        let depth = if rows < 4 { FLAT } else { DEPTH };
        for at in (0..self.input).step_by(depth) {
            let depth = depth.min(self.input - at);
            let mut column = 0;
            while column < self.columns {
                let left = self.columns - column;
                let vectors = left.div_ceil(S::F32_LANES).min(V);
                let last = (left - (vectors - 1) * S::F32_LANES).min(S::F32_LANES);
                let tile = Tile { at, depth, column, row: 0, count: 0, last };
                match vectors {
                    _ if vectors == V && last == S::F32_LANES => {
                        self.rows::<S, R, V, true>(simd, tile);
                    }
                    1 => self.rows::<S, R, 1, false>(simd, tile),
                    2 => self.rows::<S, R, 2, false>(simd, tile),
                    _ => self.rows::<S, R, V, false>(simd, tile),
                }
                column += vectors * S::F32_LANES;
            }
        }
    }

    /// All rows of x, `R` at a time.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const V: usize, const WHOLE: bool>(
        &self,
        simd: S,
        mut tile: Tile,
    ) {
        let rows = self.x.len() / self.input;
        while tile.row < rows {
            tile.count = R.min(rows - tile.row);
            // SAFETY: `new`'s caller promised that all rows and columns are there, and these are some.
            unsafe {
                match tile.count {
                    1 => self.tile::<S, 1, V, WHOLE, false>(simd, tile),
                    2 => self.tile::<S, 2, V, WHOLE, false>(simd, tile),
                    3 | 4 => self.tile::<S, 4, V, WHOLE, false>(simd, tile),
                    _ if WHOLE && tile.row == 0 && self.stride.is_multiple_of(PAGE) => {
                        self.tile::<S, R, V, WHOLE, true>(simd, tile);
                    }
                    _ => self.tile::<S, R, V, WHOLE, false>(simd, tile),
                }
            }
            tile.row += tile.count;
        }
    }

    /// `R` rows of x by `V` vectors; with `FETCH`, the next columns are asked for meanwhile.
    #[inline(always)]
    unsafe fn tile<
        S: Simd,
        const R: usize,
        const V: usize,
        const WHOLE: bool,
        const FETCH: bool,
    >(
        &self,
        simd: S,
        tile: Tile,
    ) {
        let Tile { at, depth, column, row, count, last } = tile;
        let (lanes, mask) = (S::F32_LANES, first_lanes(simd, last));
        // SAFETY: the caller's promise; what lies beyond the last column is masked.
        unsafe {
            // a tile of fewer rows works on its last one again
            let row = |r: usize| row + r.min(count - 1);
            let y: [*mut f32; R] =
                std::array::from_fn(|r| self.y.add(row(r) * self.y_stride + column));
            let mut x: [*const f32; R] =
                std::array::from_fn(|r| self.x.as_ptr().add(row(r) * self.input + at));
            let mut matrix = self.matrix.as_ptr().add(at * self.stride + column);
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            for r in 0..R {
                for v in 0..V {
                    sums[r][v] = if WHOLE || v + 1 < V {
                        load::<S, true>(simd, mask, y[r].add(v * lanes))
                    } else {
                        load::<S, false>(simd, mask, y[r].add(v * lanes))
                    };
                }
            }
            for _ in 0..depth {
                let mut numbers = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    numbers[v] = if WHOLE || v + 1 < V {
                        load::<S, true>(simd, mask, matrix.add(v * lanes))
                    } else {
                        load::<S, false>(simd, mask, matrix.add(v * lanes))
                    };
                    if FETCH {
                        prefetch(matrix.wrapping_add((V + v) * lanes));
                    }
                }
                for r in 0..R {
                    let factor = simd.splat_f32s(*x[r]);
                    for v in 0..V {
                        sums[r][v] = simd.mul_add_f32s(factor, numbers[v], sums[r][v]);
                    }
                    x[r] = x[r].wrapping_add(1);
                }
                matrix = matrix.wrapping_add(self.stride);
            }
            for r in 0..R {
                for v in 0..V {
                    if WHOLE || v + 1 < V {
                        store::<S, true>(simd, mask, y[r].add(v * lanes), sums[r][v]);
                    } else {
                        store::<S, false>(simd, mask, y[r].add(v * lanes), sums[r][v]);
                    }
                }
            }
        }
    }
}
