//! Activation: a function by its name.

use super::Activating;
use crate::activations::Activation;
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// `output = activation(input)`. Output shape: same as the input (`glu` halves the last axis).
    ///
    /// Keras: `keras.layers.Activation`.
    pub struct ActivationLayer {
        /// Activation function, such as `relu` or `leaky_relu: {negative_slope: 0.1}`.
        activation: Activation,
    }
}

impl Layer for ActivationLayer {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.activation.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Activating::boxed(self.activation.clone(), input))
    }

    fn activation(&self) -> Option<&Activation> {
        Some(&self.activation)
    }
}
