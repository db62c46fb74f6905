//! Convolution over slices: for each image, the sums over what each position sees, without im2col.

use std::sync::{Arc, OnceLock};

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::matmul::SumStart;
use super::per_image::{ImageGradients, PerImage, can_pool};
use super::pool_windows::PoolWindows;
use super::sliding::SlidingProduct;
use super::window::SlidingWindow;
use crate::activations::Activation;

/// Weights: kernel (taps…, channels / groups, filters), then bias (filters,) where there is one.
#[derive(Clone)]
pub struct ConvKernel {
    window: SlidingWindow,
    channels: usize,
    filters: usize,
    groups: usize,
    activation: Activation,
    pooling: Option<Arc<PoolWindows>>,
    /// Made where first needed.
    products: Arc<OnceLock<SlidingProduct>>,
}

impl ConvKernel {
    /// A convolution of images of `channels` to `filters`: those of one group see the channels of
    /// that group alone. The activation must have slice functions.
    pub fn new(
        window: SlidingWindow,
        channels: usize,
        filters: usize,
        groups: usize,
        activation: Activation,
    ) -> ConvKernel {
        let (pooling, products) = (None, Arc::default());
        ConvKernel { window, channels, filters, groups, activation, pooling, products }
    }

    /// True where nothing comes after the sums.
    pub(super) fn is_free(&self) -> bool {
        self.activation == Activation::Linear && self.pooling.is_none()
    }

    /// The same with an activation, where it has none.
    pub(super) fn activated(&self, activation: &Activation) -> Option<ConvKernel> {
        self.is_free().then(|| ConvKernel { activation: activation.clone(), ..self.clone() })
    }

    /// The same with a max pooling, where it can have one.
    pub(super) fn max_pooled(&self, windows: &PoolWindows) -> Option<ConvKernel> {
        let is_free = self.pooling.is_none() && can_pool(&self.activation, windows);
        let pooling = Some(Arc::new(windows.clone()));
        is_free.then(|| ConvKernel { pooling, ..self.clone() })
    }

    fn products(&self) -> &SlidingProduct {
        let ConvKernel { window, channels, filters, groups, .. } = self;
        self.products.get_or_init(|| SlidingProduct::new(window, *channels, *filters, *groups))
    }

    /// Numbers of an input image.
    pub fn inputs(&self) -> usize {
        self.window.inputs() * self.channels
    }

    fn images(&self) -> PerImage<'_> {
        let output = self.window.positions() * self.filters;
        PerImage {
            input: self.inputs(),
            output,
            channels: self.filters,
            scratch: self.products().scratch(),
            work: output * self.window.taps() * self.channels / self.groups,
            activation: &self.activation,
            pooling: self.pooling.as_deref(),
        }
    }
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
        let products = self.products();
        let pack = |packed: &mut [f32]| products.pack(weights[0], packed);
        let input = (x, weights.get(1).copied());
        self.images().forward(
            input,
            y,
            saved,
            (products.packed(), &pack),
            |x, y, packed, scratch| {
                products.product(x, packed, y, scratch);
            },
        );
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let (products, kernel) = (self.products(), io.weights[0]);
        let needed = if io.dx.is_some() { products.packed_transposed() } else { 0 };
        let pack = |packed: &mut [f32]| {
            if !packed.is_empty() {
                products.pack_transposed(kernel, packed);
            }
        };
        self.images().backward(io, (needed, &pack), |image| {
            let ImageGradients { x, dz, dkernel, dx, shared, scratch } = image;
            if let Some(dkernel) = dkernel {
                products.add_gradient(x, dz, dkernel, scratch);
            }
            if let Some(dx) = dx {
                let dx = (dx, SumStart::Zero);
                products.transposed_product(dz, shared, dx, scratch);
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
        Some(Arc::new(self.activated(activation)?))
    }

    fn with_max_pooling(&self, windows: &PoolWindows) -> Option<Arc<dyn Kernel>> {
        Some(Arc::new(self.max_pooled(windows)?))
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // one range is meant
mod tests {
    use super::super::window::WindowAxis;
    use super::*;
    use crate::random::Random;

    /// Output, then the gradients of the input, kernel and bias, on so many threads.
    fn step(threads: usize, is_pooled: bool) -> [Vec<f32>; 4] {
        let axis = WindowAxis { input: 14, output: 7, size: 3, stride: 2, dilation: 1, before: 0 };
        let window = SlidingWindow { axes: [WindowAxis::NONE, axis, axis] };
        let activation = Activation::tanh();
        let kernel = ConvKernel::new(window, 4, 8, 2, activation);
        let ranges = [vec![0..1], vec![0..2, 2..4, 4..6], vec![0..3, 3..7]];
        let windows = PoolWindows { input: [1, 7, 7], ranges, channels: 8 };
        let outputs = if is_pooled { windows.positions() * 8 } else { 7 * 7 * 8 };
        let kernel = if is_pooled { kernel.max_pooled(&windows).unwrap() } else { kernel };
        let numbers = |n: usize| (0..n).map(|i| (i * 7919 % 101) as f32 / 50.0 - 1.0).collect();
        let x: Vec<f32> = numbers(37 * 14 * 14 * 4);
        let (weights, bias): (Vec<f32>, Vec<f32>) = (numbers(9 * 2 * 8), numbers(8));
        let random = Random::new(1);
        let pass = Pass::of_training(37, &random);
        let mut y = vec![0.0; 37 * outputs];
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
                    touched: None,
                },
            );
        });
        [y, dx, dweights, dbias]
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        for is_pooled in [false, true] {
            assert_eq!(step(1, is_pooled), step(3, is_pooled));
        }
    }
}
