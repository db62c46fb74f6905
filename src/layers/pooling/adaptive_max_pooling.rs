//! AdaptiveMaxPooling1D, 2D, 3D: the largest numbers of evenly spread windows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::spatial::{DataFormat, PerAxis};
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// The largest number of each of as many windows as the output has places, channel by channel: along an
/// axis of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', channels).
///
/// Keras: `keras.layers.AdaptiveMaxPooling1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveMaxPooling1D {
    /// How long the axes of the output are.
    pub output_size: PerAxis,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl AdaptiveMaxPooling1D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "adaptive_max_pooling1d",
            rank: 1,
            pooling: Pooling::Max,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}

impl Layer for AdaptiveMaxPooling1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The largest number of each of as many windows as the output has places, channel by channel: along an
/// axis of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, height', width', channels).
///
/// Keras: `keras.layers.AdaptiveMaxPooling2D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveMaxPooling2D {
    /// How long the axes of the output are.
    pub output_size: PerAxis,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl AdaptiveMaxPooling2D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "adaptive_max_pooling2d",
            rank: 2,
            pooling: Pooling::Max,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}

impl Layer for AdaptiveMaxPooling2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The largest number of each of as many windows as the output has places, channel by channel: along an
/// axis of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, depth', height', width', channels).
///
/// Keras: `keras.layers.AdaptiveMaxPooling3D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveMaxPooling3D {
    /// How long the axes of the output are.
    pub output_size: PerAxis,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl AdaptiveMaxPooling3D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "adaptive_max_pooling3d",
            rank: 3,
            pooling: Pooling::Max,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}

impl Layer for AdaptiveMaxPooling3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}
