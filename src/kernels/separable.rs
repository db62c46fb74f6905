//! Separable convolution over slices: a depthwise convolution, then one of size 1 that mixes the
//! channels.

use std::sync::Arc;

use super::conv::ConvKernel;
use super::depthwise::DepthwiseKernel;
use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::pool_windows::PoolWindows;
use crate::activations::Activation;

/// Weights: those of the depthwise part (without a bias), then those of the pointwise part.
pub struct SeparableKernel {
    /// Each channel by itself; linear.
    pub depthwise: DepthwiseKernel,
    /// The mixture.
    pub pointwise: ConvKernel,
}

impl SeparableKernel {
    /// Numbers between the two, for a batch.
    fn between(&self, x: &[f32]) -> usize {
        x.len() / self.depthwise.inputs() * self.pointwise.inputs()
    }
}

impl Kernel for SeparableKernel {
    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        saved.places(2);
        let mut inner = std::mem::take(&mut saved.inner);
        let [between] = saved.buffers([self.between(x)]);
        self.depthwise.forward(pass, x, &weights[..1], between, &mut inner[0]);
        self.pointwise.forward(pass, between, &weights[1..], y, &mut inner[1]);
        saved.inner = inner;
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, y, dy, saved, dx, dweights, .. } = io;
        saved.places(2);
        let mut inner = std::mem::take(&mut saved.inner);
        let length = self.between(x);
        let [between, dbetween] = saved.buffers([length, length]);
        let mut gradients = dweights.iter_mut().map(Option::as_deref_mut);
        let mut first = [gradients.next().flatten()];
        let mut second = [gradients.next().flatten(), gradients.next().flatten()];
        let needed = dx.is_some() || first[0].is_some();
        self.pointwise.backward(
            pass,
            Backward {
                x: between,
                weights: &weights[1..],
                y,
                dy,
                saved: &mut inner[1],
                dx: needed.then_some(&mut *dbetween),
                dweights: &mut second[..weights.len() - 1],
                touched: None,
            },
        );
        if needed {
            self.depthwise.backward(
                pass,
                Backward {
                    x,
                    weights: &weights[..1],
                    y: between,
                    dy: dbetween,
                    saved: &mut inner[0],
                    dx,
                    dweights: &mut first,
                    touched: None,
                },
            );
        }
        saved.inner = inner;
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }

    fn linear_weight(&self) -> Option<usize> {
        self.pointwise.is_free().then_some(1)
    }

    fn with_activation(&self, activation: &Activation) -> Option<Arc<dyn Kernel>> {
        let pointwise = self.pointwise.activated(activation)?;
        Some(Arc::new(SeparableKernel { depthwise: self.depthwise.clone(), pointwise }))
    }

    fn with_max_pooling(&self, windows: &PoolWindows) -> Option<Arc<dyn Kernel>> {
        let pointwise = self.pointwise.max_pooled(windows)?;
        Some(Arc::new(SeparableKernel { depthwise: self.depthwise.clone(), pointwise }))
    }
}
