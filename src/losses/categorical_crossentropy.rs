//! Categorical crossentropy: one column a class.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::terms::{axis_last, log_probability, smooth};
use super::{Loss, Output, checks};
use crate::error::{Problem, Result};

/// `-Σ y ln p` over `axis`; p is divided by its sum and clipped to [1e-7, 1 - 1e-7], or is the
/// softmax of logits. Keras: `keras.losses.CategoricalCrossentropy`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CategoricalCrossentropy {
    /// Whether the predictions are scores before the softmax. Default: false.
    pub from_logits: bool,
    /// Moves the target to `y (1 - s) + s / classes`; from 0 to 1. Default: 0.
    pub label_smoothing: f64,
    /// The axis of the classes. Default: -1.
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

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::within("label_smoothing", self.label_smoothing, 0.0, 1.0)?;
        checks::axis(self.axis, output)?;
        checks::categorical("categorical_crossentropy", output)?;
        checks::logits("categorical_crossentropy", self.from_logits, "softmax", output)
    }
}
