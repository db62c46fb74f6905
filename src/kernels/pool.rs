//! Pooling over slices: the largest or the mean of what each output sees, channel by channel.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::largest::{TapNumber, gradient_of_max, max_of};
use super::parallel::{chunks, chunks2};
use super::pool_windows::PoolWindows;

/// What of its range an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The largest number; its gradient goes to the first of those that are equal.
    Max,
    /// The mean.
    Average,
    /// The mean over the time steps that the mask lets count; 0 where none does. One axis, one
    /// output.
    MaskedAverage,
}

/// Pooling over (depth, height, width). No weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolKernel {
    /// What each output sees.
    pub windows: PoolWindows,
    /// The largest or the mean.
    pub pooling: Pooling,
}

/// The mask of one sample, and the part of each of its steps in the mean.
fn steps<'a>(pass: &Pass<'a>, sample: usize, length: usize) -> Option<(&'a [f32], f32)> {
    let mask = &pass.mask?[sample * length..][..length];
    Some((mask, 1.0 / mask.iter().sum::<f32>().max(1.0)))
}

impl Kernel for PoolKernel {
    fn forward(&self, pass: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], saved: &mut Saved) {
        let PoolKernel { windows, pooling } = self;
        let (channels, (image, output)) = (windows.channels, self.sizes());
        let x_of = |sample: usize| &x[sample * image..][..image];
        let work = x.len();
        match pooling {
            Pooling::Max if windows.fits_bytes() => self.largest(x, y, saved.bytes(y.len())),
            Pooling::Max => self.largest(x, y, saved.indices(y.len())),
            Pooling::Average => chunks(y, output, work, |i, y| windows.mean_of(x_of(i), y)),
            Pooling::MaskedAverage => {
                chunks(y, output, work, |i, y| match steps(pass, i, windows.input[2]) {
                    None => windows.mean_of(x_of(i), y),
                    Some((mask, share)) => {
                        y.fill(0.0);
                        for (x, _) in x_of(i).chunks_exact(channels).zip(mask).filter(counts) {
                            y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
                        }
                        y.iter_mut().for_each(|y| *y *= share);
                    }
                });
            }
        }
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { dy, saved, dx: Some(dx), .. } = io else { return };
        let PoolKernel { windows, pooling } = self;
        let (channels, (image, output)) = (windows.channels, self.sizes());
        let dy = &*dy;
        if *pooling == Pooling::Max {
            if windows.fits_bytes() {
                self.gradient_of_largest(dy, saved.bytes(dy.len()), dx);
            } else {
                self.gradient_of_largest(dy, saved.indices(dy.len()), dx);
            }
            return;
        }
        let (work, dy_of) = (dx.len(), |sample: usize| &dy[sample * output..][..output]);
        chunks(dx, image, work, |i, dx| {
            dx.fill(0.0);
            if *pooling == Pooling::MaskedAverage
                && let Some((mask, share)) = steps(pass, i, windows.input[2])
            {
                for (dx, _) in dx.chunks_exact_mut(channels).zip(mask).filter(counts) {
                    dx.iter_mut().zip(dy_of(i)).for_each(|(dx, dy)| *dx = dy * share);
                }
                return;
            }
            windows.add_gradient_of_mean(dy_of(i), dx);
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }

    fn as_max_pooling(&self) -> Option<&PoolWindows> {
        (self.pooling == Pooling::Max).then_some(&self.windows)
    }
}

impl PoolKernel {
    /// Forward, for images of a batch: the largest numbers, and which they are.
    fn largest<T: TapNumber>(&self, x: &[f32], y: &mut [f32], largest: &mut [T]) {
        let (image, output) = self.sizes();
        chunks2((y, output), (largest, output), x.len(), |i, y, largest| {
            max_of(&self.windows, &x[i * image..][..image], y, largest);
        });
    }

    /// Backward, the same.
    fn gradient_of_largest<T: TapNumber>(&self, dy: &[f32], largest: &[T], dx: &mut [f32]) {
        let (image, output) = self.sizes();
        let work = dx.len();
        chunks(dx, image, work, |i, dx| {
            let part = i * output..(i + 1) * output;
            gradient_of_max(&self.windows, &dy[part.clone()], &largest[part], dx);
        });
    }

    /// Numbers of an image that comes in, and of one that goes out.
    fn sizes(&self) -> (usize, usize) {
        let PoolWindows { input, channels, .. } = &self.windows;
        (input.iter().product::<usize>() * channels, self.windows.positions() * channels)
    }
}

/// True for a time step that the mask lets count.
fn counts<X>((_, mask): &(X, &f32)) -> bool {
    **mask != 0.0
}
