//! Losses between squared and absolute error: Huber, and the logarithm of the hyperbolic cosine.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::{Loss, LossBatch, LossInC};
use super::on_device::of_numbers;
use super::slices::{logistic, mean_of_columns};
use super::terms::{absolute, softplus};
use crate::error::{Problem, Result};
use crate::target::Output;

/// The mean over the last axis of `e² / 2` where `|e| <= delta` and `delta |e| - delta² / 2`
/// elsewhere, e = y - p. Keras: `keras.losses.Huber`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Huber {
    /// Error at which the loss changes from quadratic to linear; greater than 0. Default: 1.
    pub delta: f64,
}

impl Default for Huber {
    fn default() -> Self {
        Huber { delta: 1.0 }
    }
}

impl Loss for Huber {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let error = (prediction - target)?;
        let size = absolute(&error)?;
        let parabola = (error.sqr()? * 0.5)?;
        let line = size.affine(self.delta, -0.5 * self.delta * self.delta)?;
        let is_near = size.detach().le(self.delta)?;
        Ok(is_near.where_cond(&parabola, &line)?.mean(D::Minus1)?)
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        let delta = self.delta as f32;
        let offset = (-0.5 * self.delta * self.delta) as f32;
        mean_of_columns(batch, values, gradient, |y, p| {
            let error = p - y;
            let size = error.abs();
            if size <= delta {
                (0.5 * error * error, error)
            } else {
                (size * delta + offset, delta.copysign(error))
            }
        })
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        let numbers = [self.delta, -0.5 * self.delta * self.delta].map(|number| number as f32);
        (width == target_width).then(|| of_numbers(HUBER, numbers))
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::positive("delta", self.delta)?;
        checks::same_columns("huber", output)
    }
}

const HUBER: &str = "const float e = p - y, size = fabsf(e);
    if (size <= c0) {
        value = 0.5f * e * e;
        slope = e;
    } else {
        value = size * c0 + c1;
        slope = e < 0.0f ? -c0 : c0;
    }";

/// `mean ln cosh (p - y)` over the last axis, as `x + ln (1 + e^-2x) - ln 2`.
/// Keras: `keras.losses.LogCosh`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogCosh {}

impl Loss for LogCosh {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let error = (prediction - target)?;
        let each = ((&error + softplus(&(&error * -2.0)?)?)? - std::f64::consts::LN_2)?;
        Ok(each.mean(D::Minus1)?)
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        mean_of_columns(batch, values, gradient, |y, p| {
            let error = p - y;
            let (log, share) = logistic(2.0 * error);
            (error.abs() + log - std::f32::consts::LN_2, 2.0 * share - 1.0)
        })
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        (width == target_width).then(|| of_numbers(LOG_COSH, [std::f32::consts::LN_2, 0.0]))
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::same_columns("log_cosh", output)
    }
}

const LOG_COSH: &str = "const float e = p - y, size = fabsf(e), small = expf(-2.0f * size);
    value = size + logf(1.0f + small) - c0;
    slope = (1.0f - small) / (1.0f + small);
    if (e < 0.0f) slope = -slope;";
