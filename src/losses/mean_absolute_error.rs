//! Mean absolute error, and the same in percent of the target.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Loss;
use super::terms::{EPSILON, absolute};
use crate::error::Result;

/// `mean |y - p|` over the last axis; the gradient is 0 where they are equal.
/// Keras: `keras.losses.MeanAbsoluteError`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanAbsoluteError {}

impl Loss for MeanAbsoluteError {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        Ok(absolute(&(prediction - target)?)?.mean(D::Minus1)?)
    }
}

/// `100 · mean |(y - p) / max(|y|, 1e-7)|` over the last axis.
/// Keras: `keras.losses.MeanAbsolutePercentageError`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanAbsolutePercentageError {}

impl Loss for MeanAbsolutePercentageError {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let size = target.detach().abs()?.maximum(EPSILON)?;
        let error = absolute(&((prediction - target)? / size)?)?;
        Ok((error.mean(D::Minus1)? * 100.0)?)
    }
}
