//! An activation by itself, over slices.

use super::kernel::{Backward, Kernel, Pass, Saved};
use crate::activations::Activation;

/// `y = activation(x)`, rows of the last axis.
pub struct ActivationKernel {
    /// The function; must have slice functions.
    pub activation: Activation,
    /// The size of the last axis.
    pub width: usize,
}

impl Kernel for ActivationKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        y.copy_from_slice(x);
        self.activation.apply(y, self.width);
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        dx.copy_from_slice(io.dy);
        self.activation.gradient(io.x, io.y, dx, self.width);
    }

    fn is_identity(&self, _: bool) -> bool {
        self.activation == Activation::Linear
    }
}
