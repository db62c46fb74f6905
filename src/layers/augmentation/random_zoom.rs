//! RandomZoom: images nearer or farther.

use super::{Factor, FillMode, Sampling, warped};
use crate::error::Problem;
use crate::kernels::augment::Motion;
use crate::layers::configuration::configuration;
use crate::layers::spatial::DataFormat;

configuration! {
    /// In training, zooms each image by a random factor: negative factors zoom in, positive ones
    /// zoom out.
    ///
    /// Input and output shape: (batch, height, width, channels).
    ///
    /// Keras: `keras.layers.RandomZoom`, whose random numbers differ.
    pub struct RandomZoom {
        /// Range of the zoom along the height; -0.2 zooms in to four fifths of it.
        height_factor: Factor,
        /// Range of the zoom along the width. Default: the same factor as for the height.
        width_factor: Option<Factor> = None,
        shared { fill_mode, interpolation, seed, fill_value, data_format }
    }
}

impl RandomZoom {
    fn motion(&self) -> Result<Motion, Problem> {
        let height = self.height_factor.ends("height_factor", -1.0, 1.0)?;
        let width = self.width_factor.map(|factor| factor.ends("width_factor", -1.0, 1.0));
        Ok(Motion::Zoom(height, width.transpose()?))
    }
}

warped! { RandomZoom, "random_zoom" }
