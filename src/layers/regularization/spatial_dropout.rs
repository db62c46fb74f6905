//! Spatial dropout: whole channels at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{DataFormat, Forward, Layer};
use super::{NoiseShape, Noisy};
use crate::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::shape::Shape;
use crate::weights::Scope;

/// In training, each channel of a sample is 0 with probability `rate`, and divided by 1 - rate
/// otherwise. Input and output shape: (batch, steps, channels).
///
/// Keras: `keras.layers.SpatialDropout1D`; its draws can't be reproduced.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpatialDropout1D {
    /// The share of channels that are dropped; between 0 and 1.
    pub rate: f64,
    /// A seed of the layer's own. Default: the run's.
    pub seed: Option<u64>,
}

impl Layer for SpatialDropout1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        check("spatial_dropout1d", self.rate, 1, input)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Dropout { rate: self.rate };
        let shape = Some(channels(1, DataFormat::ChannelsLast));
        Ok(Noisy::boxed(rule, self.seed, &shape, input, scope))
    }
}

/// In training, each channel of a sample is 0 with probability `rate`, and divided by 1 - rate
/// otherwise. Input and output shape: (batch, height, width, channels).
///
/// Keras: `keras.layers.SpatialDropout2D`; its draws can't be reproduced.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpatialDropout2D {
    /// The share of channels that are dropped; between 0 and 1.
    pub rate: f64,
    /// A seed of the layer's own. Default: the run's.
    pub seed: Option<u64>,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl Layer for SpatialDropout2D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        check("spatial_dropout2d", self.rate, 2, input)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Dropout { rate: self.rate };
        let shape = Some(channels(2, self.data_format));
        Ok(Noisy::boxed(rule, self.seed, &shape, input, scope))
    }
}

/// In training, each channel of a sample is 0 with probability `rate`, and divided by 1 - rate
/// otherwise. Input and output shape: (batch, depth, height, width, channels).
///
/// Keras: `keras.layers.SpatialDropout3D`; its draws can't be reproduced.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpatialDropout3D {
    /// The share of channels that are dropped; between 0 and 1.
    pub rate: f64,
    /// A seed of the layer's own. Default: the run's.
    pub seed: Option<u64>,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
}

impl Layer for SpatialDropout3D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        check("spatial_dropout3d", self.rate, 3, input)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Dropout { rate: self.rate };
        let shape = Some(channels(3, self.data_format));
        Ok(Noisy::boxed(rule, self.seed, &shape, input, scope))
    }
}

fn check(layer: &str, rate: f64, rank: usize, input: &Shape) -> Result<Shape, Problem> {
    checks::fraction("rate", rate)?;
    if input.rank() != rank + 1 {
        let message = format!("{layer} takes an input of {} axes, got {input}", rank + 2);
        return Err(Problem::at("", message).help("the batch's axis counts"));
    }
    Ok(input.clone())
}

/// One draw for each channel of each sample.
fn channels(rank: usize, format: DataFormat) -> NoiseShape {
    let mut shape = vec![None];
    shape.extend(vec![Some(1); rank]);
    match format {
        DataFormat::ChannelsLast => shape.push(None),
        DataFormat::ChannelsFirst => shape.insert(1, None),
    }
    shape
}
