//! Binary crossentropy.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::{Loss, LossBatch, LossInC};
use super::on_device::of_numbers;
use super::slices::{clip_probability as clip_one, logistic, mean_of_columns};
use super::terms::{axis_last, clip_probability, smooth, softplus};
use crate::error::{Problem, Result};
use crate::numeric::ln;
use crate::shape::Shape;
use crate::target::{Output, Target, TargetRange};

/// `mean -(y ln p + (1 - y) ln (1 - p))` over `axis`, p clipped to [1e-7, 1 - 1e-7]; of logits x,
/// `mean ln (1 + e^x) - y x`. Keras: `keras.losses.BinaryCrossentropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryCrossentropy {
    /// Whether the predictions are logits, before the sigmoid. Default: false.
    pub from_logits: bool,
    /// Smooths the targets to `y (1 - s) + s / 2`; between 0 and 1. Default: 0.
    pub label_smoothing: f64,
    /// Axis of the mean. Default: -1.
    pub axis: i64,
}

impl Default for BinaryCrossentropy {
    fn default() -> Self {
        BinaryCrossentropy { from_logits: false, label_smoothing: 0.0, axis: -1 }
    }
}

impl Loss for BinaryCrossentropy {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let target = smooth(&axis_last(target, self.axis)?, self.label_smoothing, 2)?;
        let prediction = axis_last(prediction, self.axis)?;
        let each = each(&target, &prediction, self.from_logits)?;
        Ok(each.mean(D::Minus1)?)
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        if self.axis != -1 {
            return false;
        }
        let (keep, add) = (1.0 - self.label_smoothing as f32, self.label_smoothing as f32 / 2.0);
        if self.from_logits {
            return mean_of_columns(batch, values, gradient, |y, x| {
                let y = y * keep + add;
                let (log, share) = logistic(x);
                (x.max(0.0) + log - y * x, share - y)
            });
        }
        mean_of_columns(batch, values, gradient, |y, p| {
            let y = y * keep + add;
            let (p, is_free) = clip_one(p);
            let value = -(y * ln(p) + (1.0 - y) * ln(1.0 - p));
            (value, if is_free { (1.0 - y) / (1.0 - p) - y / p } else { 0.0 })
        })
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        let smoothing = self.label_smoothing as f32;
        let rule = if self.from_logits { OF_LOGITS } else { OF_PROBABILITIES };
        let is_here = self.axis == -1 && width == target_width;
        is_here.then(|| of_numbers(rule, [1.0 - smoothing, smoothing / 2.0]))
    }

    fn from_logits(&self) -> bool {
        self.from_logits
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Probabilities
    }

    fn wanted_activation(&self, _: &Output<'_>) -> Option<&'static str> {
        (!self.from_logits).then_some("sigmoid")
    }

    fn supposed_target(&self, output: &Shape) -> Target {
        Target::labels(output)
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::within("label_smoothing", self.label_smoothing, 0.0, 1.0)?;
        checks::axis(self.axis, output)?;
        checks::binary("binary_crossentropy", output)?;
        checks::logits("binary_crossentropy", self.from_logits, "sigmoid", output)
    }
}

const OF_PROBABILITIES: &str = "const float t = y * c0 + c1;
    const float q = p < 1e-7f ? 1e-7f : (p > 0.9999999f ? 0.9999999f : p);
    value = -(t * logf(q) + (1.0f - t) * logf(1.0f - q));
    slope = q == p ? (1.0f - t) / (1.0f - q) - t / q : 0.0f;";

const OF_LOGITS: &str = "const float t = y * c0 + c1, small = expf(-fabsf(p));
    value = (p > 0.0f ? p : 0.0f) + logf(1.0f + small) - t * p;
    slope = (p >= 0.0f ? 1.0f : small) / (1.0f + small) - t;";

/// The crossentropy of every number on its own.
pub(crate) fn each(target: &Tensor, prediction: &Tensor, from_logits: bool) -> Result<Tensor> {
    if from_logits {
        return Ok((softplus(prediction)? - (target * prediction)?)?);
    }
    let p = clip_probability(prediction)?;
    let ones = (target * p.log()?)?;
    let zeros = (target.affine(-1.0, 1.0)? * p.affine(-1.0, 1.0)?.log()?)?;
    Ok((ones + zeros)?.neg()?)
}
