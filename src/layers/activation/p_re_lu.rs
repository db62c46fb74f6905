//! PReLU: a leaky ReLU whose slopes are learned.

use super::super::axes::sample_axis;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::broadcast::Broadcast;
use crate::kernels::p_re_lu::PReluKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope, WeightSpec};

configuration! {
    /// `x` where x > 0, elsewhere `alpha · x`. Output shape: same as the input.
    /// Weights: `alpha`, of the shape of a sample, with size 1 along the shared axes.
    ///
    /// Keras: `keras.layers.PReLU`.
    pub struct PReLU {
        initializers { alpha "the slopes" = Initializer::zeros() }
        regularizers { alpha "the slopes" }
        constraints { alpha "the slopes" }
        /// Axes along which the slopes are shared; the batch is axis 0.
        shared_axes: Option<Vec<i64>> = None,
    }
}

impl PReLU {
    /// The shape of alpha.
    fn shape(&self, input: &Shape) -> Result<Vec<usize>, Problem> {
        let mut shape = input.dims().to_vec();
        for axis in self.shared_axes.iter().flatten() {
            shape[sample_axis("shared_axes", *axis, input)?] = 1;
        }
        Ok(shape)
    }
}

impl Layer for PReLU {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        if input.rank() == 0 {
            return Err(Problem::at("", format!("p_re_lu needs at least one axis, got {input}")));
        }
        super::super::axes::no_empty_axis("p_re_lu", input)?;
        let shape = self.shape(input)?;
        self.alpha.initializer.check_shape(&shape)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let shape = self.shape(input).unwrap_or_default();
        let alpha = scope.weight(WeightSpec {
            name: "alpha",
            shape: &shape,
            options: &self.alpha,
            stored: Stored::plain("alpha"),
        })?;
        Ok(Box::new(PReluForward { alpha, spread: Broadcast::new(input.dims(), &shape) }))
    }
}

struct PReluForward {
    alpha: LayerWeight,
    spread: Broadcast,
}

impl Forward for PReluForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let zeros = x.zeros_like()?;
        let above = x.le(0.0)?.where_cond(&zeros, x)?;
        let below = x.lt(0.0)?.where_cond(x, &zeros)?;
        let output = (above + below.broadcast_mul(self.alpha.as_tensor())?)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        Some(BoundKernel::new(
            PReluKernel { spread: self.spread.clone() },
            vec![self.alpha.clone()],
        ))
    }
}
