//! GaussianDropout.

use super::Noisy;
use crate::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, each number is multiplied by a normal one of mean 1 and variance
    /// rate / (1 - rate). Output shape: the input's.
    ///
    /// Keras: `keras.layers.GaussianDropout`; its draws can't be reproduced.
    pub struct GaussianDropout {
        /// The rate of a dropout with the same variance; at least 0, less than 1.
        rate: f64,
        /// A seed of the layer's own. Default: the run's.
        seed: Option<u64> = None,
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
