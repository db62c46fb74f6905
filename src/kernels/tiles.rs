//! The loops of products whose left matrix is read where it stands: tiles of positions by filters, or
//! of rows by filters (for a kernel's gradient), their sums in registers. The right matrix is packed
//! once, for all images or all time steps.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::matmul::SumStart;
use super::simd::{add_to, first_lanes, load, store};
use super::views::{Neighbours, OuterProduct, TilePlaces, rows};

/// Positions that are worked on together, so that what they read stays in the cache.
const POSITIONS: usize = 1024;

/// The vectors of filters that a tile takes where so many are left, with `registers` registers. Where
/// positions come by eight, tiles are `tall`: three vectors by eight or one by sixteen, in place of
/// four by six or two by twelve.
#[inline(always)]
fn vectors(left: usize, registers: usize, tall: bool) -> usize {
    match left {
        0..=1 => left,
        _ if registers < 32 => 2,
        _ if tall => {
            if left == 2 {
                1
            } else {
                3
            }
        }
        2 => 2,
        3 | 5 => 3,
        _ => 4,
    }
}

/// Packs a kernel of `rows` rows by `width` filters, each row at `start(row)` with its filters `step`
/// apart, as the tiles read it: blocks of filters, filled up by zeros.
pub(super) struct Pack<'a, F> {
    pub matrix: &'a [f32],
    pub rows: usize,
    pub width: usize,
    pub step: usize,
    /// As [`Multiply`] has it.
    pub tall: bool,
    pub start: F,
    pub packed: &'a mut [f32],
}

impl<F: Fn(usize) -> usize> WithSimd for Pack<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Pack { matrix, rows, width, step, tall, start, mut packed } = self;
        let mut first = 0;
        while first < width {
            let left = (width - first).div_ceil(S::F32_LANES);
            let vectors = vectors(left, S::REGISTER_COUNT, tall);
            let block = vectors * S::F32_LANES;
            let count = block.min(width - first);
            let (panel, rest) = std::mem::take(&mut packed).split_at_mut(rows * block);
            packed = rest;
            for (row, to) in panel.chunks_exact_mut(block).enumerate() {
                let from = &matrix[start(row) + first * step..];
                if step == 1 {
                    to[..count].copy_from_slice(&from[..count]);
                } else {
                    let from = from.iter().step_by(step);
                    to[..count].iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
                to[count..].fill(0.0);
            }
            first += block;
        }
    }
}

/// `y[out..][..width] = start + Σ x[base + from..] · kernel` for each position: one product after the
/// other is added to what it begins with, in the order of the runs, so that nothing depends on how tiles are cut.
pub(super) struct Multiply<'a> {
    pub x: &'a [f32],
    pub places: TilePlaces<'a>,
    pub runs: &'a [Neighbours],
    /// Runs that are worked on together.
    pub blocks: &'a [Range<usize>],
    /// Made by [`Pack`].
    pub packed: &'a [f32],
    pub rows: usize,
    pub width: usize,
    /// Where the number of positions is better cut by eight than by six.
    pub tall: bool,
    pub start: SumStart<'a>,
    pub y: &'a mut [f32],
}

/// An [`OuterProduct`] by tiles of rows by filters.
pub(super) struct Outer<'a>(pub OuterProduct<'a>);

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.places.check(self.x, self.runs, self.width, self.y.len());
        assert!(rows(self.runs) <= self.rows, "a row outside");
        if let SumStart::Row(row) = self.start {
            assert!(row.len() >= self.width, "a row that is too short");
        }
        let start = self.start;
        for first in (0..self.places.bases.len()).step_by(POSITIONS) {
            let positions = first..self.places.bases.len().min(first + POSITIONS);
            for (index, block) in self.blocks.iter().enumerate() {
                self.start = if index == 0 { start } else { SumStart::Held };
                let mut first = 0;
                while first < self.width {
                    let left = (self.width - first).div_ceil(S::F32_LANES);
                    let v = vectors(left, S::REGISTER_COUNT, self.tall);
                    let at = (first, positions.clone(), block.clone());
                    match v {
                        1 if S::REGISTER_COUNT < 32 => self.tiles::<S, 1, 12>(simd, at),
                        1 => self.tiles::<S, 1, 16>(simd, at),
                        2 if S::REGISTER_COUNT < 32 => self.tiles::<S, 2, 6>(simd, at),
                        2 => self.tiles::<S, 2, 12>(simd, at),
                        3 => self.tiles::<S, 3, 8>(simd, at),
                        _ => self.tiles::<S, 4, 6>(simd, at),
                    }
                    first += v * S::F32_LANES;
                }
            }
        }
    }
}

