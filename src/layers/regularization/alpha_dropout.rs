//! AlphaDropout.

use super::{NoiseShape, Noisy, check_noise_shape};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, sets each value to SELU's negative saturation value α' = -1.7581 with
    /// probability q = `rate`, then scales all by `a = ((1 - q)(1 + q α'²))^-½` and shifts them by
    /// `-a α' q`, so that mean 0 and variance 1 are kept. Use it with `selu`. Output shape: same as
    /// the input.
    ///
    /// Keras: `keras.layers.AlphaDropout`, whose random numbers differ.
    pub struct AlphaDropout {
        /// Fraction of the values to drop; at least 0, less than 1.
        rate: f64,
        /// Shape of the dropout mask, as for `dropout`. Default: the shape of the input.
        noise_shape: Option<NoiseShape> = None,
        shared { seed }
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
