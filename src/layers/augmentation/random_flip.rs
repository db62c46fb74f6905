//! RandomFlip: images mirrored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Warped, check, draws, image};
use crate::error::{Problem, Result};
use crate::kernels::augment::{Beyond, Motion, WarpKernel};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, flips each image with probability 1/2; in both directions at once if the mode
    /// names both.
    ///
    /// Input and output shape: (batch, height, width, channels).
    ///
    /// Keras: `keras.layers.RandomFlip`, whose random numbers differ.
    pub struct RandomFlip {
        /// Direction of the flip. Default: horizontal_and_vertical.
        mode: Flips = Flips::default(),
        shared { seed, data_format }
    }
}

/// The direction of a flip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flips {
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
    /// Both.
    #[default]
    HorizontalAndVertical,
}

impl Layer for RandomFlip {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        check("random_flip", input, 0.0)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Warped(WarpKernel {
            image: image(input, self.data_format),
            motion: Motion::Flip {
                horizontal: self.mode != Flips::Vertical,
                vertical: self.mode != Flips::Horizontal,
            },
            beyond: Beyond::Nearest,
            bilinear: false,
            draws: draws(self.seed, scope),
        })))
    }
}
