//! AdaptiveAveragePooling1D, 2D, 3D: the means of evenly spread windows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::spatial::{DataFormat, PerAxis};
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// The mean of each of as many windows as the output has places, channel by channel: along an
/// axis of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', channels).
///
/// Keras: `keras.layers.AdaptiveAveragePooling1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveAveragePooling1D {
    /// How long the axes of the output are.
    pub output_size: PerAxis,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl AdaptiveAveragePooling1D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "adaptive_average_pooling1d",
            rank: 1,
            pooling: Pooling::Average,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}

impl Layer for AdaptiveAveragePooling1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The mean of each of as many windows as the output has places, channel by channel: along an
/// axis of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, height', width', channels).
///
/// Keras: `keras.layers.AdaptiveAveragePooling2D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveAveragePooling2D {
    /// How long the axes of the output are.
    pub output_size: PerAxis,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl AdaptiveAveragePooling2D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "adaptive_average_pooling2d",
            rank: 2,
            pooling: Pooling::Average,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}

impl Layer for AdaptiveAveragePooling2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The mean of each of as many windows as the output has places, channel by channel: along an
/// axis of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, depth', height', width', channels).
///
/// Keras: `keras.layers.AdaptiveAveragePooling3D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveAveragePooling3D {
    /// How long the axes of the output are.
    pub output_size: PerAxis,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl AdaptiveAveragePooling3D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "adaptive_average_pooling3d",
            rank: 3,
            pooling: Pooling::Average,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}

impl Layer for AdaptiveAveragePooling3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}
