//! GaussianDropout.

use super::Noisy;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, multiplies each value by normally distributed noise of mean 1 and variance rate
    /// / (1 - rate). Output shape: same as the input.
    ///
    /// Keras: `keras.layers.GaussianDropout`, whose random numbers differ.
    pub struct GaussianDropout {
        /// Rate of the dropout that has the same variance; at least 0, less than 1.
        rate: f64,
        shared { seed }
    }
}

impl Layer for GaussianDropout {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::below_one("rate", self.rate)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Gaussian { rate: self.rate };
        Ok(Noisy::boxed(rule, self.seed, &None, input, scope))
    }
}
