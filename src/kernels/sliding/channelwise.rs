//! The loops of a depthwise convolution: each channel by itself, channels side by side in a vector.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // sums in registers are one place for each of several indices

use pulp::{Simd, WithSimd};

use super::sight::{SeenByTap, Sight};

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

/// `y[out + c] += Σ x[base + from + c] · kernel[tap, c]` for each position.
pub(super) struct MultiplyChannels<'a> {
    pub x: &'a [f32],
    pub sight: &'a Sight,
    pub channels: usize,
    /// (taps, channels)
    pub kernel: &'a [f32],
    pub y: &'a mut [f32],
}

impl WithSimd for MultiplyChannels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        check(self.sight, self.channels, self.x, self.kernel, self.y.len());
        let lanes = S::F32_LANES;
        let whole = self.channels / lanes * lanes;
        let mask = simd.mask_between_m32s(0, (self.channels - whole) as u32);
        let (x, kernel, y) = (self.x.as_ptr(), self.kernel.as_ptr(), self.y.as_mut_ptr());
        let Sight { bases, outs, seen } = self.sight;
        for (bases, outs) in bases.chunks(TILE).zip(outs.chunks(TILE)) {
            // a last tile of fewer positions reads its last one again
            let views: [usize; TILE] = std::array::from_fn(|p| bases[p.min(bases.len() - 1)]);
            // SAFETY: `check` found what each tap sees within x, taps within the kernel and results
            // within y; beyond the last channel the mask reads and writes nothing.
            unsafe {
                for first in (0..whole).step_by(lanes) {
                    let mut sums = [simd.splat_f32s(0.0); TILE];
                    for SeenByTap { tap, from } in seen {
                        let at = tap * self.channels + first;
                        let factor = kernel.add(at).cast::<S::f32s>().read_unaligned();
                        for p in 0..TILE {
                            let x = x.add(views[p] + from + first).cast::<S::f32s>();
                            sums[p] = simd.mul_add_f32s(x.read_unaligned(), factor, sums[p]);
                        }
                    }
                    if outs.len() == TILE {
                        for p in 0..TILE {
                            let y = y.add(outs[p] + first).cast::<S::f32s>();
                            y.write_unaligned(simd.add_f32s(y.read_unaligned(), sums[p]));
                        }
                    } else {
                        let sums = sums; // a copy, so that the sums above stay in registers
                        for (out, sum) in outs.iter().zip(&sums) {
                            let y = y.add(out + first).cast::<S::f32s>();
                            y.write_unaligned(simd.add_f32s(y.read_unaligned(), *sum));
                        }
                    }
                }
                if whole < self.channels {
                    for (view, out) in bases.iter().zip(outs) {
                        let y = y.add(out + whole);
                        let mut sum = simd.mask_load_ptr_f32s(mask, y);
                        for SeenByTap { tap, from } in seen {
                            let at = tap * self.channels + whole;
                            let factor = simd.mask_load_ptr_f32s(mask, kernel.add(at));
                            let x = simd.mask_load_ptr_f32s(mask, x.add(view + from + whole));
                            sum = simd.mul_add_f32s(x, factor, sum);
                        }
                        simd.mask_store_ptr_f32s(mask, y, sum);
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
        let lanes = S::F32_LANES;
        let (channels, sight) = (self.channels, self.sight);
        let places = || sight.bases.iter().zip(&sight.outs);
        // SAFETY: the caller's promise; beyond the last channel the mask reads and writes nothing.
        unsafe {
            let seen: [SeenByTap; T] = std::array::from_fn(|t| *seen.get_unchecked(t));
            let (x, d, kernel) = (self.x.as_ptr(), self.d.as_ptr(), self.kernel.as_mut_ptr());
            let whole = channels / lanes * lanes;
            for first in (0..whole).step_by(lanes) {
                let mut sums = [simd.splat_f32s(0.0); T];
                for (base, out) in places() {
                    let d = d.add(out + first).cast::<S::f32s>().read_unaligned();
                    let x = x.add(base + first);
                    for t in 0..T {
                        let x = x.add(seen[t].from).cast::<S::f32s>().read_unaligned();
                        sums[t] = simd.mul_add_f32s(x, d, sums[t]);
                    }
                }
                for t in 0..T {
                    let to = kernel.add(seen[t].tap * channels + first).cast::<S::f32s>();
                    to.write_unaligned(simd.add_f32s(to.read_unaligned(), sums[t]));
                }
            }
            if whole < channels {
                let mask = simd.mask_between_m32s(0, (channels - whole) as u32);
                let mut sums = [simd.splat_f32s(0.0); T];
                for (base, out) in places() {
                    let d = simd.mask_load_ptr_f32s(mask, d.add(out + whole));
                    let x = x.add(base + whole);
                    for t in 0..T {
                        let x = simd.mask_load_ptr_f32s(mask, x.add(seen[t].from));
                        sums[t] = simd.mul_add_f32s(x, d, sums[t]);
                    }
                }
                for t in 0..T {
                    let to = kernel.add(seen[t].tap * channels + whole);
                    let before = simd.mask_load_ptr_f32s(mask, to);
                    simd.mask_store_ptr_f32s(mask, to, simd.add_f32s(before, sums[t]));
                }
            }
        }
        T
    }
}
