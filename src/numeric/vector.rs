//! Passes over slices of numbers, without allocation: vectorised for the processor at hand, and
//! split over the threads where a slice is long.
//!
//! Products and sums are never fused and sums have a fixed order, so results don't depend on the
//! instruction set that was found or on the number of threads.

use std::ops::RangeInclusive;

use pulp::{Arch, Scalar, Simd, WithSimd};
use rayon::prelude::*;

use super::simd::{LINE, prefetch_to_write};
use crate::threads;

/// Sums are taken over chunks of this length, then over the chunks in order.
const CHUNK: usize = 16 * 1024;
/// Slices longer than this are split over the threads.
const LONG: usize = 4 * CHUNK;
/// Below this length the plain loop is faster than looking up the processor's instructions.
const SHORT: usize = 32;
/// How many lines ahead values are asked for that are to be written.
const AHEAD: usize = 32;
/// So many values are likely to be in the caches of other processors too, which have read them since they
/// were last written, and which have to give each line up before it is written again. Fewer take no
/// time; more have left those caches.
const SHARED: RangeInclusive<usize> = AHEAD * LINE..=1 << 18;

/// `values[i], slots[…][i] = f(values[i], with[i], slots[…][i])` for every `i`; all slices are as
/// long as `values`.
pub(crate) fn update<F, const N: usize>(
    values: &mut [f32],
    with: &[f32],
    slots: [&mut [f32]; N],
    f: F,
) where
    F: Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Copy + Send + Sync,
{
    assert!(values.len() == with.len(), "slices that don't fit");
    let ahead = if SHARED.contains(&values.len()) { AHEAD * LINE } else { 0 };
    Update { values, with, slots, f, ahead }.split();
}

/// `values[i] = f(values[i])` for every `i`.
pub(crate) fn map(values: &mut [f32], f: impl Fn(f32) -> f32 + Copy + Send + Sync) {
    if values.len() > LONG {
        threads::within(|| values.par_chunks_mut(CHUNK).for_each(|chunk| map(chunk, f)));
    } else {
        run(values.len(), Map { values, f });
    }
}

/// `Σ term(values[i])`, in f64.
pub(crate) fn sum(values: &[f32], term: impl Fn(f32) -> f32 + Copy + Send + Sync) -> f64 {
    let chunk = |chunk: &[f32]| run(chunk.len(), Sum { values: chunk, term });
    if values.len() > LONG {
        let parts: Vec<f64> = threads::within(|| values.par_chunks(CHUNK).map(chunk).collect());
        return parts.into_iter().sum();
    }
    values.chunks(CHUNK).map(chunk).sum()
}

/// `√(Σ values[i]²)`.
pub(crate) fn norm(values: &[f32]) -> f32 {
    sum(values, |x| x * x).sqrt() as f32
}

/// One pass over `n` elements, by the best instructions at hand: `with_simd` is compiled into a
/// function for each set of them, and so must be inlined.
fn run<P: WithSimd>(n: usize, pass: P) -> P::Output {
    if n < SHORT { pass.with_simd(Scalar::new()) } else { Arch::new().dispatch(pass) }
}

struct Update<'a, F, const N: usize> {
    values: &'a mut [f32],
    with: &'a [f32],
    slots: [&'a mut [f32]; N],
    f: F,
    /// How far ahead of those at hand values are asked for.
    ahead: usize,
}

