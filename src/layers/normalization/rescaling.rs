//! Rescaling: a constant factor and a constant addend.

use candle_core::Tensor;

use super::super::axes::{NumberList, no_empty_axis};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::affine::AffineKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// `output = input · scale + offset`. Output shape: same as the input.
    ///
    /// Keras: `keras.layers.Rescaling`.
    pub struct Rescaling {
        /// Factor: one number, or one for each position of the last axis.
        scale: NumberList,
        /// Offset: one number, or one for each position of the last axis.
        offset: NumberList = NumberList::One(0.0),
    }
}

impl Rescaling {
    /// Factors and addends: one for each place of the last axis, or one for all.
    fn constants(&self, input: &Shape) -> Result<(Vec<f64>, Vec<f64>), Problem> {
        let is_one = |numbers: &NumberList| numbers.flat().len() == 1;
        let n = if is_one(&self.scale) && is_one(&self.offset) { 1 } else { input.last() };
        Ok((self.scale.each("scale", n, input)?, self.offset.each("offset", n, input)?))
    }
}

impl Layer for Rescaling {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        no_empty_axis("rescaling", input)?;
        let (scale, offset) = self.constants(input)?;
        for (key, values) in [("scale", scale), ("offset", offset)] {
            values.iter().try_for_each(|value| checks::finite(key, *value))?;
        }
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let (scale, offset) = self.constants(input).unwrap_or_default();
        Ok(Box::new(RescalingForward { scale, offset }))
    }
}

struct RescalingForward {
    scale: Vec<f64>,
    offset: Vec<f64>,
}

impl Forward for RescalingForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let of = |values: &[f64]| Tensor::new(values, x.device())?.to_dtype(x.dtype());
        let output = x.broadcast_mul(&of(&self.scale)?)?.broadcast_add(&of(&self.offset)?)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
        Some(BoundKernel::new(
            AffineKernel { scale: single(&self.scale), offset: single(&self.offset) },
            Vec::new(),
        ))
    }
}
