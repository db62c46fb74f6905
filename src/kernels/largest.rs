//! The loops of max pooling: the largest of what each output sees, and where its gradient goes.

#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop)] // registers are one place for each of several indices

use pulp::{Arch, MemMask, Simd, WithSimd};

use super::pool_windows::PoolWindows;
use super::simd::{add_to, first_lanes, load, store};

/// The number of an input among those that an output sees.
pub(super) trait TapNumber: Copy + Send + Sync {
    fn of(number: u32) -> Self;
    fn number(self) -> u32;
}

impl TapNumber for u8 {
    #[inline(always)]
    fn of(number: u32) -> u8 {
        number as u8
    }

    #[inline(always)]
    fn number(self) -> u32 {
        self.into()
    }
}

impl TapNumber for u32 {
    #[inline(always)]
    fn of(number: u32) -> u32 {
        number
    }

    #[inline(always)]
    fn number(self) -> u32 {
        self
    }
}

/// Lanes of the widest registers.
const LANES: usize = 16;
/// Vectors of channels that are worked on together.
const TOGETHER: usize = 4;

/// The largest numbers of an image, and which of what each output sees they are.
pub(super) fn max_of<T: TapNumber>(
    windows: &PoolWindows,
    x: &[f32],
    y: &mut [f32],
    largest: &mut [T],
) {
    Arch::new().dispatch(LargestSeen { windows, x, y, largest });
}

/// The gradients of an image: for each number the sum of those of the outputs that it is.
pub(super) fn gradient_of_max<T: TapNumber>(
    windows: &PoolWindows,
    dy: &[f32],
    largest: &[T],
    dx: &mut [f32],
) {
    Arch::new().dispatch(LargestGradient { windows, dy, largest, dx });
}

/// `y` is the largest of what each output sees, the first of those that are equal, and `largest` which
/// of them it is. A number that is none is larger than any.
struct LargestSeen<'a, T> {
    windows: &'a PoolWindows,
    x: &'a [f32],
    y: &'a mut [f32],
    largest: &'a mut [T],
}

/// `dx` is the sum of the `dy` of the outputs of which an input was the largest.
struct LargestGradient<'a, T> {
    windows: &'a PoolWindows,
    dy: &'a [f32],
    largest: &'a [T],
    dx: &'a mut [f32],
}

impl<T: TapNumber> WithSimd for LargestSeen<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (windows, channels) = (self.windows, self.windows.channels);
        windows.check(self.x.len(), self.y.len().min(self.largest.len()));
        let lanes = S::F32_LANES;
        let whole = channels / lanes * lanes;
        let mask = first_lanes(simd, channels - whole);
        simd.vectorize(
            #[inline(always)]
            || {
                windows.each_seen(
                    #[inline(always)]
                    |position, seen| {
                        let (out, mut first) = (position * channels, 0);
                        // SAFETY: `check` found all inputs within x and all outputs within y and
                        // largest, up to the last channel, beyond which the mask reads and writes
                        // nothing.
                        unsafe {
                            while whole - first >= TOGETHER * lanes {
                                self.block::<S, TOGETHER, true>(simd, mask, (seen, out, first));
                                first += TOGETHER * lanes;
                            }
                            while first < whole {
                                self.block::<S, 1, true>(simd, mask, (seen, out, first));
                                first += lanes;
                            }
                            if whole < channels {
                                self.block::<S, 1, false>(simd, mask, (seen, out, first));
                            }
                        }
                    },
                );
            },
        );
    }
}

