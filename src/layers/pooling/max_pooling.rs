//! MaxPooling1D, 2D, 3D: the largest number of each window.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// The largest number that each window sees, channel by channel; `padding: same` adds none.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', channels).
///
/// Keras: `keras.layers.MaxPooling1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaxPooling1D {
    /// The window's size along each axis. Default: 2.
    pub pool_size: PerAxis,
    /// How far apart windows are. Default: `pool_size`.
    pub strides: Option<PerAxis>,
    /// `valid` or `same`. Default: valid.
    pub padding: Padding,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for MaxPooling1D {
    fn default() -> Self {
        MaxPooling1D {
            pool_size: PerAxis::All(2),
            strides: None,
            padding: Padding::Valid,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl MaxPooling1D {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: "max_pooling1d",
            rank: 1,
            pooling: Pooling::Max,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl Layer for MaxPooling1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The largest number that each window sees, channel by channel; `padding: same` adds none.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, height', width', channels).
///
/// Keras: `keras.layers.MaxPooling2D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaxPooling2D {
    /// The window's size along each axis. Default: 2.
    pub pool_size: PerAxis,
    /// How far apart windows are. Default: `pool_size`.
    pub strides: Option<PerAxis>,
    /// `valid` or `same`. Default: valid.
    pub padding: Padding,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for MaxPooling2D {
    fn default() -> Self {
        MaxPooling2D {
            pool_size: PerAxis::All(2),
            strides: None,
            padding: Padding::Valid,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl MaxPooling2D {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: "max_pooling2d",
            rank: 2,
            pooling: Pooling::Max,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl Layer for MaxPooling2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The largest number that each window sees, channel by channel; `padding: same` adds none.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, depth', height', width', channels).
///
/// Keras: `keras.layers.MaxPooling3D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaxPooling3D {
    /// The window's size along each axis. Default: 2.
    pub pool_size: PerAxis,
    /// How far apart windows are. Default: `pool_size`.
    pub strides: Option<PerAxis>,
    /// `valid` or `same`. Default: valid.
    pub padding: Padding,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for MaxPooling3D {
    fn default() -> Self {
        MaxPooling3D {
            pool_size: PerAxis::All(2),
            strides: None,
            padding: Padding::Valid,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl MaxPooling3D {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: "max_pooling3d",
            rank: 3,
            pooling: Pooling::Max,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl Layer for MaxPooling3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}
