//! Transposed convolution over slices: the backward pass of a convolution as a forward pass. Each
//! input times the kernel is added to the outputs that its window sees.

use super::conv::tile;
use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::matmul::{MatrixRef, WriteMode, product};
use super::per_image::{ImageGradients, PerImage};
use super::window::{Channels, SlidingWindow};
use crate::activations::Activation;

/// Weights: kernel (taps…, filters, channels), then bias (filters,) where there is one.
pub struct ConvTransposeKernel {
    /// A window over the *output*, with a position for each input.
    pub window: SlidingWindow,
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// What is applied to the output; must have slice functions.
    pub activation: Activation,
}

impl ConvTransposeKernel {
    fn images(&self) -> PerImage<'_> {
        let input = self.window.positions() * self.channels;
        PerImage {
            input,
            output: self.window.inputs() * self.filters,
            channels: self.filters,
            scratch: self.tile() * self.row(),
            work: input * self.row(),
            activation: &self.activation,
        }
    }

    fn tile(&self) -> usize {
        tile(self.window.positions(), self.row())
    }

    /// What an input adds to: taps · filters.
    fn row(&self) -> usize {
        self.window.taps() * self.filters
    }

    fn part(&self) -> Channels {
        Channels { of: self.filters, first: 0, count: self.filters }
    }

    /// Calls `each(first input, inputs)` for each tile.
    fn each_tile(&self, mut each: impl FnMut(usize, usize)) {
        let (positions, tile) = (self.window.positions(), self.tile());
        for first in (0..positions).step_by(tile) {
            each(first, tile.min(positions - first));
        }
    }
}

impl Kernel for ConvTransposeKernel {
    fn forward(
        &self,
        _: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let (channels, row) = (self.channels, self.row());
        let kernel = MatrixRef::new(weights[0], row, channels).t(); // (channels, taps·filters)
        self.images().forward(x, weights.get(1).copied(), y, saved, |x, y, scratch| {
            self.each_tile(|first, inputs| {
                let x = MatrixRef::new(&x[first * channels..], inputs, channels);
                let rows = &mut scratch[..inputs * row];
                product(x, kernel, rows, row, WriteMode::Overwrite);
                self.window.scatter(rows, self.part(), first, y);
            });
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let (channels, row) = (self.channels, self.row());
        let kernel = MatrixRef::new(io.weights[0], row, channels);
        self.images().backward(io, |image| {
            let ImageGradients { x, dz, mut dkernel, mut dx, scratch } = image;
            self.each_tile(|first, inputs| {
                let rows = &mut scratch[..inputs * row];
                self.window.gather(dz, self.part(), first, rows);
                let rows = MatrixRef::new(rows, inputs, row);
                if let Some(dkernel) = dkernel.as_deref_mut() {
                    let x = MatrixRef::new(&x[first * channels..], inputs, channels);
                    product(rows.t(), x, dkernel, channels, WriteMode::Add);
                }
                if let Some(dx) = dx.as_deref_mut() {
                    product(
                        rows,
                        kernel,
                        &mut dx[first * channels..],
                        channels,
                        WriteMode::Overwrite,
                    );
                }
            });
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }
}
