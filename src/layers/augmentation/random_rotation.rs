//! RandomRotation: images turned.

use super::{Factor, FillMode, Sampling, Warped, check, draws, image};
use crate::error::{Error, Problem, Result};
use crate::kernels::augment::{Motion, WarpKernel};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

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

impl RandomRotation {
    fn motion(&self) -> Result<Motion, Problem> {
        Ok(Motion::Rotation(self.factor.ends("factor", -1.0, 1.0)?))
    }
}

impl Layer for RandomRotation {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.motion()?;
        check("random_rotation", input, self.fill_value)
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
