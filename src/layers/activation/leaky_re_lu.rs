//! LeakyReLU.

use super::Activating;
use crate::activations::Activation;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// `x` where x ≥ 0, elsewhere `negative_slope · x`. Output shape: same as the input.
    ///
    /// Keras: `keras.layers.LeakyReLU`. The default slope is 0.3 here and 0.2 in the activation
    /// `leaky_relu`.
    pub struct LeakyReLU {
        /// The slope below 0.
        negative_slope: f64 = 0.3,
    }
}

impl LeakyReLU {
    /// The activation that it applies.
    pub fn function(&self) -> Activation {
        Activation::LeakyRelu { negative_slope: self.negative_slope }
    }
}

impl Layer for LeakyReLU {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::finite("negative_slope", self.negative_slope)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Activating::boxed(self.function(), input))
    }
}
