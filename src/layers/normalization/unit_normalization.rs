//! UnitNormalization: rows of length 1.

use super::super::axes::AxisList;
use super::{are_last, needs_an_axis, width};
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::unit_norm::{SMALLEST, UnitNormKernel};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// `output = input · min(1 / √(Σ input²), 1e12)`, with the sum over the given axes of each
    /// sample. Output shape: same as the input.
    ///
    /// Keras: `keras.layers.UnitNormalization`.
    pub struct UnitNormalization {
        shared { axis }
    }
}

impl Layer for UnitNormalization {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        needs_an_axis("unit_normalization", input)?;
        self.axis.of_sample("axis", input)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axes = self.axis.of_sample("axis", input).unwrap_or_default();
        Ok(Box::new(UnitNormForward { input: input.clone(), axes }))
    }
}

struct UnitNormForward {
    input: Shape,
    /// Of a sample, sorted.
    axes: Vec<usize>,
}

impl Forward for UnitNormForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let axes: Vec<usize> = self.axes.iter().map(|axis| axis + 1).collect();
        let squares = x.sqr()?.sum_keepdim(axes)?;
        // The square root of 0 has no gradient, so it is taken of 1 there.
        let is_small = squares.le(f64::from(SMALLEST))?;
        let length = is_small.where_cond(&squares.ones_like()?, &squares)?.sqrt()?;
        let factor = is_small.where_cond(&(length.ones_like()? * 1e12)?, &length.recip()?)?;
        let output = x.broadcast_mul(&factor)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let width = width(&self.axes, &self.input);
        are_last(&self.axes, &self.input)
            .then(|| BoundKernel::new(UnitNormKernel { width }, Vec::new()))
    }
}
