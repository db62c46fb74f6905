//! Dropout.

use super::{NoiseShape, Noisy, check_noise_shape};
use crate::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, each number is 0 with probability `rate`, and divided by 1 - rate otherwise. Output
    /// shape: the input's.
    ///
    /// Keras: `keras.layers.Dropout`; its draws can't be reproduced.
    pub struct Dropout {
        /// The share of numbers that are dropped; between 0 and 1.
        rate: f64,
        /// The shape of the draws, the batch's size first: null for the input's size, 1 for one draw
        /// that serves the whole axis, as in `[null, 1, null]`. Default: a draw for each number.
        noise_shape: Option<NoiseShape> = None,
        /// A seed of the layer's own. Default: the run's.
        seed: Option<u64> = None,
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
