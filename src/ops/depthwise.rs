//! Depthwise convolution over slices: each channel by itself, so plain loops over channels.

use super::images::{ImageGradients, Images};
use super::simd::vectorize;
use super::window::Window;
use super::{Backward, Kernel, OutputMask, Pass, Saved};
use crate::activations::Activation;

/// Weights: kernel (taps…, channels, multiplier), then bias (channels · multiplier,) where there
/// is one. Output channel `c · multiplier + m`.
pub struct DepthwiseKernel {
    /// What each position sees.
    pub window: Window,
    /// Channels of the input.
    pub channels: usize,
    /// Filters of each channel.
    pub multiplier: usize,
    /// What is applied to the output; must have slice functions.
    pub activation: Activation,
}

impl DepthwiseKernel {
    /// Channels of the output.
    fn width(&self) -> usize {
        self.channels * self.multiplier
    }

    fn images(&self) -> Images<'_> {
        let output = self.window.positions() * self.width();
        let wide = self.window.inputs() * self.width();
        Images {
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
            vectorize(move || {
                self.window.each_tap(|position, tap, source| {
                    let y = &mut y[position * width..][..width];
                    let x = &x[source * width..][..width];
                    let kernel = &kernel[tap * width..][..width];
                    y.iter_mut().zip(x).zip(kernel).for_each(|((y, x), w)| *y += x * w);
                });
            });
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let width = self.width();
        let kernel = io.weights[0];
        self.images().backward(io, |image| {
            let ImageGradients { x, dz, dkernel, dx, scratch } = image;
            let (wide_x, wide_dx) = scratch.split_at_mut(scratch.len() / 2);
            if let Some(dkernel) = dkernel {
                let x = self.widen(x, wide_x);
                vectorize(move || {
                    self.window.each_tap(|position, tap, source| {
                        let dz = &dz[position * width..][..width];
                        let x = &x[source * width..][..width];
                        let dkernel = &mut dkernel[tap * width..][..width];
                        dkernel.iter_mut().zip(x).zip(dz).for_each(|((dw, x), dz)| *dw += x * dz);
                    });
                });
            }
            let Some(dx) = dx else { return };
            let multiplied = self.multiplier > 1;
            let target = if multiplied { &mut *wide_dx } else { &mut *dx };
            target.fill(0.0);
            vectorize(move || {
                self.window.each_tap(|position, tap, source| {
                    let dz = &dz[position * width..][..width];
                    let dx = &mut target[source * width..][..width];
                    let kernel = &kernel[tap * width..][..width];
                    dx.iter_mut().zip(dz).zip(kernel).for_each(|((dx, dz), w)| *dx += dz * w);
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
