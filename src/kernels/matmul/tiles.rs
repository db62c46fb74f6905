//! The loops of a product: tiles of rows by columns, their sums in registers. The left matrix is read
//! where it stands. Of the right one a few columns are packed at a time, for all rows to meet them
//! while they are in the nearest cache.

#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::matrix::{MatrixRef, SumStart};
use crate::kernels::simd::{first_lanes, load, prefetch_far, store};
use crate::kernels::turned;
use crate::numeric::simd::LINE;

/// The most rows of the right matrix that are packed together.
const DEPTH: usize = 256;
/// The most columns: four vectors of the widest registers.
pub(super) const WIDTH: usize = 64;
/// Steps of a tile's loop at a time: what counts them takes the place of other work.
const STEPS: usize = 4;

/// A part of the right matrix, row after row, each filled up to whole vectors.
#[repr(align(64))]
struct PackedColumns([f32; DEPTH * WIDTH]);

thread_local! {
    static PANEL: RefCell<Box<PackedColumns>> = RefCell::new(Box::new(PackedColumns([0.0; DEPTH * WIDTH])));
}

/// `c = start + a · b` on one thread: each number is summed in the order of b's rows.
pub(super) struct Tiles<'a> {
    a: MatrixRef<'a>,
    b: MatrixRef<'a>,
    c: *mut f32,
    c_stride: usize,
    start: SumStart<'a>,
}

/// What will be packed next: rows of lines of the cache, which need not lie within a slice.
#[derive(Clone, Copy)]
struct Soon {
    from: *const f32,
    /// How far apart the rows begin.
    stride: usize,
    rows: usize,
    lines: usize,
}

/// What a tile works on: rows of b, columns of b and c, rows of a and c.
#[derive(Clone, Copy)]
struct TilePart {
    at: usize,
    depth: usize,
    column: usize,
    row: usize,
    /// Rows, and columns of the last vector.
    count: usize,
    last: usize,
}

impl<'a> Tiles<'a> {
    /// The product of two matrices, each with neighbours in its rows or in its columns.
    ///
    /// # Safety
    ///
    /// The matrices lie within their slices and fit, a row that the sums begin with is as long as b's,
    /// and c points to `a.rows` rows of `b.columns` numbers, `c_stride` apart, that nobody else reads or
    /// writes meanwhile.
    pub(super) unsafe fn new(
        a: MatrixRef<'a>,
        b: MatrixRef<'a>,
        (c, c_stride): (*mut f32, usize),
        start: SumStart<'a>,
    ) -> Self {
        Tiles { a, b, c, c_stride, start }
    }
}

impl WithSimd for Tiles<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        PANEL.with_borrow_mut(|panel| {
            simd.vectorize(
                #[inline(always)]
                move || {
                    if self.a.column_stride == 1 {
                        self.panels::<S, true>(simd, panel);
                    } else {
                        assert!(self.a.row_stride == 1, "a matrix without neighbours");
                        self.panels::<S, false>(simd, panel);
                    }
                },
            );
        });
    }
}