impl Multiply<'_> {
    /// Tiles of `P` positions by `V` vectors of filters, the first of which is `first`.
    #[inline(always)]
    fn tiles<S: Simd, const V: usize, const P: usize>(
        &mut self,
        simd: S,
        (first, positions, block): (usize, Range<usize>, Range<usize>),
    ) {
        simd.vectorize(
            #[inline(always)]
            || {
                let runs = &self.runs[block];
                let panel = &self.packed[first * self.rows..][..self.rows * V * S::F32_LANES];
                let whole = self.width - first >= V * S::F32_LANES;
                let mut at = positions.start;
                while at < positions.end {
                    let count = P.min(positions.end - at);
                    // SAFETY: `TilePlaces::check` found every view within x and every result within
                    // y, and the panel holds all rows; there are `count` positions from `at` on, one
                    // at least.
                    unsafe {
                        let (at, runs) = ((at, count), (runs, panel));
                        match count {
                            _ if whole && count == P => {
                                self.tile::<S, V, P, true>(simd, runs, first, at);
                            }
                            1 => self.tile::<S, V, 1, false>(simd, runs, first, at),
                            2 => self.tile::<S, V, 2, false>(simd, runs, first, at),
                            3 | 4 => self.tile::<S, V, 4, false>(simd, runs, first, at),
                            _ => self.tile::<S, V, P, false>(simd, runs, first, at),
                        }
                    }
                    at += count;
                }
            },
        );
    }

    #[inline(always)]
    unsafe fn tile<S: Simd, const V: usize, const P: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        (runs, panel): (&[Neighbours], &[f32]),
        first: usize,
        (at, count): (usize, usize),
    ) {
        let lanes = S::F32_LANES;
        let mask = first_lanes(simd, (self.width - first).min(V * lanes) - (V - 1) * lanes);
        // SAFETY: the caller's promise; what lies beyond the last filter is masked.
        unsafe {
            // a last tile of fewer positions works on its last one again
            let views: [*const f32; P] = std::array::from_fn(|p| {
                self.x.as_ptr().add(self.places.bases[at + p.min(count - 1)])
            });
            let mut sums = [[simd.splat_f32s(0.0); V]; P];
            if !matches!(self.start, SumStart::Zero) {
                for p in 0..P {
                    if WHOLE || p < count {
                        let from = match self.start {
                            SumStart::Row(row) => row.as_ptr(),
                            _ => self.y.as_ptr().add(self.places.outs[at + p]),
                        };
                        for v in 0..V {
                            let from = from.add(first + v * lanes);
                            sums[p][v] = if WHOLE || v + 1 < V {
                                load::<S, true>(simd, mask, from)
                            } else {
                                load::<S, false>(simd, mask, from)
                            };
                        }
                    }
                }
            }
            for run in runs {
                let mut kernel = panel.as_ptr().add(run.row * V * lanes);
                for i in run.from..run.from + run.length {
                    let row: [S::f32s; V] = std::array::from_fn(|v| {
                        kernel.add(v * lanes).cast::<S::f32s>().read_unaligned()
                    });
                    for p in 0..P {
                        let x = simd.splat_f32s(*views[p].add(i));
                        for v in 0..V {
                            sums[p][v] = simd.mul_add_f32s(x, row[v], sums[p][v]);
                        }
                    }
                    kernel = kernel.add(V * lanes);
                }
            }
            for p in 0..P {
                if WHOLE || p < count {
                    let y = self.y.as_mut_ptr().add(self.places.outs[at + p] + first);
                    for v in 0..V {
                        let y = y.add(v * lanes);
                        if WHOLE || v + 1 < V {
                            store::<S, true>(simd, mask, y, sums[p][v]);
                        } else {
                            store::<S, false>(simd, mask, y, sums[p][v]);
                        }
                    }
                }
            }
        }
    }
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.0.check();
        for first in (0..self.0.places.bases.len()).step_by(POSITIONS) {
            let positions = first..self.0.places.bases.len().min(first + POSITIONS);
            let mut first = 0;
            while first < self.0.width {
                let left = (self.0.width - first).div_ceil(S::F32_LANES);
                let v = vectors(left, S::REGISTER_COUNT, false);
                let at = (first, positions.clone());
                match v {
                    1 if S::REGISTER_COUNT < 32 => self.tiles::<S, 1, 12>(simd, at),
                    1 => self.tiles::<S, 1, 24>(simd, at),
                    2 if S::REGISTER_COUNT < 32 => self.tiles::<S, 2, 6>(simd, at),
                    2 => self.tiles::<S, 2, 12>(simd, at),
                    3 => self.tiles::<S, 3, 8>(simd, at),
                    _ => self.tiles::<S, 4, 6>(simd, at),
                }
                first += v * S::F32_LANES;
            }
        }
    }
}

