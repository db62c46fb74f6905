//! Activations: functions of one tensor, by Keras's names.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Problem, Result};
use crate::shape::Shape;

/// A function that a layer applies to its output.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Activation {
    /// `x`
    #[default]
    Linear,
    /// `max(x, 0)`; the gradient at 0 is 0.
    Relu,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `e^x / Σ e^x` over the last axis.
    Softmax,
}

impl Activation {
    /// The output's shape for an input of this shape; most keep it.
    pub fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        Ok(input.clone())
    }

    /// The function, composed of candle ops whose gradients are right.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Activation::Linear => x.clone(),
            Activation::Relu => {
                let positive = x.gt(0.0)?.to_dtype(x.dtype())?;
                (x * positive)?
            }
            Activation::Sigmoid => candle_nn::ops::sigmoid(x)?,
            Activation::Tanh => x.tanh()?,
            Activation::Softmax => candle_nn::ops::softmax(x, D::Minus1)?,
        })
    }
}