impl<T: TapNumber> LargestSeen<'_, T> {
    /// `V` vectors of channels, the first of which is `first`, of the output at `out`.
    #[inline(always)]
    unsafe fn block<S: Simd, const V: usize, const WHOLE: bool>(
        &mut self,
        simd: S,
        mask: MemMask<S::m32s>,
        (seen, out, first): (&[usize], usize, usize),
    ) {
        let lanes = S::F32_LANES;
        let mut best = [simd.splat_f32s(f32::NEG_INFINITY); V];
        let mut numbers = [simd.splat_u32s(0); V];
        // SAFETY: the caller's promise.
        unsafe {
            for (tap, from) in (0..).zip(seen) {
                let (x, tap) = (self.x.as_ptr().add(from + first), simd.splat_u32s(tap));
                for v in 0..V {
                    let x = load::<S, WHOLE>(simd, mask, x.add(v * lanes));
                    let (is_larger, is_number) =
                        (simd.greater_than_f32s(x, best[v]), simd.equal_f32s(x, x));
                    let number = simd.select_u32s(is_larger, tap, numbers[v]);
                    numbers[v] = simd.select_u32s(is_number, number, tap);
                    let larger = simd.select_f32s(is_larger, x, best[v]);
                    best[v] = simd.select_f32s(is_number, larger, x);
                }
            }
            let count = if WHOLE { lanes } else { self.windows.channels - first };
            for v in 0..V {
                let at = out + first + v * lanes;
                store::<S, WHOLE>(simd, mask, self.y.as_mut_ptr().add(at), best[v]);
                let mut all = [0; LANES];
                all.as_mut_ptr().cast::<S::u32s>().write_unaligned(numbers[v]);
                let to = self.largest.as_mut_ptr().add(at);
                for lane in 0..count {
                    to.add(lane).write(T::of(all[lane]));
                }
            }
        }
    }
}

impl<T: TapNumber> WithSimd for LargestGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let windows = self.windows;
        windows.check(self.dx.len(), self.dy.len().min(self.largest.len()));
        if windows.see_each_once() {
            return self.outputs::<S, false>(simd);
        }
        self.dx.fill(0.0);
        self.outputs::<S, true>(simd);
    }
}

