//! Mean absolute error, and the same in percent of the target.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::{Loss, LossBatch, LossInC};
use super::on_device::of_numbers;
use super::slices::mean_of_columns;
use super::terms::{EPSILON, absolute};
use crate::error::{Problem, Result};
use crate::target::Output;

/// `mean |y - p|` over the last axis; the gradient is 0 where they are equal.
/// Keras: `keras.losses.MeanAbsoluteError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanAbsoluteError {}

impl Loss for MeanAbsoluteError {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        Ok(absolute(&(prediction - target)?)?.mean(D::Minus1)?)
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        mean_of_columns(batch, values, gradient, |y, p| {
            let error = p - y;
            (error.abs(), if error == 0.0 { 0.0 } else { 1f32.copysign(error) })
        })
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        (width == target_width).then(|| of_numbers(RULE, [0.0; 2]))
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::same_columns("mean_absolute_error", output)
    }
}

const RULE: &str = "const float e = p - y;
    value = fabsf(e);
    slope = e == 0.0f ? 0.0f : (e < 0.0f ? -1.0f : 1.0f);";

/// `100 · mean |(y - p) / max(|y|, 1e-7)|` over the last axis.
/// Keras: `keras.losses.MeanAbsolutePercentageError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanAbsolutePercentageError {}

impl Loss for MeanAbsolutePercentageError {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let size = target.detach().abs()?.maximum(EPSILON)?;
        let error = absolute(&((prediction - target)? / size)?)?;
        Ok((error.mean(D::Minus1)? * 100.0)?)
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::same_columns("mean_absolute_percentage_error", output)
    }
}