impl Tiles<'_> {
    /// The whole product; `ALONG` where a has neighbours in its rows.
    #[inline(always)]
    fn panels<S: Simd, const ALONG: bool>(self, simd: S, panel: &mut PackedColumns) {
        let (lanes, is_wide) = (S::F32_LANES, S::REGISTER_COUNT >= 32);
        let MatrixRef { rows, columns, .. } = self.b;
        let blocks = rows.div_ceil(DEPTH).max(1);
        let most = rows.div_ceil(blocks).next_multiple_of(STEPS).clamp(1, DEPTH);
        let mut at = 0;
        loop {
            let depth = most.min(rows - at);
            let mut column = 0;
            while column < columns {
                let vectors = match (columns - column).div_ceil(lanes) {
                    1 => 1,
                    2 => 2,
                    3 | 5 if is_wide => 3,
                    _ if is_wide => 4,
                    _ => 2,
                };
                let width = (columns - column).min(vectors * lanes);
                let last = width - (vectors - 1) * lanes;
                let part = TilePart { at, depth, column, row: 0, count: 0, last };
                let packed = self.pack(panel, part, (width, vectors * lanes));
                let widest = if is_wide { 4 } else { 2 } * lanes;
                let packed = (packed, self.soon((at, depth), column + width, widest));
                match vectors {
                    1 if is_wide => self.rows::<S, 16, 1, ALONG>(simd, packed, part),
                    1 => self.rows::<S, 12, 1, ALONG>(simd, packed, part),
                    2 if is_wide => self.rows::<S, 12, 2, ALONG>(simd, packed, part),
                    2 => self.rows::<S, 6, 2, ALONG>(simd, packed, part),
                    3 => self.rows::<S, 8, 3, ALONG>(simd, packed, part),
                    _ => self.rows::<S, 6, 4, ALONG>(simd, packed, part),
                }
                column += width;
            }
            at += depth;
            if at >= rows {
                break;
            }
        }
    }

    /// What comes after some columns: the next ones, `widest` at most, or the first ones further down.
    #[inline(always)]
    fn soon(&self, (at, depth): (usize, usize), column: usize, widest: usize) -> Soon {
        let MatrixRef { values, row_stride, column_stride, rows, columns } = self.b;
        let (at, column) = if column < columns { (at, column) } else { (at + depth, 0) };
        let from = values.as_ptr().wrapping_add(at * row_stride + column * column_stride);
        let (depth, width) = (depth.min(rows - at), widest.min(columns - column));
        if column_stride == 1 {
            Soon { from, stride: row_stride, rows: depth, lines: width.div_ceil(LINE) }
        } else {
            Soon { from, stride: column_stride, rows: width, lines: depth.div_ceil(LINE) }
        }
    }

    /// Packs `width` columns, filled up to `whole`.
    #[inline(always)]
    fn pack<'p>(
        &self,
        panel: &'p mut PackedColumns,
        part: TilePart,
        (width, whole): (usize, usize),
    ) -> &'p [f32] {
        let TilePart { at, depth, column, .. } = part;
        let panel = &mut panel.0[..depth * whole];
        if panel.is_empty() {
            return panel;
        }
        let MatrixRef { values, row_stride, column_stride, .. } = self.b;
        let from = &values[at * row_stride + column * column_stride..];
        if column_stride == 1 {
            for (row, to) in panel.chunks_exact_mut(whole).enumerate() {
                let from = &from[row * row_stride..][..width];
                if let (Some(to), Some(from)) = (to.first_chunk_mut(), from.first_chunk::<WIDTH>())
                {
                    *to = *from;
                } else {
                    to[..width].copy_from_slice(from);
                    to[width..].fill(0.0);
                }
            }
        } else {
            assert!(row_stride == 1, "a matrix without neighbours");
            if width < whole {
                panel.fill(0.0);
            }
            turned::part((from, column_stride), (width, depth), (panel, whole));
        }
        panel
    }

    /// All rows, `R` at a time.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const V: usize, const ALONG: bool>(
        &self,
        simd: S,
        (panel, mut soon): (&[f32], Soon),
        mut part: TilePart,
    ) {
        let share = part.depth / STEPS / soon.lines.max(1);
        let is_whole = part.last == S::F32_LANES;
        while part.row < self.a.rows {
            part.count = R.min(self.a.rows - part.row);
            let panel = (panel, Soon { rows: share.min(soon.rows), ..soon });
            // SAFETY: `new`'s caller promised that all rows and columns are there, and these are some.
            unsafe {
                match part.count {
                    count if count == R && is_whole => {
                        self.tile::<S, R, V, ALONG, true>(simd, panel, part);
                    }
                    1 => self.tile::<S, 1, V, ALONG, false>(simd, panel, part),
                    2 => self.tile::<S, 2, V, ALONG, false>(simd, panel, part),
                    3 | 4 => self.tile::<S, 4, V, ALONG, false>(simd, panel, part),
                    _ => self.tile::<S, R, V, ALONG, false>(simd, panel, part),
                }
            }
            part.row += part.count;
            soon.from = soon.from.wrapping_add(share * soon.stride);
            soon.rows = soon.rows.saturating_sub(share);
        }
    }

    /// `R` rows by `V` vectors.
    #[inline(always)]
    unsafe fn tile<
        S: Simd,
        const R: usize,
        const V: usize,
        const ALONG: bool,
        const WHOLE: bool,
    >(
        &self,
        simd: S,
        (panel, soon): (&[f32], Soon),
        part: TilePart,
    ) {
        let TilePart { at, depth, column, row, count, last } = part;
        let (lanes, mask) = (S::F32_LANES, first_lanes(simd, last));
        let MatrixRef { values, row_stride, column_stride, .. } = self.a;
        // SAFETY: the caller's promise; what lies beyond the last column is masked.
        unsafe {
            // a tile of fewer rows works on its last one again
            let row = |r: usize| if WHOLE { row + r } else { row + r.min(count - 1) };
            let mut a: [*const f32; R] = std::array::from_fn(|r| {
                values.as_ptr().add(row(r) * row_stride + at * column_stride)
            });
            let c: [*mut f32; R] =
                std::array::from_fn(|r| self.c.add(row(r) * self.c_stride + column));
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            let begin = match self.start {
                _ if at > 0 => SumStart::Held,
                start => start,
            };
            if begin != SumStart::Zero {
                for r in 0..R {
                    let from = match begin {
                        SumStart::Row(row) => row.as_ptr().add(column),
                        _ => c[r].cast_const(),
                    };
                    for v in 0..V {
                        sums[r][v] = if WHOLE || v + 1 < V {
                            load::<S, true>(simd, mask, from.add(v * lanes))
                        } else {
                            load::<S, false>(simd, mask, from.add(v * lanes))
                        };
                    }
                }
            }
            let mut panel = panel.as_ptr();
            macro_rules! steps {
                ($count:expr) => {
                    for step in 0..$count {
                        let mut numbers = [simd.splat_f32s(0.0); V];
                        for v in 0..V {
                            let at = panel.add((step * V + v) * lanes);
                            numbers[v] = at.cast::<S::f32s>().read_unaligned();
                        }
                        for r in 0..R {
                            // neighbours of one pointer where they are neighbours
                            let (from, next) = if WHOLE && !ALONG { (a[0], r) } else { (a[r], 0) };
                            let along = if ALONG { step } else { step * column_stride };
                            let factor = simd.splat_f32s(*from.add(along + next));
                            for v in 0..V {
                                sums[r][v] = simd.mul_add_f32s(factor, numbers[v], sums[r][v]);
                            }
                        }
                    }
                    panel = panel.add($count * V * lanes);
                    for r in 0..R {
                        a[r] = a[r].wrapping_add($count * if ALONG { 1 } else { column_stride });
                    }
                };
            }
            let mut from = soon.from;
            for _ in 0..soon.rows {
                for line in 0..soon.lines {
                    prefetch_far(from.wrapping_add(line * LINE));
                    steps!(STEPS);
                }
                from = from.wrapping_add(soon.stride);
            }
            for _ in 0..depth / STEPS - soon.rows * soon.lines {
                steps!(STEPS);
            }
            for _ in 0..depth % STEPS {
                steps!(1);
            }
            for r in 0..R {
                for v in 0..V {
                    if WHOLE || v + 1 < V {
                        store::<S, true>(simd, mask, c[r].add(v * lanes), sums[r][v]);
                    } else {
                        store::<S, false>(simd, mask, c[r].add(v * lanes), sums[r][v]);
                    }
                }
            }
        }
    }
}
