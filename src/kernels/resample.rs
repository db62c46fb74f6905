//! Padding, cropping and upsampling over slices: along each axis an output is a weighted sum of a
//! few inputs (none: zero; one: a copy; two and more: interpolation), the same for all channels.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::parallel::chunks;
use super::simd::vectorize;

/// For each output along an axis, the inputs that it is made of and their parts.
pub type Parts = Vec<Vec<(usize, f32)>>;

/// A linear map along (depth, height, width); fewer axes: the first have length 1. No weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ResampleKernel {
    /// How long the axes are.
    pub input: [usize; 3],
    /// What the outputs along each axis are made of.
    pub axes: [Parts; 3],
    /// How many channels.
    pub channels: usize,
}

impl ResampleKernel {
    /// Size of each axis of the output.
    pub fn output(&self) -> [usize; 3] {
        [0, 1, 2].map(|axis| self.axes[axis].len())
    }

    /// Calls `each(position, input, part)` for all inputs of all outputs.
    #[inline(always)]
    fn each(&self, mut each: impl FnMut(usize, usize, f32)) {
        let [_, rows, columns] = self.input;
        let mut position = 0;
        for d in &self.axes[0] {
            for h in &self.axes[1] {
                for w in &self.axes[2] {
                    for (d, d_part) in d {
                        for (h, h_part) in h {
                            let line = (d * rows + h) * columns;
                            for (w, w_part) in w {
                                each(position, line + w, d_part * h_part * w_part);
                            }
                        }
                    }
                    position += 1;
                }
            }
        }
    }

    /// Numbers of an image before and after.
    fn sizes(&self) -> (usize, usize) {
        let numbers = |axes: [usize; 3]| axes.iter().product::<usize>() * self.channels;
        (numbers(self.input), numbers(self.output()))
    }
}

impl Kernel for ResampleKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        let (channels, (input, output)) = (self.channels, self.sizes());
        let work = y.len();
        chunks(y, output, work, |i, y| {
            let x = &x[i * input..][..input];
            y.fill(0.0);
            vectorize(move || {
                self.each(|position, source, part| {
                    let y = &mut y[position * channels..][..channels];
                    let x = &x[source * channels..][..channels];
                    y.iter_mut().zip(x).for_each(|(y, x)| *y += part * x);
                });
            });
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Backward { dy, dx: Some(dx), .. } = io else { return };
        let (channels, (input, output)) = (self.channels, self.sizes());
        let (dy, work) = (&*dy, dy.len());
        chunks(dx, input, work, |i, dx| {
            let dy = &dy[i * output..][..output];
            dx.fill(0.0);
            vectorize(move || {
                self.each(|position, source, part| {
                    let dy = &dy[position * channels..][..channels];
                    let dx = &mut dx[source * channels..][..channels];
                    dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += part * dy);
                });
            });
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }
}
