//! Activations: functions of one tensor, by Keras's names.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Problem, Result};
use crate::ops::simd::{exp, sigmoid, tanh, vectorize};
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

    /// True where the function can be run over slices, in place; see [`Activation::apply`].
    pub fn has_slices(&self) -> bool {
        true
    }

    /// True where the gradient is a function of the input and not of the output alone.
    pub fn needs_input(&self) -> bool {
        false
    }

    /// The function over rows of `width` numbers, in place.
    pub fn apply(&self, values: &mut [f32], width: usize) {
        match self {
            Activation::Linear => {}
            Activation::Relu => {
                values.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.0 } else { *x })
            }
            Activation::Sigmoid => vectorize(|| values.iter_mut().for_each(|x| *x = sigmoid(*x))),
            Activation::Tanh => vectorize(|| values.iter_mut().for_each(|x| *x = tanh(*x))),
            Activation::Softmax => vectorize(|| {
                for row in values.chunks_exact_mut(width) {
                    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    row.iter_mut().for_each(|x| *x = exp(*x - max));
                    let sum: f32 = row.iter().sum();
                    row.iter_mut().for_each(|x| *x /= sum);
                }
            }),
        }
    }

    /// The gradient over rows of `width` numbers: `dy` becomes the gradient of the input, given the
    /// input `x` (where [`Activation::needs_input`]) and the output `y`.
    pub fn gradient(&self, _x: &[f32], y: &[f32], dy: &mut [f32], width: usize) {
        let each = |f: fn(f32) -> f32, dy: &mut [f32]| {
            dy.iter_mut().zip(y).for_each(|(dy, y)| *dy *= f(*y));
        };
        match self {
            Activation::Linear => {}
            Activation::Relu => each(|y| if y > 0.0 { 1.0 } else { 0.0 }, dy),
            Activation::Sigmoid => each(|y| y * (1.0 - y), dy),
            Activation::Tanh => each(|y| 1.0 - y * y, dy),
            Activation::Softmax => {
                for (dy, y) in dy.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
                    let sum: f32 = dy.iter().zip(y).map(|(dy, y)| dy * y).sum();
                    dy.iter_mut().zip(y).for_each(|(dy, y)| *dy = (*dy - sum) * y);
                }
            }
        }
    }
}
