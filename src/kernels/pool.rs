//! Pooling over slices: the largest or the mean of what each output sees, channel by channel. The
//! ranges that an output sees are lists, so that sliding, global and adaptive pooling are one.

use std::ops::Range;

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::parallel::{chunks, chunks2};
use super::simd::vectorize;

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

/// Pooling over (depth, height, width); fewer axes: the first have length 1. No weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolKernel {
    /// How long the axes are.
    pub input: [usize; 3],
    /// For each axis, the range that each output sees; none is empty.
    pub ranges: [Vec<Range<usize>>; 3],
    /// How many channels.
    pub channels: usize,
    /// The largest or the mean.
    pub pooling: Pooling,
}

impl PoolKernel {
    /// How many outputs a channel has.
    pub fn positions(&self) -> usize {
        self.ranges.iter().map(Vec::len).product()
    }

    /// Numbers of an input image.
    fn image(&self) -> usize {
        self.input.iter().product::<usize>() * self.channels
    }

    /// For each position the inputs of a channel that it sees.
    pub fn each_position(&self, mut each: impl FnMut(usize, &mut dyn Iterator<Item = usize>)) {
        self.each(|position, ranges| each(position, &mut self.inputs(ranges)));
    }

    /// Calls `each(position, ranges)` for all outputs.
    #[inline(always)]
    fn each(&self, mut each: impl FnMut(usize, [&Range<usize>; 3])) {
        let mut position = 0;
        for d in &self.ranges[0] {
            for h in &self.ranges[1] {
                for w in &self.ranges[2] {
                    each(position, [d, h, w]);
                    position += 1;
                }
            }
        }
    }

    /// The inputs of a channel within ranges, in order.
    #[inline(always)]
    fn inputs(&self, [d, h, w]: [&Range<usize>; 3]) -> impl Iterator<Item = usize> {
        let (h, w, [_, rows, columns]) = (h.clone(), w.clone(), self.input);
        d.clone().flat_map(move |d| {
            let w = w.clone();
            h.clone().flat_map(move |h| {
                let line = (d * rows + h) * columns;
                w.clone().map(move |w| line + w)
            })
        })
    }

    /// The largest numbers, and which of the image's they are.
    fn max_of(&self, x: &[f32], y: &mut [f32], largest: &mut [u32]) {
        let channels = self.channels;
        vectorize(move || {
            self.each(|position, ranges| {
                let row = position * channels..(position + 1) * channels;
                let (y, largest) = (&mut y[row.clone()], &mut largest[row]);
                for (i, input) in self.inputs(ranges).enumerate() {
                    let start = input * channels;
                    let x = &x[start..start + channels];
                    let best = y.iter_mut().zip(largest.iter_mut());
                    for (((y, largest), x), at) in best.zip(x).zip(start as u32..) {
                        let larger = i == 0 || *x > *y || x.is_nan();
                        *y = if larger { *x } else { *y };
                        *largest = if larger { at } else { *largest };
                    }
                }
            });
        });
    }

    fn mean_of(&self, x: &[f32], y: &mut [f32]) {
        let channels = self.channels;
        y.fill(0.0);
        vectorize(move || {
            self.each(|position, ranges| {
                let y = &mut y[position * channels..][..channels];
                for input in self.inputs(ranges) {
                    let x = &x[input * channels..][..channels];
                    y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
                }
                let share = 1.0 / count(ranges);
                y.iter_mut().for_each(|y| *y *= share);
            });
        });
    }
}

/// How many inputs of a channel ranges hold.
fn count(ranges: [&Range<usize>; 3]) -> f32 {
    ranges.iter().map(|range| range.len()).product::<usize>() as f32
}

/// The mask of one sample, and the part of each of its steps in the mean.
fn steps<'a>(pass: &Pass<'a>, sample: usize, length: usize) -> Option<(&'a [f32], f32)> {
    let mask = &pass.mask?[sample * length..][..length];
    Some((mask, 1.0 / mask.iter().sum::<f32>().max(1.0)))
}

impl Kernel for PoolKernel {
    fn forward(&self, pass: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], saved: &mut Saved) {
        let (image, output, channels) =
            (self.image(), self.positions() * self.channels, self.channels);
        let x_of = |sample: usize| &x[sample * image..][..image];
        let work = x.len();
        match self.pooling {
            Pooling::Max => {
                let largest = saved.indices(y.len());
                chunks2((y, output), (largest, output), work, |i, y, at| {
                    self.max_of(x_of(i), y, at);
                });
            }
            Pooling::Average => chunks(y, output, work, |i, y| self.mean_of(x_of(i), y)),
            Pooling::MaskedAverage => {
                chunks(y, output, work, |i, y| match steps(pass, i, self.input[2]) {
                    None => self.mean_of(x_of(i), y),
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
        let (image, output, channels) =
            (self.image(), self.positions() * self.channels, self.channels);
        let dy = &*dy;
        let dy_of = |sample: usize| &dy[sample * output..][..output];
        let work = dx.len();
        let largest = if self.pooling == Pooling::Max { &*saved.indices(dy.len()) } else { &[] };
        chunks(dx, image, work, |i, dx| {
            dx.fill(0.0);
            if self.pooling == Pooling::Max {
                let largest = &largest[i * output..][..output];
                dy_of(i).iter().zip(largest).for_each(|(dy, at)| dx[*at as usize] += dy);
                return;
            }
            if self.pooling == Pooling::MaskedAverage
                && let Some((mask, share)) = steps(pass, i, self.input[2])
            {
                for (dx, _) in dx.chunks_exact_mut(channels).zip(mask).filter(counts) {
                    dx.iter_mut().zip(dy_of(i)).for_each(|(dx, dy)| *dx = dy * share);
                }
                return;
            }
            vectorize(move || {
                self.each(|position, ranges| {
                    let dy = &dy_of(i)[position * channels..][..channels];
                    let share = 1.0 / count(ranges);
                    for input in self.inputs(ranges) {
                        let dx = &mut dx[input * channels..][..channels];
                        dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy * share);
                    }
                });
            });
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }
}

/// True for a time step that the mask lets count.
fn counts<X>((_, mask): &(X, &f32)) -> bool {
    **mask != 0.0
}
