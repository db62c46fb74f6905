//! ActivityRegularization: a penalty on what flows by.

use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::rearrange::IdentityKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Returns the input unchanged and adds `(l1 · Σ|x| + l2 · Σx²) / batch` to the loss.
    ///
    /// Keras: `keras.layers.ActivityRegularization`.
    pub struct ActivityRegularization {
        /// Factor of the sum of absolute values.
        l1: f64 = 0.0,
        /// Factor of the sum of squares.
        l2: f64 = 0.0,
    }
}

impl Layer for ActivityRegularization {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::not_negative("l1", self.l1)?;
        checks::not_negative("l2", self.l2)?;
        Ok(input.clone())
    }

    fn build(&self, _: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Penalty { l1: self.l1, l2: self.l2 }))
    }
}

struct Penalty {
    l1: f64,
    l2: f64,
}

impl Forward for Penalty {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let batch = x.dim(0)?.max(1) as f64;
        if self.l1 != 0.0 {
            let sign = x.detach().sign()?; // the gradient at 0 is 0
            context.losses.push(((x * sign)?.sum_all()? * (self.l1 / batch))?);
        }
        if self.l2 != 0.0 {
            context.losses.push((x.sqr()?.sum_all()? * (self.l2 / batch))?);
        }
        Ok(input)
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let is_nothing = self.l1 == 0.0 && self.l2 == 0.0;
        is_nothing.then(|| BoundKernel::new(IdentityKernel { drops_mask: false }, Vec::new()))
    }
}
