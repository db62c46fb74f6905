//! Transposed convolution over slices: the backward pass of a convolution as a forward pass. Each
//! input times the kernel is added to the outputs that its window sees.

use std::sync::{Arc, OnceLock};

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::matmul::SumStart;
use super::per_image::{ImageGradients, PerImage};
use super::sliding::SlidingProduct;
use super::window::SlidingWindow;
use crate::activations::Activation;

/// Weights: kernel (taps…, filters, channels), then bias (filters,) where there is one.
#[derive(Clone)]
pub struct ConvTransposeKernel {
    window: SlidingWindow,
    channels: usize,
    filters: usize,
    activation: Activation,
    /// Made where first needed.
    products: Arc<OnceLock<SlidingProduct>>,
}

impl ConvTransposeKernel {
    /// A transposed convolution of images of `channels` to `filters`, of a window over the *output*
    /// with a position for each input. The activation must have slice functions.
    pub fn new(
        window: SlidingWindow,
        channels: usize,
        filters: usize,
        activation: Activation,
    ) -> ConvTransposeKernel {
        ConvTransposeKernel { window, channels, filters, activation, products: Arc::default() }
    }

    /// Those of the convolution whose backward pass this is: from the output to the input.
    fn products(&self) -> &SlidingProduct {
        let ConvTransposeKernel { window, channels, filters, .. } = self;
        self.products.get_or_init(|| SlidingProduct::new(window, *filters, *channels, 1))
    }

    fn images(&self) -> PerImage<'_> {
        let input = self.window.positions() * self.channels;
        PerImage {
            input,
            output: self.window.inputs() * self.filters,
            channels: self.filters,
            scratch: self.products().scratch(),
            work: input * self.window.taps() * self.filters,
            activation: &self.activation,
            pooling: None,
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
        let products = self.products();
        let pack = |packed: &mut [f32]| products.pack_transposed(weights[0], packed);
        let input = (x, weights.get(1).copied());
        self.images().forward(
            input,
            y,
            saved,
            (products.packed_transposed(), &pack),
            |x, y, packed, scratch| {
                products.transposed_product(x, packed, y, scratch);
            },
        );
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let (products, kernel) = (self.products(), io.weights[0]);
        let needed = if io.dx.is_some() { products.packed() } else { 0 };
        let pack = |packed: &mut [f32]| {
            if !packed.is_empty() {
                products.pack(kernel, packed);
            }
        };
        self.images().backward(io, (needed, &pack), |image| {
            let ImageGradients { x, dz, dkernel, dx, shared, scratch } = image;
            if let Some(dkernel) = dkernel {
                products.add_gradient(dz, x, dkernel, scratch);
            }
            if let Some(dx) = dx {
                products.product(dz, shared, (dx, SumStart::Zero), scratch);
            }
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }

    fn with_activation(&self, activation: &Activation) -> Option<Arc<dyn Kernel>> {
        let is_free = self.activation == Activation::Linear;
        is_free.then(|| Arc::new(Self { activation: activation.clone(), ..self.clone() }) as _)
    }
}