impl<F, const N: usize> Update<'_, F, N>
where
    F: Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Copy + Send + Sync,
{
    /// Runs, split over the threads where it is long.
    fn split(self) {
        let n = self.values.len();
        if n <= LONG {
            return run(n, self);
        }
        let Update { values, with, slots, .. } = self;
        let middle = n / CHUNK / 2 * CHUNK;
        let (left, right) = values.split_at_mut(middle);
        let (with_left, with_right) = with.split_at(middle);
        let mut lefts: [&mut [f32]; N] = std::array::from_fn(|_| Default::default());
        let mut rights: [&mut [f32]; N] = std::array::from_fn(|_| Default::default());
        for (k, slot) in slots.into_iter().enumerate() {
            (lefts[k], rights[k]) = slot.split_at_mut(middle);
        }
        let left = Update { values: left, with: with_left, slots: lefts, ..self };
        let right = Update { values: right, with: with_right, slots: rights, ..self };
        threads::within(|| rayon::join(|| left.split(), || right.split()));
    }

    /// Goes over them, `L` at a time; gives what is left.
    #[allow(clippy::inline_always)] // see `run`
    #[inline(always)]
    fn by_lanes<const L: usize>(self) -> Self {
        let Update { f, ahead, .. } = self;
        let (values, values_left) = self.values.as_chunks_mut::<L>();
        let (with, with_left) = self.with.as_chunks::<L>();
        let mut slots = self.slots.map(<[f32]>::as_chunks_mut::<L>);
        for (i, (values, with)) in values.iter_mut().zip(with).enumerate() {
            // whether it helps or not: without it the compiler goes over the lanes of many lines at once
            prefetch_to_write(values.as_ptr().wrapping_add(ahead));
            // copies, which the compiler knows to lie apart
            let mut lanes = slots.each_ref().map(|(slot, _)| slot[i]);
            let mut new = *values;
            for lane in 0..L {
                let old = lanes.each_ref().map(|slot| slot[lane]);
                let (value, updated) = f(new[lane], with[lane], old);
                new[lane] = value;
                for (slot, updated) in lanes.iter_mut().zip(updated) {
                    slot[lane] = updated;
                }
            }
            *values = new;
            for ((slot, _), lanes) in slots.iter_mut().zip(lanes) {
                slot[i] = lanes;
            }
        }
        let slots = slots.map(|(_, left)| left);
        Update { values: values_left, with: with_left, slots, f, ahead }
    }
}

impl<F, const N: usize> WithSimd for Update<'_, F, N>
where
    F: Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Copy + Send + Sync,
{
    type Output = ();

    #[allow(clippy::inline_always)] // see `run`
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.by_lanes::<LINE>().by_lanes::<4>().by_lanes::<1>();
    }
}

struct Map<'a, F> {
    values: &'a mut [f32],
    f: F,
}

impl<F: Fn(f32) -> f32> WithSimd for Map<'_, F> {
    type Output = ();

    #[allow(clippy::inline_always)] // see `run`
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for value in self.values {
            *value = (self.f)(*value);
        }
    }
}

struct Sum<'a, F> {
    values: &'a [f32],
    term: F,
}

impl<F: Fn(f32) -> f32> WithSimd for Sum<'_, F> {
    type Output = f64;

    #[allow(clippy::inline_always)] // see `run`
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        const LANES: usize = 16;
        let mut lanes = [0.0; LANES];
        let (groups, rest) = self.values.as_chunks::<LANES>();
        for group in groups {
            for (lane, x) in lanes.iter_mut().zip(group) {
                *lane += f64::from((self.term)(*x));
            }
        }
        for (lane, x) in lanes.iter_mut().zip(rest) {
            *lane += f64::from((self.term)(*x));
        }
        lanes.into_iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i % 1000) as f32 * 0.01 - 3.0).collect()
    }

    #[test]
    fn a_long_slice_is_updated_as_a_short_one_is() {
        let n = LONG + CHUNK + 77;
        let (mut values, with, mut slot) = (ramp(n), ramp(n), vec![0.5; n]);
        update(&mut values, &with, [&mut slot], |w, g, [m]| (w - 0.1 * g, [m + g * g]));
        for i in [0, 1, CHUNK, LONG / 2, LONG - 1, LONG, n - 1] {
            let x = with[i];
            assert_eq!((values[i], slot[i]), (x - 0.1 * x, 0.5 + x * x), "{i}");
        }
    }

    #[test]
    fn every_length_is_updated() {
        for n in (0..70).chain([LONG / 2 + 5]) {
            let (mut values, with) = (ramp(n), ramp(n));
            let [mut first, mut second] = [vec![0.5; n], vec![2.0; n]];
            update(&mut values, &with, [&mut first, &mut second], |w, g, [a, b]| {
                (w - 0.1 * g, [a + g * g, b * w])
            });
            for (i, x) in with.iter().enumerate() {
                assert_eq!((values[i], first[i], second[i]), (x - 0.1 * x, 0.5 + x * x, 2.0 * x));
            }
        }
    }

    #[test]
    fn every_length_is_summed() {
        for n in [0, 1, 15, 16, 17, CHUNK + 1, LONG + 5] {
            let values = ramp(n);
            let plain: f64 = values.iter().map(|x| f64::from(*x)).sum();
            assert!((sum(&values, |x| x) - plain).abs() < 1e-6 * (1.0 + plain.abs()), "{n}");
        }
        assert_eq!(norm(&[3.0, 4.0]), 5.0);
    }

    #[test]
    fn every_element_is_mapped() {
        let mut values = ramp(LONG + 3);
        map(&mut values, |x| x * 2.0);
        assert_eq!(values[LONG + 2], ramp(LONG + 3)[LONG + 2] * 2.0);
    }
}
