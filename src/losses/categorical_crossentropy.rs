//! Categorical crossentropy: one column a class.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::{Loss, LossBatch, LossInC};
use super::on_device::of_classes;
use super::slices::{clip_probability, each_row, each_softmax};
use super::terms::{axis_last, log_probability, smooth};
use crate::error::{Problem, Result};
use crate::numeric::ln;
use crate::shape::Shape;
use crate::target::{Output, Target, TargetRange};

/// `-Σ y ln p` over `axis`; p is divided by its sum and clipped to [1e-7, 1 - 1e-7], or is the
/// softmax of logits. Keras: `keras.losses.CategoricalCrossentropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CategoricalCrossentropy {
    /// Whether the predictions are logits, before the softmax. Default: false.
    pub from_logits: bool,
    /// Smooths the targets to `y (1 - s) + s / classes`; between 0 and 1. Default: 0.
    pub label_smoothing: f64,
    /// Axis of the classes. Default: -1.
    pub axis: i64,
}

impl Default for CategoricalCrossentropy {
    fn default() -> Self {
        CategoricalCrossentropy { from_logits: false, label_smoothing: 0.0, axis: -1 }
    }
}

impl Loss for CategoricalCrossentropy {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let scores = axis_last(prediction, self.axis)?; // (batch, …, classes)
        let classes = scores.dim(D::Minus1)?;
        let target = smooth(&axis_last(target, self.axis)?, self.label_smoothing, classes)?;
        let log_p = log_probability(&scores, self.from_logits)?;
        Ok((target * log_p)?.sum(D::Minus1)?.neg()?)
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        if self.axis != -1 || batch.target_width != batch.width {
            return false;
        }
        let smoothing = self.label_smoothing;
        let (keep, add) = ((1.0 - smoothing) as f32, (smoothing / batch.width as f64) as f32);
        if self.from_logits {
            each_softmax(batch, values, gradient, |target, scores, largest, log, slopes| {
                let (mut loss, mut mass) = (0.0, 0.0);
                for (y, score) in target.iter().zip(scores) {
                    let y = y * keep + add;
                    loss -= y * (score - largest - log);
                    mass += y;
                }
                for (slope, y) in slopes.iter_mut().zip(target) {
                    *slope = *slope * mass - (y * keep + add);
                }
                loss
            });
            return true;
        }
        each_row(batch, values, gradient, |target, scores, slopes| {
            let inverse = 1.0 / scores.iter().sum::<f32>();
            let (mut loss, mut mass) = (0.0, 0.0);
            for ((slope, y), score) in slopes.iter_mut().zip(target).zip(scores) {
                let y = y * keep + add;
                let (p, is_free) = clip_probability(score * inverse);
                loss -= y * ln(p);
                // by its own probability, then, below, by the sum
                *slope = if is_free { -y / p } else { 0.0 };
                mass += if is_free { y } else { 0.0 };
            }
            for slope in slopes {
                *slope = (*slope + mass) * inverse;
            }
            loss
        });
        true
    }

    fn in_c(&self, width: usize, target_width: usize) -> Option<LossInC> {
        let smoothing = self.label_smoothing;
        let numbers = [1.0 - smoothing, smoothing / width as f64].map(|number| number as f32);
        let is_here = self.axis == -1 && width == target_width;
        is_here.then(|| of_classes(self.from_logits, false, numbers))
    }

    fn from_logits(&self) -> bool {
        self.from_logits
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Probabilities
    }

    fn wanted_activation(&self, _: &Output<'_>) -> Option<&'static str> {
        (!self.from_logits).then_some("softmax")
    }

    fn supposed_target(&self, output: &Shape) -> Target {
        Target::one_hot(output)
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::within("label_smoothing", self.label_smoothing, 0.0, 1.0)?;
        checks::axis(self.axis, output)?;
        checks::categorical("categorical_crossentropy", output)?;
        checks::logits("categorical_crossentropy", self.from_logits, "softmax", output)
    }
}
