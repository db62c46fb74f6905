//! Losses of overlapping areas, for segmentation: Dice and Tversky.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::Loss;
use super::terms::EPSILON;
use crate::error::{Problem, Result};
use crate::shape::Axes;
use crate::target::{Output, TargetRange};

/// `1 - 2 Σ y p / (Σ y + Σ p + 1e-7)` over `axis`. Keras: `keras.losses.Dice`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dice {
    /// Axes of the sums; the batch is axis 0. Default: all axes, which gives one loss for the whole
    /// batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axes>,
}

impl Loss for Dice {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let both = sum(&(target * prediction)?, self.axis.as_ref())?;
        let all = (sum(target, self.axis.as_ref())? + sum(prediction, self.axis.as_ref())?)?;
        Ok((both / (all + EPSILON)?)?.affine(-2.0, 1.0)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Probabilities
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        check_axes(self.axis.as_ref(), output)?;
        checks::binary("dice", output)
    }
}

/// `1 - I / (I + alpha Σ y (1 - p) + beta Σ (1 - y) p + 1e-7)` over `axis`, I = Σ y p.
/// Keras: `keras.losses.Tversky`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tversky {
    /// Weight of false negatives; at least 0. Default: 0.5.
    pub alpha: f64,
    /// Weight of false positives; at least 0. Default: 0.5.
    pub beta: f64,
    /// Axes of the sums; the batch is axis 0. Default: all axes, which gives one loss for the whole
    /// batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axes>,
}

impl Default for Tversky {
    fn default() -> Self {
        Tversky { alpha: 0.5, beta: 0.5, axis: None }
    }
}

impl Loss for Tversky {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let axes = self.axis.as_ref();
        let both = sum(&(target * prediction)?, axes)?;
        let missed = sum(&(target * prediction.affine(-1.0, 1.0)?)?, axes)?;
        let too_much = sum(&(target.affine(-1.0, 1.0)? * prediction)?, axes)?;
        let all = ((&both + (missed * self.alpha)?)? + (too_much * self.beta)?)?;
        Ok((both / (all + EPSILON)?)?.affine(-1.0, 1.0)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Probabilities
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::within("alpha", self.alpha, 0.0, f64::INFINITY)?;
        checks::within("beta", self.beta, 0.0, f64::INFINITY)?;
        check_axes(self.axis.as_ref(), output)?;
        checks::binary("tversky", output)
    }
}

fn sum(x: &Tensor, axes: Option<&Axes>) -> Result<Tensor> {
    let Some(axes) = axes else { return Ok(x.sum_all()?) };
    let rank = x.rank() as i64;
    let axes =
        axes.as_slice().iter().map(|axis| if *axis < 0 { axis + rank } else { *axis } as usize);
    Ok(x.sum(axes.collect::<Vec<_>>())?)
}

fn check_axes(axes: Option<&Axes>, output: &Output<'_>) -> Result<(), Problem> {
    let Some(axes) = axes else { return Ok(()) };
    let rank = output.shape.rank() as i64 + 1;
    let mut seen: Vec<i64> = axes.as_slice().iter().map(|axis| axis.rem_euclid(rank)).collect();
    seen.sort_unstable();
    seen.dedup();
    let fits = axes.as_slice().iter().all(|axis| (-rank..rank).contains(axis));
    if !fits || seen.len() != axes.as_slice().len() {
        let message = format!("`axis` must name axes of {} once each", output.shape);
        return Err(Problem::at("axis", message).help("the batch is axis 0"));
    }
    Ok(())
}
