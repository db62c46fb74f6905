//! Depthwise convolution over slices: each channel by itself.

use std::sync::{Arc, OnceLock};

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::matmul::SumStart;
use super::per_image::{ImageGradients, PerImage};
use super::sliding::SlidingChannels;
use super::window::SlidingWindow;
use crate::activations::Activation;

/// Weights: kernel (taps…, channels, multiplier), then bias (channels · multiplier,) where there
/// is one. Output channel `c · multiplier + m`.
#[derive(Clone)]
pub struct DepthwiseKernel {
    window: SlidingWindow,
    channels: usize,
    multiplier: usize,
    activation: Activation,
    /// Made where first needed.
    products: Arc<OnceLock<SlidingChannels>>,
}

impl DepthwiseKernel {
    /// A depthwise convolution of images of `channels`, with `multiplier` filters for each of them.
    /// The activation must have slice functions.
    pub fn new(
        window: SlidingWindow,
        channels: usize,
        multiplier: usize,
        activation: Activation,
    ) -> DepthwiseKernel {
        DepthwiseKernel { window, channels, multiplier, activation, products: Arc::default() }
    }

    /// True where nothing comes after the sums.
    fn is_free(&self) -> bool {
        self.activation == Activation::Linear
    }

    /// Numbers of an input image.
    pub fn inputs(&self) -> usize {
        self.window.inputs() * self.channels
    }

    /// Channels of the output.
    fn width(&self) -> usize {
        self.channels * self.multiplier
    }

    fn products(&self) -> &SlidingChannels {
        self.products.get_or_init(|| SlidingChannels::new(&self.window, self.width()))
    }

    /// Numbers of an image as wide as the output, where that isn't the image itself.
    fn wide(&self) -> usize {
        if self.multiplier > 1 { self.window.inputs() * self.width() } else { 0 }
    }

    fn images(&self) -> PerImage<'_> {
        let output = self.window.positions() * self.width();
        PerImage {
            input: self.inputs(),
            output,
            channels: self.width(),
            scratch: 2 * self.wide() + self.products().scratch(),
            work: output * self.window.taps(),
            activation: &self.activation,
            pooling: None,
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
        let (products, kernel) = (self.products(), weights[0]);
        let input = (x, weights.get(1).copied());
        self.images().forward(input, y, saved, (0, &|_| {}), |x, y, _, scratch| {
            let (wide, scratch) = scratch.split_at_mut(self.wide());
            products.product(self.widen(x, wide), kernel, y, scratch);
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let (products, kernel) = (self.products(), io.weights[0]);
        self.images().backward(io, (0, &|_| {}), |image| {
            let ImageGradients { x, dz, dkernel, dx, scratch, .. } = image;
            let (wide_x, scratch) = scratch.split_at_mut(self.wide());
            let (wide_dx, scratch) = scratch.split_at_mut(self.wide());
            if let Some(dkernel) = dkernel {
                products.add_gradient(self.widen(x, wide_x), dz, dkernel, scratch);
            }
            let Some(dx) = dx else { return };
            if self.multiplier == 1 {
                let dx = (dx, SumStart::Zero);
                return products.transposed_product(dz, kernel, dx, scratch);
            }
            let wide = (&mut *wide_dx, SumStart::Zero);
            products.transposed_product(dz, kernel, wide, scratch);
            for (dx, wide) in dx.iter_mut().zip(wide_dx.chunks_exact(self.multiplier)) {
                *dx = wide.iter().sum();
            }
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }

    fn linear_weight(&self) -> Option<usize> {
        self.is_free().then_some(0)
    }

    fn with_activation(&self, activation: &Activation) -> Option<Arc<dyn Kernel>> {
        self.is_free()
            .then(|| Arc::new(Self { activation: activation.clone(), ..self.clone() }) as _)
    }
}
