//! Depthwise convolution over slices: each channel by itself, so plain loops over channels.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::per_image::{ImageGradients, PerImage};
use super::simd::vectorize;
use super::window::SlidingWindow;
use crate::activations::Activation;

/// Weights: kernel (taps…, channels, multiplier), then bias (channels · multiplier,) where there
/// is one. Output channel `c · multiplier + m`.
pub struct DepthwiseKernel {
    /// What each position sees.
    pub window: SlidingWindow,
    /// Channels of the input.
    pub channels: usize,
    /// Number of filters for each input channel.
    pub multiplier: usize,
    /// What is applied to the output; must have slice functions.
    pub activation: Activation,
}

impl DepthwiseKernel {
    /// Channels of the output.
    fn width(&self) -> usize {
        self.channels * self.multiplier
    }

    fn images(&self) -> PerImage<'_> {
        let output = self.window.positions() * self.width();
        let wide = self.window.inputs() * self.width();
        PerImage {
            input: self.window.inputs() * self.channels,
            output,
            channels: self.width(),
            scratch: if self.multiplier > 1 { 2 * wide } else { 0 },
            work: output * self.window.taps(),
            activation: &self.activation,
        }
    }

    /// The image with each channel `multiplier` times, as wide as the output: in `wide`, unless the
    /// multiplier is 1.
    fn widen<'a>(&self, x: &'a [f32], wide: &'a mut [f32]) -> &'a [f32] {
        if self.multiplier == 1 {
            return x;
        }
        for (x, wide) in x.iter().zip(wide.chunks_exact_mut(self.multiplier)) {
            wide.fill(*x);
        }
        wide
    }
}

/// Rows, the first at the start, and how far they are from each other.
type StridedRows<'a> = (&'a [f32], usize);

/// Adds each of `count` rows, times `factors`, to one of `to`.
#[inline(always)]
fn add_products(to: (&mut [f32], usize), from: StridedRows<'_>, factors: &[f32], count: usize) {
    /// As many whole groups of `N` channels as there are from `start` on; gives where they end.
    #[inline(always)]
    fn groups<const N: usize>(
        (to, to_step): (&mut [f32], usize),
        (from, step): StridedRows<'_>,
        factors: &[f32],
        (mut start, count): (usize, usize),
    ) -> usize {
        while let Some(factors) = factors[start..].first_chunk::<N>().copied() {
            for i in 0..count {
                let to = to[i * to_step + start..].first_chunk_mut::<N>();
                let from = from[i * step + start..].first_chunk::<N>();
                if let (Some(to), Some(from)) = (to, from) {
                    let mut sum = *to;
                    (0..N).for_each(|lane| sum[lane] += from[lane] * factors[lane]);
                    *to = sum;
                }
            }
            start += N;
        }
        start
    }
    let (to, to_step) = to;
    let start = groups::<16>((to, to_step), from, factors, (0, count));
    let start = groups::<4>((to, to_step), from, factors, (start, count));
    groups::<1>((to, to_step), from, factors, (start, count));
}

/// Adds the products of `count` rows of `a` and `b` to `sums`.
#[inline(always)]
fn sum_products(sums: &mut [f32], a: StridedRows<'_>, b: StridedRows<'_>, count: usize) {
    #[inline(always)]
    fn groups<const N: usize>(
        sums: &mut [f32],
        (a, a_step): StridedRows<'_>,
        (b, b_step): StridedRows<'_>,
        (mut start, count): (usize, usize),
    ) -> usize {
        while let Some(sums) = sums[start..].first_chunk_mut::<N>() {
            let mut sum = *sums;
            for i in 0..count {
                let a = a[i * a_step + start..].first_chunk::<N>();
                let b = b[i * b_step + start..].first_chunk::<N>();
                if let (Some(a), Some(b)) = (a, b) {
                    (0..N).for_each(|lane| sum[lane] += a[lane] * b[lane]);
                }
            }
            *sums = sum;
            start += N;
        }
        start
    }
    let start = groups::<16>(sums, a, b, (0, count));
    let start = groups::<4>(sums, a, b, (start, count));
    groups::<1>(sums, a, b, (start, count));
}

impl Kernel for DepthwiseKernel {
    fn forward(
        &self,
        _: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let width = self.width();
        let kernel = weights[0];
        self.images().forward(x, weights.get(1).copied(), y, saved, |x, y, scratch| {
            let wide = scratch.len() / 2;
            let x = self.widen(x, &mut scratch[..wide]);
            let stride = self.window.axes[2].stride * width;
            vectorize(move || {
                self.window.each_run(|tap, position, source, count| {
                    let to = (&mut y[position * width..], width);
                    let from = (&x[source * width..], stride);
                    add_products(to, from, &kernel[tap * width..][..width], count);
                });
            });
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let width = self.width();
        let kernel = io.weights[0];
        let stride = self.window.axes[2].stride * width;
        self.images().backward(io, |image| {
            let ImageGradients { x, dz, dkernel, dx, scratch } = image;
            let (wide_x, wide_dx) = scratch.split_at_mut(scratch.len() / 2);
            if let Some(dkernel) = dkernel {
                let x = self.widen(x, wide_x);
                vectorize(move || {
                    self.window.each_run(|tap, position, source, count| {
                        let (x, dz) =
                            ((&x[source * width..], stride), (&dz[position * width..], width));
                        sum_products(&mut dkernel[tap * width..][..width], x, dz, count);
                    });
                });
            }
            let Some(dx) = dx else { return };
            let multiplied = self.multiplier > 1;
            let target = if multiplied { &mut *wide_dx } else { &mut *dx };
            target.fill(0.0);
            vectorize(move || {
                self.window.each_run(|tap, position, source, count| {
                    let to = (&mut target[source * width..], stride);
                    let from = (&dz[position * width..], width);
                    add_products(to, from, &kernel[tap * width..][..width], count);
                });
            });
            if multiplied {
                for (dx, wide) in dx.iter_mut().zip(wide_dx.chunks_exact(self.multiplier)) {
                    *dx = wide.iter().sum();
                }
            }
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }
}
