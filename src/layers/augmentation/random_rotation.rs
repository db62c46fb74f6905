//! RandomRotation: images turned.

use super::{Factor, FillMode, Sampling, warped};
use crate::error::Problem;
use crate::kernels::augment::Motion;
use crate::layers::configuration::configuration;
use crate::layers::spatial::DataFormat;

configuration! {
    /// In training, rotates each image about its center by a random angle.
    ///
    /// Input and output shape: (batch, height, width, channels).
    ///
    /// Keras: `keras.layers.RandomRotation`, whose random numbers differ.
    pub struct RandomRotation {
        /// Range of the angle as a fraction of a full turn, counterclockwise; 0.1 means ±36
        /// degrees.
        factor: Factor,
        shared { fill_mode, interpolation, seed, fill_value, data_format }
    }
}

impl RandomRotation {
    fn motion(&self) -> Result<Motion, Problem> {
        Ok(Motion::Rotation(self.factor.ends("factor", -1.0, 1.0)?))
    }
}

warped! { RandomRotation, "random_rotation" }
