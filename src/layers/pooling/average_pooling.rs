//! AveragePooling1D, 2D, 3D: the mean of each window.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// The mean of what each window sees, channel by channel; what `padding: same` adds does not count.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', channels).
///
/// Keras: `keras.layers.AveragePooling1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePooling1D {
    /// The window's size along each axis. Default: 2.
    pub pool_size: PerAxis,
    /// How far apart windows are. Default: `pool_size`.
    pub strides: Option<PerAxis>,
    /// `valid` or `same`. Default: valid.
    pub padding: Padding,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for AveragePooling1D {
    fn default() -> Self {
        AveragePooling1D {
            pool_size: PerAxis::All(2),
            strides: None,
            padding: Padding::Valid,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl AveragePooling1D {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: "average_pooling1d",
            rank: 1,
            pooling: Pooling::Average,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl Layer for AveragePooling1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The mean of what each window sees, channel by channel; what `padding: same` adds does not count.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, height', width', channels).
///
/// Keras: `keras.layers.AveragePooling2D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePooling2D {
    /// The window's size along each axis. Default: 2.
    pub pool_size: PerAxis,
    /// How far apart windows are. Default: `pool_size`.
    pub strides: Option<PerAxis>,
    /// `valid` or `same`. Default: valid.
    pub padding: Padding,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for AveragePooling2D {
    fn default() -> Self {
        AveragePooling2D {
            pool_size: PerAxis::All(2),
            strides: None,
            padding: Padding::Valid,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl AveragePooling2D {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: "average_pooling2d",
            rank: 2,
            pooling: Pooling::Average,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl Layer for AveragePooling2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}

/// The mean of what each window sees, channel by channel; what `padding: same` adds does not count.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, depth', height', width', channels).
///
/// Keras: `keras.layers.AveragePooling3D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePooling3D {
    /// The window's size along each axis. Default: 2.
    pub pool_size: PerAxis,
    /// How far apart windows are. Default: `pool_size`.
    pub strides: Option<PerAxis>,
    /// `valid` or `same`. Default: valid.
    pub padding: Padding,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for AveragePooling3D {
    fn default() -> Self {
        AveragePooling3D {
            pool_size: PerAxis::All(2),
            strides: None,
            padding: Padding::Valid,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl AveragePooling3D {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: "average_pooling3d",
            rank: 3,
            pooling: Pooling::Average,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl Layer for AveragePooling3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }
}
