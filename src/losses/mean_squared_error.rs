//! Mean squared error, and the same of logarithms.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::{Loss, LossBatch, LossInC};
use super::on_device::of_numbers;
use super::slices::mean_of_columns;
use super::terms::{EPSILON, at_least};
use crate::error::{Problem, Result};
use crate::target::{Output, TargetRange};

/// `mean (y - p)²` over the last axis. Keras: `keras.losses.MeanSquaredError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanSquaredError {}

impl Loss for MeanSquaredError {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        Ok((prediction - target)?.sqr()?.mean(D::Minus1)?)
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        mean_of_columns(batch, values, gradient, |y, p| {
            let error = p - y;
            (error * error, 2.0 * error)
        })
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        (width == target_width).then(|| {
            of_numbers("const float e = p - y; value = e * e; slope = 2.0f * e;", [0.0; 2])
        })
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::same_columns("mean_squared_error", output)
    }
}

/// `mean (ln (1 + max(p, 1e-7)) - ln (1 + max(y, 1e-7)))²` over the last axis; the gradient is 0
/// where p is under 1e-7. Keras: `keras.losses.MeanSquaredLogarithmicError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanSquaredLogarithmicError {}

impl Loss for MeanSquaredLogarithmicError {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let log = |x: &Tensor| -> Result<Tensor> { Ok((at_least(x, EPSILON)? + 1.0)?.log()?) };
        Ok((log(prediction)? - log(target)?)?.sqr()?.mean(D::Minus1)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::NotNegative
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::same_columns("mean_squared_logarithmic_error", output)
    }
}
