//! RandomTranslation: images moved.

use super::{Factor, FillMode, Sampling, warped};
use crate::error::Problem;
use crate::kernels::augment::Motion;
use crate::layers::configuration::configuration;
use crate::layers::spatial::DataFormat;

configuration! {
    /// In training, shifts each image by a random distance.
    ///
    /// Input and output shape: (batch, height, width, channels).
    ///
    /// Keras: `keras.layers.RandomTranslation`, whose random numbers differ.
    pub struct RandomTranslation {
        /// Range of the vertical shift as a fraction of the height; 0.2 means up to a fifth, up or
        /// down.
        height_factor: Factor,
        /// Range of the horizontal shift as a fraction of the width.
        width_factor: Factor,
        shared { fill_mode, interpolation, seed, fill_value, data_format }
    }
}

impl RandomTranslation {
    fn motion(&self) -> Result<Motion, Problem> {
        let height = self.height_factor.ends("height_factor", -1.0, 1.0)?;
        let width = self.width_factor.ends("width_factor", -1.0, 1.0)?;
        Ok(Motion::Translation(height, width))
    }
}

warped! { RandomTranslation, "random_translation" }