impl Outer<'_> {
    /// Tiles of up to `R` rows by `V` vectors of filters, the first of which is `first`.
    #[inline(always)]
    fn tiles<S: Simd, const V: usize, const R: usize>(
        &mut self,
        simd: S,
        (first, positions): (usize, Range<usize>),
    ) {
        simd.vectorize(
            #[inline(always)]
            || {
                for index in 0..self.0.runs.len() {
                    let Neighbours { mut from, mut row, length } = self.0.runs[index];
                    let end = from + length;
                    while from < end {
                        let at = (first, positions.clone(), from, row);
                        // SAFETY: `OuterProduct::check` found every view within x, every gradient
                        // within d and all rows within the kernel; so many rows of this run are left.
                        let count = unsafe {
                            match end - from {
                                left if left >= R => self.tile::<S, V, R>(simd, at),
                                left if R > 12 && left >= 12 => self.tile::<S, V, 12>(simd, at),
                                left if R > 6 && left >= 6 => self.tile::<S, V, 6>(simd, at),
                                left if left >= 3 => self.tile::<S, V, 3>(simd, at),
                                _ => self.tile::<S, V, 1>(simd, at),
                            }
                        };
                        from += count;
                        row += count;
                    }
                }
            },
        );
    }

    /// `R` rows; gives their number.
    #[inline(always)]
    unsafe fn tile<S: Simd, const V: usize, const R: usize>(
        &mut self,
        simd: S,
        (first, positions, from, row): (usize, Range<usize>, usize, usize),
    ) -> usize {
        let lanes = S::F32_LANES;
        let last = (self.0.width - first).min(V * lanes) - (V - 1) * lanes;
        let mask = first_lanes(simd, last);
        // SAFETY: the caller's promise; what lies beyond the last filter is masked.
        unsafe {
            let (x, d) = (self.0.x.as_ptr().add(from), self.0.d.as_ptr().add(first));
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            for p in positions {
                let (x, d) = (x.add(self.0.places.bases[p]), d.add(self.0.places.outs[p]));
                let d: [S::f32s; V] = std::array::from_fn(|v| {
                    let d = d.add(v * lanes);
                    if v + 1 < V {
                        load::<S, true>(simd, mask, d)
                    } else {
                        load::<S, false>(simd, mask, d)
                    }
                });
                for r in 0..R {
                    let x = simd.splat_f32s(*x.add(r));
                    for v in 0..V {
                        sums[r][v] = simd.mul_add_f32s(x, d[v], sums[r][v]);
                    }
                }
            }
            for r in 0..R {
                let kernel = self.0.kernel.as_mut_ptr().add((row + r) * self.0.stride + first);
                for v in 0..V {
                    let to = kernel.add(v * lanes);
                    if v + 1 < V {
                        add_to::<S, true>(simd, mask, to, sums[r][v]);
                    } else {
                        add_to::<S, false>(simd, mask, to, sums[r][v]);
                    }
                }
            }
        }
        R
    }
}
