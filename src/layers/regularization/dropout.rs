//! Dropout.

use super::{NoiseShape, Noisy, check_noise_shape};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, sets each value to 0 with probability `rate` and divides the others by 1 -
    /// rate. Output shape: same as the input.
    ///
    /// Keras: `keras.layers.Dropout`, whose random numbers differ.
    pub struct Dropout {
        /// Fraction of the values to drop; between 0 and 1.
        rate: f64,
        /// Shape of the dropout mask, the batch first: null for the size of the input, 1 for a mask
        /// shared along the axis, as in `[null, 1, null]`. Default: the shape of the input.
        noise_shape: Option<NoiseShape> = None,
        shared { seed }
    }
}

impl Dropout {
    /// A dropout with Keras's defaults.
    pub fn new(rate: f64) -> Self {
        Dropout { rate, noise_shape: None, seed: None }
    }
}

impl Layer for Dropout {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::fraction("rate", self.rate)?;
        check_noise_shape(&self.noise_shape, input)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Dropout { rate: self.rate };
        Ok(Noisy::boxed(rule, self.seed, &self.noise_shape, input, scope))
    }
}
