//! GaussianNoise.

use super::Noisy;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, adds normally distributed noise of mean 0 to each value. Output shape: same as
    /// the input.
    ///
    /// Keras: `keras.layers.GaussianNoise`, whose random numbers differ.
    pub struct GaussianNoise {
        /// Standard deviation of the noise; at least 0.
        stddev: f64,
        shared { seed }
    }
}

impl Layer for GaussianNoise {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::not_negative("stddev", self.stddev)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Additive { stddev: self.stddev };
        Ok(Noisy::boxed(rule, self.seed, &None, input, scope))
    }
}
