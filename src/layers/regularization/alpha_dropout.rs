//! AlphaDropout.

use super::{NoiseShape, Noisy, check_noise_shape};
use crate::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, each number is SELU's limit α' = -1.7581 with probability q = `rate`, then all are
    /// scaled by `a = ((1 - q)(1 + q α'²))^-½` and shifted by `-a α' q`, which keeps mean 0 and
    /// variance 1. Goes with `selu`. Output shape: the input's.
    ///
    /// Keras: `keras.layers.AlphaDropout`; its draws can't be reproduced.
    pub struct AlphaDropout {
        /// The share of numbers that are dropped; at least 0, less than 1.
        rate: f64,
        /// The shape of the draws, as of `dropout`. Default: a draw for each number.
        noise_shape: Option<NoiseShape> = None,
        /// A seed of the layer's own. Default: the run's.
        seed: Option<u64> = None,
    }
}

impl Layer for AlphaDropout {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::below_one("rate", self.rate)?;
        check_noise_shape(&self.noise_shape, input)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Alpha { rate: self.rate };
        Ok(Noisy::boxed(rule, self.seed, &self.noise_shape, input, scope))
    }
}
