//! GlobalMaxPooling1D, 2D, 3D: the largest number of each channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::spatial::DataFormat;
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// The largest number of each channel.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, channels), or with
/// `keepdims` (batch, 1, channels).
///
/// Keras: `keras.layers.GlobalMaxPooling1D`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalMaxPooling1D {
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
    /// Whether the axes stay, with length 1. Default: false.
    pub keepdims: bool,
}

impl GlobalMaxPooling1D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "global_max_pooling1d",
            rank: 1,
            pooling: Pooling::Max,
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}

impl Layer for GlobalMaxPooling1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The largest number of each channel.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, channels), or with
/// `keepdims` (batch, 1, 1, channels).
///
/// Keras: `keras.layers.GlobalMaxPooling2D`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalMaxPooling2D {
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
    /// Whether the axes stay, with length 1. Default: false.
    pub keepdims: bool,
}

impl GlobalMaxPooling2D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "global_max_pooling2d",
            rank: 2,
            pooling: Pooling::Max,
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}

impl Layer for GlobalMaxPooling2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The largest number of each channel.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, channels), or with
/// `keepdims` (batch, 1, 1, 1, channels).
///
/// Keras: `keras.layers.GlobalMaxPooling3D`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalMaxPooling3D {
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
    /// Whether the axes stay, with length 1. Default: false.
    pub keepdims: bool,
}

impl GlobalMaxPooling3D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "global_max_pooling3d",
            rank: 3,
            pooling: Pooling::Max,
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}

impl Layer for GlobalMaxPooling3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}
