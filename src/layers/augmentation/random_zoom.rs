//! RandomZoom: images nearer or farther.

use super::{Factor, FillMode, Sampling, Warped, check, draws, image};
use crate::error::{Problem, Result};
use crate::kernels::augment::{Motion, WarpKernel};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, each image is seen from nearer (negative factors) or farther (positive ones).
    ///
    /// Input and output shape: (batch, height, width, channels).
    ///
    /// Keras: `keras.layers.RandomZoom`; its draws can't be reproduced.
    pub struct RandomZoom {
        /// The range of the zoom along the height; -0.2 shows four fifths of it.
        height_factor: Factor,
        /// The range of the zoom along the width. Default: the same draw as the height's.
        width_factor: Option<Factor> = None,
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
