//! Cropping1D, 2D, 3D: less of each axis.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Resample, ResampledAxis};
use crate::error::{Problem, Result};
use crate::layers::spatial::{DataFormat, Margins, checked};
use crate::layers::{Forward, Layer};
use crate::shape::Shape;
use crate::weights::Scope;

/// The input without its ends along each axis.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', channels).
///
/// Keras: `keras.layers.Cropping1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cropping1D {
    /// How much is left out: a number or `[before, after]`. Default: 1.
    pub cropping: Margins,
}

impl Default for Cropping1D {
    fn default() -> Self {
        Cropping1D { cropping: Margins::All(1) }
    }
}

impl Cropping1D {
    fn resample(&self) -> Result<Resample, Problem> {
        let axes = self
            .cropping
            .axes("cropping", 1)?
            .map(|(before, after)| ResampledAxis::Crop(before, after));
        Ok(Resample { layer: "cropping1d", rank: 1, axes, format: DataFormat::ChannelsLast })
    }
}

impl Layer for Cropping1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.resample()?.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        checked(self.resample())?.build(input)
    }
}

/// The input without its ends along each axis.
///
/// Input shape: (batch, height, width, channels). Output shape: (batch, height', width', channels).
///
/// Keras: `keras.layers.Cropping2D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cropping2D {
    /// How much is left out: a number, `[height, width]` or `[[top, bottom], [left, right]]`. Default: 0.
    pub cropping: Margins,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for Cropping2D {
    fn default() -> Self {
        Cropping2D { cropping: Margins::All(0), data_format: DataFormat::ChannelsLast }
    }
}

impl Cropping2D {
    fn resample(&self) -> Result<Resample, Problem> {
        let axes = self
            .cropping
            .axes("cropping", 2)?
            .map(|(before, after)| ResampledAxis::Crop(before, after));
        Ok(Resample { layer: "cropping2d", rank: 2, axes, format: self.data_format })
    }
}

impl Layer for Cropping2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.resample()?.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        checked(self.resample())?.build(input)
    }
}

/// The input without its ends along each axis.
///
/// Input shape: (batch, depth, height, width, channels). Output shape: (batch, depth', height', width', channels).
///
/// Keras: `keras.layers.Cropping3D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cropping3D {
    /// How much is left out: a number, one for each axis, or a pair `[before, after]` for each. Default: 1.
    pub cropping: Margins,
    /// Where the channels stand. Default: channels_last.
    pub data_format: DataFormat,
}

impl Default for Cropping3D {
    fn default() -> Self {
        Cropping3D { cropping: Margins::All(1), data_format: DataFormat::ChannelsLast }
    }
}

impl Cropping3D {
    fn resample(&self) -> Result<Resample, Problem> {
        let axes = self
            .cropping
            .axes("cropping", 3)?
            .map(|(before, after)| ResampledAxis::Crop(before, after));
        Ok(Resample { layer: "cropping3d", rank: 3, axes, format: self.data_format })
    }
}

impl Layer for Cropping3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.resample()?.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        checked(self.resample())?.build(input)
    }
}
