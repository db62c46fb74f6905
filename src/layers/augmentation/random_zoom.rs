//! RandomZoom: images nearer or farther.

use super::{Factor, FillMode, Sampling, Warped, check, draws, image};
use crate::error::{Error, Problem, Result};
use crate::kernels::augment::{Motion, WarpKernel};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

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
        /// How points outside of the image are filled. Default: reflect.
        fill_mode: FillMode = FillMode::default(),
        /// How values between pixels are interpolated. Default: bilinear.
        interpolation: Sampling = Sampling::default(),
        /// Seed of the layer's random numbers. Default: the seed of the run.
        seed: Option<u64> = None,
        /// Value used by `fill_mode: constant`.
        fill_value: f64 = 0.0,
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

impl RandomZoom {
    fn motion(&self) -> Result<Motion, Problem> {
        let height = self.height_factor.ends("height_factor", -1.0, 1.0)?;
        let width = self.width_factor.map(|factor| factor.ends("width_factor", -1.0, 1.0));
        Ok(Motion::Zoom(height, width.transpose()?))
    }
}

impl Layer for RandomZoom {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.motion()?;
        check("random_zoom", input, self.fill_value)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let motion = self.motion().map_err(|problem| Error::Internal(problem.message))?;
        Ok(Box::new(Warped(WarpKernel {
            image: image(input, self.data_format),
            motion,
            beyond: self.fill_mode.beyond(self.fill_value),
            bilinear: self.interpolation == Sampling::Bilinear,
            draws: draws(self.seed, scope),
        })))
    }
}
