//! Losses of distributions and counts: Kullback-Leibler divergence, Poisson.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::{Loss, LossBatch, LossInC};
use super::on_device::of_numbers;
use super::slices::mean_of_columns;
use super::terms::{EPSILON, clip};
use crate::error::{Problem, Result};
use crate::target::{Output, TargetRange};

/// `Σ y ln (y / p)` over the last axis, y and p clipped to [1e-7, 1].
/// Keras: `keras.losses.KLDivergence`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KlDivergence {}

impl Loss for KlDivergence {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let (y, p) = (clip(target, EPSILON, 1.0)?, clip(prediction, EPSILON, 1.0)?);
        Ok((&y * (&y / p)?.log()?)?.sum(D::Minus1)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Probabilities
    }

    fn wanted_activation(&self, _: &Output<'_>) -> Option<&'static str> {
        Some("softmax")
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::categorical("kl_divergence", output)?;
        checks::probabilities("kl_divergence", "softmax", output)
    }
}

/// `mean (p - y ln (p + 1e-7))` over the last axis. Keras: `keras.losses.Poisson`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poisson {}

impl Loss for Poisson {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let log = (prediction + EPSILON)?.log()?;
        Ok((prediction - (target * log)?)?.mean(D::Minus1)?)
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        let epsilon = EPSILON as f32;
        mean_of_columns(batch, values, gradient, |y, p| {
            (p - y * (p + epsilon).ln(), 1.0 - y / (p + epsilon))
        })
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        (width == target_width).then(|| of_numbers(POISSON, [EPSILON as f32, 0.0]))
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::NotNegative
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::same_columns("poisson", output)
    }
}

const POISSON: &str = "value = p - y * logf(p + c0);
    slope = 1.0f - y / (p + c0);";