impl<T: TapNumber> LargestGradient<'_, T> {
    /// All outputs, whose gradients are added to what is there, or written.
    #[inline(always)]
    fn outputs<S: Simd, const ADD: bool>(&mut self, simd: S) {
        let (windows, channels) = (self.windows, self.windows.channels);
        let lanes = S::F32_LANES;
        let whole = channels / lanes * lanes;
        let mask = first_lanes(simd, channels - whole);
        simd.vectorize(
            #[inline(always)]
            || {
                windows.each_seen(
                    #[inline(always)]
                    |position, seen| {
                        let out = position * channels;
                        // SAFETY: `check` found all inputs within dx and all outputs within dy and
                        // largest, up to the last channel.
                        unsafe {
                            for first in (0..whole).step_by(lanes) {
                                self.block::<S, ADD, true>(simd, mask, (seen, out, first));
                            }
                            if whole < channels {
                                self.block::<S, ADD, false>(simd, mask, (seen, out, whole));
                            }
                        }
                    },
                );
            },
        );
    }

    /// A vector of channels, the first of which is `first`, of the output at `out`.
    #[inline(always)]
    unsafe fn block<S: Simd, const ADD: bool, const WHOLE: bool>(
        &mut self,
        simd: S,
        mask: MemMask<S::m32s>,
        (seen, out, first): (&[usize], usize, usize),
    ) {
        let count = if WHOLE { S::F32_LANES } else { self.windows.channels - first };
        // SAFETY: the caller's promise.
        unsafe {
            let (dy, zero) = (self.dy.as_ptr().add(out + first), simd.splat_f32s(0.0));
            let dy = simd.add_f32s(zero, load::<S, WHOLE>(simd, mask, dy)); // no zero below 0
            let (from, mut all) = (self.largest.as_ptr().add(out + first), [0; LANES]);
            for lane in 0..count {
                all[lane] = from.add(lane).read().number();
            }
            let numbers = all.as_ptr().cast::<S::u32s>().read_unaligned();
            for (tap, from) in (0..).zip(seen) {
                let is_largest = simd.equal_u32s(numbers, simd.splat_u32s(tap));
                let gradient = simd.select_f32s(is_largest, dy, zero);
                let dx = self.dx.as_mut_ptr().add(from + first);
                if ADD {
                    add_to::<S, WHOLE>(simd, mask, dx, gradient);
                } else {
                    store::<S, WHOLE>(simd, mask, dx, gradient);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // one range is meant
mod tests {
    use super::*;

    /// The largest numbers of an image, and where their gradients go, by the processor's registers.
    fn run<T: TapNumber>(windows: &PoolWindows, x: &[f32], dy: &[f32]) -> [Vec<f32>; 2] {
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![9.0; x.len()]);
        let mut largest = vec![T::of(0); dy.len()];
        max_of(windows, x, &mut y, &mut largest);
        gradient_of_max(windows, dy, &largest, &mut dx);
        [y, dx]
    }

    /// The same by others.
    fn run_by(simd: impl Simd, windows: &PoolWindows, x: &[f32], dy: &[f32]) -> [Vec<f32>; 2] {
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![9.0; x.len()]);
        let mut largest = vec![0u8; dy.len()];
        LargestSeen { windows, x, y: &mut y, largest: &mut largest }.with_simd(simd);
        LargestGradient { windows, dy, largest: &largest, dx: &mut dx }.with_simd(simd);
        [y, dx]
    }

    #[test]
    fn the_first_of_the_largest_gets_the_gradient() {
        let overlapping = [vec![0..2], vec![0..2, 1..3, 2..3], vec![0..4, 3..5]];
        let apart = [vec![0..2], vec![0..2, 2..3], vec![0..4, 4..5]];
        for (channels, ranges) in
            [1, 7, 8, 37, 64].into_iter().flat_map(|c| [(c, &overlapping), (c, &apart)])
        {
            let is_apart = ranges == &apart;
            let windows = PoolWindows { input: [2, 3, 5], ranges: ranges.clone(), channels };
            // many numbers are equal
            let x: Vec<f32> =
                (0..30 * channels).map(|i| (i * 7919 % 23 / 4) as f32 - 2.0).collect();
            let outputs = windows.positions() * channels;
            let dy: Vec<f32> = (0..outputs).map(|i| i as f32 - 9.0).collect();
            let (mut y, mut dx) = (vec![0.0; outputs], vec![0.0; x.len()]);
            windows.each_position(|position, inputs| {
                let inputs: Vec<usize> = inputs.collect();
                for channel in 0..channels {
                    let place = |input: &usize| input * channels + channel;
                    let output = position * channels + channel;
                    let most = inputs.iter().map(|i| x[place(i)]).fold(f32::MIN, f32::max);
                    let first = inputs.iter().find(|i| x[place(i)] == most).unwrap();
                    y[output] = most;
                    dx[place(first)] += dy[output];
                }
            });
            let expected = [y, dx];
            assert_eq!(run::<u8>(&windows, &x, &dy), expected, "{channels}");
            assert_eq!(run::<u32>(&windows, &x, &dy), expected, "{channels}");
            assert_eq!(run_by(pulp::Scalar::new(), &windows, &x, &dy), expected, "{channels}");
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V3::try_new() {
                assert_eq!(run_by(simd, &windows, &x, &dy), expected, "{channels}");
            }
            assert_eq!((windows.sees_once(), windows.see_each_once()), (is_apart, is_apart));
            assert!(windows.fits_bytes());
        }
    }

    #[test]
    fn not_a_number_is_the_largest() {
        let windows = PoolWindows {
            input: [1, 1, 4],
            ranges: [vec![0..1], vec![0..1], vec![0..4]],
            channels: 1,
        };
        let [y, dx] = run::<u8>(&windows, &[1.0, f32::NAN, 3.0, 2.0], &[5.0]);
        assert!(y[0].is_nan());
        assert_eq!(dx, [0.0, 5.0, 0.0, 0.0]);
    }

    #[test]
    fn windows_of_more_than_a_byte_counts_are_told_apart() {
        let (length, all) = (300, vec![0..1]);
        let windows = PoolWindows {
            input: [1, 1, length],
            ranges: [all.clone(), all, vec![0..length]],
            channels: 1,
        };
        assert!(!windows.fits_bytes() && windows.sees_once() && windows.see_each_once());
        let x: Vec<f32> = (0..length).map(|i| if i == 290 { 2.0 } else { 1.0 }).collect();
        let [y, dx] = run::<u32>(&windows, &x, &[3.0]);
        assert_eq!((y[0], dx[290], dx.iter().sum::<f32>()), (2.0, 3.0, 3.0));
    }
}
