//! RandomFlip: images mirrored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{DataFormat, Forward, Layer};
use super::{Warped, check, draws, image};
use crate::error::{Problem, Result};
use crate::kernels::augment::{Beyond, Motion, WarpKernel};
use crate::shape::Shape;
use crate::weights::Scope;

/// In training, each image is mirrored with probability 1/2; in both directions at once where the
/// mode names both.
///
/// Input and output shape: (batch, height, width, channels).
///
/// Keras: `keras.layers.RandomFlip`; its draws can't be reproduced.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomFlip {
    /// The direction. Default: horizontal_and_vertical.
    #[serde(default)]
    pub mode: Flips,
    /// A seed of the layer's own. Default: the run's.
    pub seed: Option<u64>,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
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
