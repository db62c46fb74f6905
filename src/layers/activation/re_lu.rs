//! ReLU.

use super::Activating;
use crate::activations::Activation;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// `max_value` where x is above it, x where it is above `threshold`, elsewhere `negative_slope
    /// · (x - threshold)`. Output shape: same as the input.
    ///
    /// Keras: `keras.layers.ReLU`.
    pub struct ReLU {
        /// Largest output; at least 0.
        max_value: Option<f64> = None,
        /// Slope below the threshold; at least 0.
        negative_slope: f64 = 0.0,
        /// Inputs at or below it are cut off; at least 0.
        threshold: f64 = 0.0,
    }
}

impl ReLU {
    /// The activation that it applies.
    pub fn function(&self) -> Activation {
        let ReLU { max_value, negative_slope, threshold } = *self;
        Activation::Relu { max_value, negative_slope, threshold }
    }
}

impl Layer for ReLU {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::not_negative("negative_slope", self.negative_slope)?;
        checks::not_negative("threshold", self.threshold)?;
        checks::not_negative("max_value", self.max_value.unwrap_or(0.0))?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Activating::boxed(self.function(), input))
    }
}
