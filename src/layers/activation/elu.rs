//! ELU.

use super::Activating;
use crate::activations::Activation;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// `x` where x > 0, elsewhere `alpha · (e^x - 1)`. Output shape: same as the input.
    ///
    /// Keras: `keras.layers.ELU`.
    pub struct Elu {
        /// The scale of the negative part.
        alpha: f64 = 1.0,
    }
}

impl Elu {
    /// The activation that it applies.
    pub fn function(&self) -> Activation {
        Activation::Elu { alpha: self.alpha }
    }
}

impl Layer for Elu {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::finite("alpha", self.alpha)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Activating::boxed(self.function(), input))
    }
}
