//! Sparse categorical crossentropy: class numbers.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::{Loss, LossBatch, LossInC};
use super::on_device::of_classes;
use super::slices::{clip_probability, each_row, each_softmax};
use super::terms::{axis_last, log_probability, one_hot};
use crate::error::{Problem, Result};
use crate::numeric::ln;
use crate::shape::Shape;
use crate::target::{Output, Target, TargetRange};

/// `-ln p[y]` for class indices y of shape (batch, …) or (batch, …, 1); p is divided by its sum and
/// clipped to [1e-7, 1 - 1e-7], or is the softmax of logits.
/// Keras: `keras.losses.SparseCategoricalCrossentropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SparseCategoricalCrossentropy {
    /// Whether the predictions are logits, before the softmax. Default: false.
    pub from_logits: bool,
    /// Class whose samples are ignored. Default: none.
    pub ignore_class: Option<i64>,
    /// Axis of the classes. Default: -1.
    pub axis: i64,
}

impl Default for SparseCategoricalCrossentropy {
    fn default() -> Self {
        SparseCategoricalCrossentropy { from_logits: false, ignore_class: None, axis: -1 }
    }
}

impl Loss for SparseCategoricalCrossentropy {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let scores = axis_last(prediction, self.axis)?; // (batch, …, classes)
        let numbers = class_numbers(target, prediction)?; // (batch, …)
        let hot = one_hot(&numbers, scores.dim(D::Minus1)?)?;
        let log_p = log_probability(&scores, self.from_logits)?;
        let loss = (hot * log_p)?.sum(D::Minus1)?.neg()?;
        match self.mask(&numbers, prediction)? {
            Some(mask) => Ok((loss * mask)?),
            None => Ok(loss),
        }
    }

    fn mask(&self, target: &Tensor, prediction: &Tensor) -> Result<Option<Tensor>> {
        let Some(ignored) = self.ignore_class else { return Ok(None) };
        let numbers = class_numbers(target, prediction)?;
        Ok(Some(numbers.detach().ne(ignored as f64)?.to_dtype(numbers.dtype())?))
    }

    fn value_and_gradient(
        &self,
        batch: &LossBatch<'_>,
        values: &mut [f32],
        gradient: &mut [f32],
    ) -> bool {
        if self.axis != -1 || self.ignore_class.is_some() || batch.target_width != 1 {
            return false;
        }
        if self.from_logits {
            each_softmax(batch, values, gradient, |target, scores, largest, log, slopes| {
                let Some(class) = class_of(target[0], scores.len()) else {
                    slopes.fill(0.0);
                    return 0.0;
                };
                slopes[class] -= 1.0;
                log + (largest - scores[class])
            });
            return true;
        }
        each_row(batch, values, gradient, |target, scores, slopes| {
            let Some(class) = class_of(target[0], scores.len()) else {
                slopes.fill(0.0);
                return 1.0;
            };
            let inverse = 1.0 / scores.iter().sum::<f32>();
            let (p, is_free) = clip_probability(scores[class] * inverse);
            slopes.fill(if is_free { inverse } else { 0.0 });
            slopes[class] -= if is_free { inverse / p } else { 0.0 };
            p
        });
        for value in values {
            *value = -ln(*value); // of all rows at once
        }
        true
    }

    fn in_c(&self, _: usize, target_width: usize) -> Option<LossInC> {
        let is_here = self.axis == -1 && self.ignore_class.is_none() && target_width == 1;
        is_here.then(|| of_classes(self.from_logits, true, [0.0; 2]))
    }

    fn from_logits(&self) -> bool {
        self.from_logits
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::ClassNumbers
    }

    fn wanted_activation(&self, _: &Output<'_>) -> Option<&'static str> {
        (!self.from_logits).then_some("softmax")
    }

    fn supposed_target(&self, output: &Shape) -> Target {
        Target::Classes(output.last())
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::axis(self.axis, output)?;
        if self.axis == -1 {
            checks::sparse("sparse_categorical_crossentropy", output)?;
        }
        checks::logits("sparse_categorical_crossentropy", self.from_logits, "softmax", output)
    }
}

/// The class that a target is the number of, if it is one's.
fn class_of(target: f32, classes: usize) -> Option<usize> {
    let class = target as usize; // 0 for negative numbers and for NaN
    (class as f32 == target && class < classes).then_some(class)
}

/// Class numbers without a last axis of 1.
pub(crate) fn class_numbers(target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
    if target.rank() == prediction.rank() && target.dims().last() == Some(&1) {
        return Ok(target.squeeze(D::Minus1)?);
    }
    Ok(target.clone())
}
