//! RandomRotation: images turned.

use super::{Factor, FillMode, Sampling, Warped, check, draws, image};
use crate::error::{Problem, Result};
use crate::kernels::augment::{Motion, WarpKernel};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, each image is turned around its middle.
    ///
    /// Input and output shape: (batch, height, width, channels).
    ///
    /// Keras: `keras.layers.RandomRotation`; its draws can't be reproduced.
    pub struct RandomRotation {
        /// The range of the angle as a share of a full turn, counterclockwise; 0.1 is ±36 degrees.
        factor: Factor,
        /// What stands beyond the edges. Default: reflect.
        fill_mode: FillMode = FillMode::default(),
        /// How a place between pixels is read. Default: bilinear.
        interpolation: Sampling = Sampling::default(),
        /// A seed of the layer's own. Default: the run's.
        seed: Option<u64> = None,
        /// What `fill_mode: constant` fills with.
        fill_value: f64 = 0.0,
        /// Where the channels stand.
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
        let motion = self.motion().map_err(|problem| crate::Error::Internal(problem.message))?;
        Ok(Box::new(Warped(WarpKernel {
            image: image(input, self.data_format),
            motion,
            beyond: self.fill_mode.beyond(self.fill_value),
            bilinear: self.interpolation == Sampling::Bilinear,
            draws: draws(self.seed, scope),
        })))
    }
}
