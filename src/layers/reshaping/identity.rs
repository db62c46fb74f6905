//! Identity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::rearrange::IdentityKernel;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

/// Returns the input unchanged.
///
/// Keras: `keras.layers.Identity`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {}

impl Layer for Identity {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        Ok(input.clone())
    }

    fn build(&self, _: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Box::new(IdentityForward))
    }
}

struct IdentityForward;

impl Forward for IdentityForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        Ok(input)
    }

    fn computes_in_bf16(&self) -> bool {
        true
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        Some(BoundKernel::new(IdentityKernel { drops_mask: false }, Vec::new()))
    }
}
