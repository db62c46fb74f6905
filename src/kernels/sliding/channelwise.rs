//! The loops of a depthwise convolution: each channel by itself, channels side by side in a vector.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use pulp::{MemMask, Simd, WithSimd};

use super::sight::{SeenByTap, Sight};
use crate::kernels::matmul::SumStart;
use crate::kernels::simd::{add_to, first_lanes, load, store};

/// Positions of a tile.
const TILE: usize = 8;

/// Panics unless every view lies within `x` and every result within `length`: what is unsafe below
/// rests on it.
fn check(sight: &Sight, channels: usize, x: &[f32], kernel: &[f32], length: usize) {
    let Sight { bases, outs, seen } = sight;
    let reach = seen.iter().map(|seen| seen.from + channels).max().unwrap_or(0);
    let farthest = bases.iter().max().map_or(0, |base| base + reach);
    let last = outs.iter().max().map_or(0, |out| out + channels);
    let rows = seen.iter().map(|seen| (seen.tap + 1) * channels).max().unwrap_or(0);
    assert!(bases.len() == outs.len() && farthest <= x.len(), "a view outside");
    assert!(last <= length && rows <= kernel.len(), "a result or a tap outside");
}

/// `y[out + c] = start + Σ x[base + from + c] · kernel[tap, c]` for each position.
pub(super) struct MultiplyChannels<'a> {
    pub x: &'a [f32],
    pub sight: &'a Sight,
    pub channels: usize,
    /// (taps, channels)
    pub kernel: &'a [f32],
    pub start: SumStart<'a>,
    pub y: &'a mut [f32],
}

impl WithSimd for MultiplyChannels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        check(self.sight, self.channels, self.x, self.kernel, self.y.len());
        if let SumStart::Row(row) = self.start {
            assert!(row.len() >= self.channels, "a row that is too short");
        }
        let whole = self.channels / S::F32_LANES * S::F32_LANES;
        let mask = first_lanes(simd, self.channels - whole);
        let Sight { bases, outs, .. } = self.sight;
        for (bases, outs) in bases.chunks(TILE).zip(outs.chunks(TILE)) {
            // a last tile of fewer positions reads its last one again
            let views: [usize; TILE] = std::array::from_fn(|p| bases[p.min(bases.len() - 1)]);
            // SAFETY: `check` found what each tap sees within x, taps within the kernel and results
            // within y, up to the last channel, beyond which the mask reads and writes nothing.
            unsafe {
                for first in (0..whole).step_by(S::F32_LANES) {
                    self.tile::<S, true>(simd, mask, first, (&views, outs));
                }
                if whole < self.channels {
                    self.tile::<S, false>(simd, mask, whole, (&views, outs));
                }
            }
        }
    }
}

impl MultiplyChannels<'_> {
    /// A vector of channels, the first of which is `first`, at some positions.
    #[inline(always)]
    unsafe fn tile<S: Simd, const WHOLE: bool>(
        &mut self,
        simd: S,
        mask: MemMask<S::m32s>,
        first: usize,
        (views, outs): (&[usize; TILE], &[usize]),
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let (x, kernel) = (self.x.as_ptr().add(first), self.kernel.as_ptr().add(first));
            let y = self.y.as_mut_ptr().add(first);
            let mut sums = [simd.splat_f32s(0.0); TILE];
            for SeenByTap { tap, from } in &self.sight.seen {
                let factor = load::<S, WHOLE>(simd, mask, kernel.add(tap * self.channels));
                for p in 0..TILE {
                    let x = load::<S, WHOLE>(simd, mask, x.add(views[p] + from));
                    sums[p] = simd.mul_add_f32s(x, factor, sums[p]);
                }
            }
            for p in 0..TILE {
                if p < outs.len() {
                    let y = y.add(outs[p]);
                    match self.start {
                        SumStart::Zero => store::<S, WHOLE>(simd, mask, y, sums[p]),
                        SumStart::Held => add_to::<S, WHOLE>(simd, mask, y, sums[p]),
                        SumStart::Row(row) => {
                            let row = load::<S, WHOLE>(simd, mask, row.as_ptr().add(first));
                            store::<S, WHOLE>(simd, mask, y, simd.add_f32s(row, sums[p]));
                        }
                    }
                }
            }
        }
    }
}

/// `kernel[tap, c] += Σ x[base + from + c] · d[out + c]` over all positions.
pub(super) struct OuterChannels<'a> {
    pub x: &'a [f32],
    pub sight: &'a Sight,
    pub channels: usize,
    pub d: &'a [f32],
    /// (taps, channels)
    pub kernel: &'a mut [f32],
}

impl WithSimd for OuterChannels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        check(self.sight, self.channels, self.x, self.kernel, self.d.len());
        let seen = &self.sight.seen;
        let mut rest = &seen[..];
        while !rest.is_empty() {
            // SAFETY: as many taps are left; `check` found the rest.
            let taps = unsafe {
                match rest.len() {
                    9.. => self.taps::<S, 9>(simd, rest),
                    5.. => self.taps::<S, 5>(simd, rest),
                    3.. => self.taps::<S, 3>(simd, rest),
                    _ => self.taps::<S, 1>(simd, rest),
                }
            };
            rest = &rest[taps..];
        }
    }
}

impl OuterChannels<'_> {
    /// The first `T` taps of `seen`; gives their number.
    #[inline(always)]
    unsafe fn taps<S: Simd, const T: usize>(&mut self, simd: S, seen: &[SeenByTap]) -> usize {
        let whole = self.channels / S::F32_LANES * S::F32_LANES;
        let mask = first_lanes(simd, self.channels - whole);
        // SAFETY: the caller's promise; beyond the last channel the mask reads and writes nothing.
        unsafe {
            let seen: [SeenByTap; T] = std::array::from_fn(|t| *seen.get_unchecked(t));
            for first in (0..whole).step_by(S::F32_LANES) {
                self.channels::<S, T, true>(simd, mask, first, &seen);
            }
            if whole < self.channels {
                self.channels::<S, T, false>(simd, mask, whole, &seen);
            }
        }
        T
    }

    /// A vector of channels, the first of which is `first`.
    #[inline(always)]
    unsafe fn channels<S: Simd, const T: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        mask: MemMask<S::m32s>,
        first: usize,
        seen: &[SeenByTap; T],
    ) {
        let Sight { bases, outs, .. } = self.sight;
        // SAFETY: the caller's promise.
        unsafe {
            let (x, d) = (self.x.as_ptr().add(first), self.d.as_ptr().add(first));
            let kernel = self.kernel.as_mut_ptr().add(first);
            let mut sums = [simd.splat_f32s(0.0); T];
            for (base, out) in bases.iter().zip(outs) {
                let d = load::<S, WHOLE>(simd, mask, d.add(*out));
                for t in 0..T {
                    let x = load::<S, WHOLE>(simd, mask, x.add(base + seen[t].from));
                    sums[t] = simd.mul_add_f32s(x, d, sums[t]);
                }
            }
            for t in 0..T {
                let to = kernel.add(seen[t].tap * self.channels);
                add_to::<S, WHOLE>(simd, mask, to, sums[t]);
            }
        }
    }
}
