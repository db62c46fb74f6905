//! Layers that apply a function to each number, or to each row.

mod activation_layer;
mod elu;
mod leaky_re_lu;
mod p_re_lu;
mod re_lu;
mod softmax;

pub use activation_layer::ActivationLayer;
pub use elu::Elu;
pub use leaky_re_lu::LeakyReLU;
pub use p_re_lu::PReLU;
pub use re_lu::ReLU;
pub use softmax::Softmax;

use crate::activations::Activation;
use crate::error::Result;
use crate::kernels::BoundKernel;
use crate::kernels::activation::ActivationKernel;
use crate::layers::layer::{Context, Forward, Signal};
use crate::layers::precision::finish;
use crate::shape::Shape;

/// The runtime half of a layer that is an activation by itself.
struct Activating {
    activation: Activation,
    width: usize,
}

impl Activating {
    fn boxed(activation: Activation, input: &Shape) -> Box<dyn Forward> {
        Box::new(Activating { activation, width: input.last() })
    }
}

impl Forward for Activating {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let output = finish(&input.tensor, None, &self.activation)?;
        Ok(input.with(output))
    }

    fn computes_in_bf16(&self) -> bool {
        true
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        if !self.activation.has_slices() {
            return None;
        }
        let (activation, width) = (self.activation.clone(), self.width);
        Some(BoundKernel::new(ActivationKernel { activation, width }, Vec::new()))
    }
}
