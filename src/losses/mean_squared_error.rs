//! Mean squared error.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Loss;
use crate::error::Result;

/// `mean (y - p)²` over the last axis. Keras: `keras.losses.MeanSquaredError`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanSquaredError {}

impl Loss for MeanSquaredError {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        Ok((prediction - target)?.sqr()?.mean(D::Minus1)?)
    }
}
