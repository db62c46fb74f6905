//! ZeroPadding1D, 2D, 3D: zeros around.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Resample, ResampledAxis};
use crate::error::{Problem, Result};
use crate::layers::spatial::{DataFormat, Margins, checked};
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// Zeros before and after each axis.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', channels).
///
/// Keras: `keras.layers.ZeroPadding1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroPadding1D {
    /// How much is added: a number or `[before, after]`. Default: 1.
    pub padding: Margins,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for ZeroPadding1D {
    fn default() -> Self {
        ZeroPadding1D { padding: Margins::All(1), data_format: DataFormat::ChannelsLast }
    }
}

impl ZeroPadding1D {
    fn resample(&self) -> Result<Resample, Problem> {
        let axes = self
            .padding
            .axes("padding", 1)?
            .map(|(before, after)| ResampledAxis::Pad(before, after));
        Ok(Resample { layer: "zero_padding1d", rank: 1, axes, format: self.data_format })
    }
}

impl Layer for ZeroPadding1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.resample()?.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        checked(self.resample())?.build(input)
    }
}

/// Zeros before and after each axis.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, height', width', channels).
///
/// Keras: `keras.layers.ZeroPadding2D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroPadding2D {
    /// How much is added: a number, `[height, width]` or `[[top, bottom], [left, right]]`. Default: 1.
    pub padding: Margins,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for ZeroPadding2D {
    fn default() -> Self {
        ZeroPadding2D { padding: Margins::All(1), data_format: DataFormat::ChannelsLast }
    }
}

impl ZeroPadding2D {
    fn resample(&self) -> Result<Resample, Problem> {
        let axes = self
            .padding
            .axes("padding", 2)?
            .map(|(before, after)| ResampledAxis::Pad(before, after));
        Ok(Resample { layer: "zero_padding2d", rank: 2, axes, format: self.data_format })
    }
}

impl Layer for ZeroPadding2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.resample()?.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        checked(self.resample())?.build(input)
    }
}

/// Zeros before and after each axis.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, depth', height', width', channels).
///
/// Keras: `keras.layers.ZeroPadding3D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroPadding3D {
    /// How much is added: a number, one for each axis, or a pair `[before, after]` for each. Default: 1.
    pub padding: Margins,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for ZeroPadding3D {
    fn default() -> Self {
        ZeroPadding3D { padding: Margins::All(1), data_format: DataFormat::ChannelsLast }
    }
}

impl ZeroPadding3D {
    fn resample(&self) -> Result<Resample, Problem> {
        let axes = self
            .padding
            .axes("padding", 3)?
            .map(|(before, after)| ResampledAxis::Pad(before, after));
        Ok(Resample { layer: "zero_padding3d", rank: 3, axes, format: self.data_format })
    }
}

impl Layer for ZeroPadding3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.resample()?.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        checked(self.resample())?.build(input)
    }
}
