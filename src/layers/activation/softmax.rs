//! Softmax over any axes.

use super::super::axes::{AxisList, no_empty_axis};
use super::Activating;
use crate::activations::Activation;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::softmax::SoftmaxKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// `e^x / Σ e^x` over one axis, or over several together. Output shape: same as the input.
    ///
    /// Keras: `keras.layers.Softmax`.
    pub struct Softmax {
        shared { axis }
    }
}

impl Layer for Softmax {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        no_empty_axis("softmax", input)?;
        self.axis.of_sample("axis", input)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axes = self.axis.of_sample("axis", input).unwrap_or_default();
        if axes == [input.rank() - 1] {
            return Ok(Activating::boxed(Activation::Softmax, input));
        }
        Ok(Box::new(SoftmaxForward { dims: input.dims().to_vec(), axes }))
    }

    fn activation(&self) -> Option<&Activation> {
        (self.axis == AxisList::last()).then_some(&Activation::Softmax)
    }
}

struct SoftmaxForward {
    dims: Vec<usize>,
    /// The axes of a sample.
    axes: Vec<usize>,
}

impl Forward for SoftmaxForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let mut max = x.detach(); // cancels: has no part in the gradient
        for axis in &self.axes {
            max = max.max_keepdim(axis + 1)?;
        }
        let exp = x.broadcast_sub(&max)?.exp()?;
        let axes: Vec<usize> = self.axes.iter().map(|axis| axis + 1).collect();
        let output = exp.broadcast_div(&exp.sum_keepdim(axes)?)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let [axis] = self.axes[..] else { return None };
        let inner = self.dims[axis + 1..].iter().product();
        Some(BoundKernel::new(SoftmaxKernel { size: self.dims[axis], inner }, Vec::new()))
    }
}
