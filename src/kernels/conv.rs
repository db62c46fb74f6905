//! Convolution over slices: for each image, what a tile of positions sees (im2col) times the
//! kernel. A tile stays in the cache; what the whole batch sees is never put together.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::matmul::{MatrixRef, WriteMode, product};
use super::per_image::{ImageGradients, PerImage};
use super::window::{Channels, SlidingWindow};
use crate::activations::Activation;

/// Weights: kernel (taps…, channels / groups, filters), then bias (filters,) where there is one.
pub struct ConvKernel {
    /// What each position sees.
    pub window: SlidingWindow,
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Filters of one group see the channels of that group alone.
    pub groups: usize,
    /// What is applied to the output; must have slice functions.
    pub activation: Activation,
}

/// Numbers of a tile: half of a common level-2 cache.
const TILE: usize = 1 << 17;

impl ConvKernel {
    /// Positions of a tile.
    fn tile(&self) -> usize {
        tile(self.window.positions(), self.row())
    }

    /// What a position sees in one group: taps · channels / groups.
    fn row(&self) -> usize {
        self.window.taps() * self.channels / self.groups
    }

    fn images(&self) -> PerImage<'_> {
        let output = self.window.positions() * self.filters;
        let gathers = !self.window.is_identity();
        PerImage {
            input: self.window.inputs() * self.channels,
            output,
            channels: self.filters,
            scratch: if gathers { self.tile() * self.row() } else { 0 },
            work: output * self.row(),
            activation: &self.activation,
        }
    }

    /// Calls `each(group, channels, first position, positions)` for the tiles of each group.
    fn each_tile(&self, mut each: impl FnMut(usize, Channels, usize, usize)) {
        let (positions, tile) = (self.window.positions(), self.tile());
        let count = self.channels / self.groups;
        for group in 0..self.groups {
            let part = Channels { of: self.channels, first: group * count, count };
            for first in (0..positions).step_by(tile) {
                each(group, part, first, tile.min(positions - first));
            }
        }
    }

    /// The kernel of a group: (row, filters / groups).
    fn group<'a>(&self, kernel: &'a [f32], group: usize) -> MatrixRef<'a> {
        let filters = self.filters / self.groups;
        MatrixRef::strided(&kernel[group * filters..], self.row(), filters, self.filters)
    }

    /// What a tile sees: (positions, row); in `scratch` unless it stands in the image as it is.
    fn seen<'a>(
        &self,
        x: &'a [f32],
        part: Channels,
        first: usize,
        positions: usize,
        scratch: &'a mut [f32],
    ) -> MatrixRef<'a> {
        let row = self.row();
        if self.window.is_identity() {
            return MatrixRef::strided(&x[first * part.of + part.first..], positions, row, part.of);
        }
        let rows = &mut scratch[..positions * row];
        self.window.gather(x, part, first, rows);
        MatrixRef::new(rows, positions, row)
    }
}

/// Positions of a tile whose rows hold `row` numbers: as equal tiles as the limit allows.
pub(super) fn tile(positions: usize, row: usize) -> usize {
    let most = (TILE / row.max(1)).clamp(1, positions);
    positions.div_ceil(positions.div_ceil(most))
}

impl Kernel for ConvKernel {
    fn forward(
        &self,
        _: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let filters = self.filters;
        self.images().forward(x, weights.get(1).copied(), y, saved, |x, y, scratch| {
            self.each_tile(|group, part, first, positions| {
                let seen = self.seen(x, part, first, positions, scratch);
                let y = &mut y[first * filters + group * (filters / self.groups)..];
                product(seen, self.group(weights[0], group), y, filters, WriteMode::Add);
            });
        });
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let (filters, width) = (self.filters, self.filters / self.groups);
        let weights = io.weights;
        let identity = self.window.is_identity();
        self.images().backward(io, |image| {
            let ImageGradients { x, dz, mut dkernel, mut dx, scratch } = image;
            if let Some(dx) = dx.as_deref_mut()
                && !identity
            {
                dx.fill(0.0);
            }
            self.each_tile(|group, part, first, positions| {
                let dz = &dz[first * filters + group * width..];
                let dz = MatrixRef::strided(dz, positions, width, filters);
                if let Some(dkernel) = dkernel.as_deref_mut() {
                    let seen = self.seen(x, part, first, positions, scratch);
                    product(seen.t(), dz, &mut dkernel[group * width..], filters, WriteMode::Add);
                }
                let Some(dx) = dx.as_deref_mut() else { return };
                let kernel = self.group(weights[0], group).t();
                if identity {
                    let dx = &mut dx[first * part.of + part.first..];
                    product(dz, kernel, dx, part.of, WriteMode::Overwrite);
                } else {
                    let rows = &mut scratch[..positions * self.row()];
                    product(dz, kernel, rows, self.row(), WriteMode::Overwrite);
                    self.window.scatter(rows, part, first, dx);
                }
            });
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::WindowAxis;
    use super::*;
    use crate::random::Random;

    /// Output, then the gradients of the input, kernel and bias, on so many threads.
    fn step(threads: usize) -> [Vec<f32>; 4] {
        let axis = WindowAxis { input: 14, output: 7, size: 3, stride: 2, dilation: 1, before: 0 };
        let window = SlidingWindow { axes: [WindowAxis::NONE, axis, axis] };
        let activation = Activation::tanh();
        let kernel = ConvKernel { window, channels: 4, filters: 8, groups: 2, activation };
        let numbers = |n: usize| (0..n).map(|i| (i * 7919 % 101) as f32 / 50.0 - 1.0).collect();
        let x: Vec<f32> = numbers(37 * 14 * 14 * 4);
        let (weights, bias): (Vec<f32>, Vec<f32>) = (numbers(9 * 2 * 8), numbers(8));
        let random = Random::new(1);
        let pass =
            Pass { batch: 37, training: true, step: 0, random: &random, mask: None, ids: None };
        let mut y = vec![0.0; 37 * 7 * 7 * 8];
        let mut dy: Vec<f32> = numbers(y.len());
        let mut saved = Saved::default();
        let (mut dx, mut dweights) = (vec![0.0; x.len()], vec![0.0; weights.len()]);
        let mut dbias = vec![0.0; 8];
        let pool = crate::threads::build(threads).unwrap();
        pool.install(|| {
            kernel.forward(&pass, &x, &[&weights, &bias], &mut y, &mut saved);
            kernel.backward(
                &pass,
                Backward {
                    x: &x,
                    weights: &[&weights, &bias],
                    y: &y,
                    dy: &mut dy,
                    saved: &mut saved,
                    dx: Some(&mut dx),
                    dweights: &mut [Some(&mut dweights), Some(&mut dbias)],
                },
            );
        });
        [y, dx, dweights, dbias]
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        assert_eq!(step(1), step(3));
    }
}
