//! Time distributed over slices: the inner kernel, each time step of each sample a sample.

use std::sync::Arc;

use super::kernel::{Backward, Kernel, Pass, Saved};
use crate::activations::Activation;
use crate::error::Result;

/// Weights: the inner kernel's.
pub struct TimeDistributedKernel {
    /// What runs at each step.
    pub inner: Arc<dyn Kernel>,
    /// The number of time steps.
    pub steps: usize,
}

impl Kernel for TimeDistributedKernel {
    fn check(&self, pass: &Pass<'_>, x: &[f32]) -> Result<()> {
        self.inner.check(&self.each_step(pass), x)
    }

    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        self.inner.forward(&self.each_step(pass), x, weights, y, saved);
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        self.inner.backward(&self.each_step(pass), io);
    }

    fn is_identity(&self, training: bool) -> bool {
        self.inner.is_identity(training)
    }

    fn updated<'s>(&self, weight: usize, saved: &'s Saved) -> Option<&'s [f32]> {
        self.inner.updated(weight, saved)
    }

    fn with_activation(&self, activation: &Activation) -> Option<Arc<dyn Kernel>> {
        let inner = self.inner.with_activation(activation)?;
        Some(Arc::new(TimeDistributedKernel { inner, steps: self.steps }))
    }
}

impl TimeDistributedKernel {
    fn each_step<'a>(&self, pass: &Pass<'a>) -> Pass<'a> {
        Pass { batch: pass.batch * self.steps, mask: None, ..*pass }
    }
}
