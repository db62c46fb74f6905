//! RepeatVector.

use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::rearrange::RepeatKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, MaskRule, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Repeats the input n times. Drops the mask.
    ///
    /// Input shape: (batch, features). Output shape: (batch, n, features).
    ///
    /// Keras: `keras.layers.RepeatVector`.
    pub struct RepeatVector {
        /// Number of repetitions; at least 1.
        n: usize,
    }
}

impl Layer for RepeatVector {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::positive_count("n", self.n)?;
        if input.rank() != 1 {
            return Err(Problem::at(
                "",
                format!("repeat_vector takes an input (None, features), got {input}"),
            )
            .help("a `flatten` before it gives it one"));
        }
        super::product("n", &[self.n, input.last()])?;
        super::super::axes::no_empty_axis("repeat_vector", input)?;
        Ok(Shape(vec![self.n, input.last()]))
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Box::new(RepeatForward { times: self.n, features: input.last() }))
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}

struct RepeatForward {
    times: usize,
    features: usize,
}

impl Forward for RepeatForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = input.tensor.unsqueeze(1)?; // (batch, 1, features)
        let shape = (x.dim(0)?, self.times, self.features);
        Ok(Signal::new(x.broadcast_as(shape)?.contiguous()?))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        Some(BoundKernel::new(
            RepeatKernel { times: self.times, features: self.features },
            Vec::new(),
        ))
    }
}
