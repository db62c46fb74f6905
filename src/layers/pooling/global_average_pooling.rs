//! GlobalAveragePooling1D, 2D, 3D: the mean of each channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::spatial::DataFormat;
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// The mean of each channel, over the time steps that the mask lets count.
///
/// Unlike Keras, a sample whose steps are all masked gives 0; Keras divides 0 by 0.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, channels), or with
/// `keepdims` (batch, 1, channels).
///
/// Keras: `keras.layers.GlobalAveragePooling1D`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalAveragePooling1D {
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
    /// Whether the axes stay, with length 1. Default: false.
    pub keepdims: bool,
}

impl GlobalAveragePooling1D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "global_average_pooling1d",
            rank: 1,
            pooling: Pooling::MaskedAverage,
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}

impl Layer for GlobalAveragePooling1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The mean of each channel.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, channels), or with
/// `keepdims` (batch, 1, 1, channels).
///
/// Keras: `keras.layers.GlobalAveragePooling2D`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalAveragePooling2D {
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
    /// Whether the axes stay, with length 1. Default: false.
    pub keepdims: bool,
}

impl GlobalAveragePooling2D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "global_average_pooling2d",
            rank: 2,
            pooling: Pooling::Average,
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}

impl Layer for GlobalAveragePooling2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The mean of each channel.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, channels), or with
/// `keepdims` (batch, 1, 1, 1, channels).
///
/// Keras: `keras.layers.GlobalAveragePooling3D`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalAveragePooling3D {
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
    /// Whether the axes stay, with length 1. Default: false.
    pub keepdims: bool,
}

impl GlobalAveragePooling3D {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: "global_average_pooling3d",
            rank: 3,
            pooling: Pooling::Average,
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}

impl Layer for GlobalAveragePooling3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}
