//! GaussianNoise.

use super::Noisy;
use crate::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, a normal number of mean 0 is added to each number. Output shape: the input's.
    ///
    /// Keras: `keras.layers.GaussianNoise`; its draws can't be reproduced.
    pub struct GaussianNoise {
        /// The standard deviation of the noise; not negative.
        stddev: f64,
        /// A seed of the layer's own. Default: the run's.
        seed: Option<u64> = None,
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
