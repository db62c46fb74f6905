//! Focal crossentropies: crossentropies in which what is right already counts less.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binary_crossentropy::each;
use super::checks;
use super::loss::Loss;
use super::terms::{axis_last, clip_probability, log_softmax, sigmoid, smooth};
use crate::error::{Problem, Result};
use crate::shape::Shape;
use crate::target::{Output, Target, TargetRange};

/// `mean (1 - p_t)^gamma · bce` over `axis`, where p_t = y p + (1 - y)(1 - p) and bce is the binary
/// crossentropy of each number; with balancing also times y alpha + (1 - y)(1 - alpha).
/// Keras: `keras.losses.BinaryFocalCrossentropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryFocalCrossentropy {
    /// Whether to weight the classes by `alpha`. Default: false.
    pub apply_class_balancing: bool,
    /// Weight of class 1, between 0 and 1. Default: 0.25.
    pub alpha: f64,
    /// Focusing parameter: the larger it is, the less well-classified samples count; at least 0.
    /// Default: 2.
    pub gamma: f64,
    /// Whether the predictions are logits, before the sigmoid. Default: false.
    pub from_logits: bool,
    /// Smooths the targets to `y (1 - s) + s / 2`; between 0 and 1. Default: 0.
    pub label_smoothing: f64,
    /// Axis of the mean. Default: -1.
    pub axis: i64,
}

impl Default for BinaryFocalCrossentropy {
    fn default() -> Self {
        BinaryFocalCrossentropy {
            apply_class_balancing: false,
            alpha: 0.25,
            gamma: 2.0,
            from_logits: false,
            label_smoothing: 0.0,
            axis: -1,
        }
    }
}

impl Loss for BinaryFocalCrossentropy {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let y = smooth(&axis_last(target, self.axis)?, self.label_smoothing, 2)?;
        let mut p = axis_last(prediction, self.axis)?;
        if self.from_logits {
            p = sigmoid(&p)?;
        }
        let not_y = y.affine(-1.0, 1.0)?;
        let right = ((&y * &p)? + (&not_y * p.affine(-1.0, 1.0)?)?)?;
        let mut loss = (power(&right.affine(-1.0, 1.0)?, self.gamma)? * each(&y, &p, false)?)?;
        if self.apply_class_balancing {
            let balance = ((&y * self.alpha)? + (&not_y * (1.0 - self.alpha))?)?;
            loss = (loss * balance)?;
        }
        Ok(loss.mean(D::Minus1)?)
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
        checks::within("alpha", self.alpha, 0.0, 1.0)?;
        checks::within("gamma", self.gamma, 0.0, f64::INFINITY)?;
        checks::within("label_smoothing", self.label_smoothing, 0.0, 1.0)?;
        checks::axis(self.axis, output)?;
        checks::binary("binary_focal_crossentropy", output)?;
        checks::logits("binary_focal_crossentropy", self.from_logits, "sigmoid", output)
    }
}

/// `Σ alpha (1 - p)^gamma · -y ln p` over `axis`; p is divided by its sum and clipped to
/// [1e-7, 1 - 1e-7], or is the softmax of logits.
/// Keras: `keras.losses.CategoricalFocalCrossentropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CategoricalFocalCrossentropy {
    /// Weight of all classes; at least 0. Default: 0.25.
    pub alpha: f64,
    /// Focusing parameter: the larger it is, the less well-classified samples count; at least 0.
    /// Default: 2.
    pub gamma: f64,
    /// Whether the predictions are logits, before the softmax. Default: false.
    pub from_logits: bool,
    /// Smooths the targets to `y (1 - s) + s / classes`; between 0 and 1. Default: 0.
    pub label_smoothing: f64,
    /// Axis of the classes. Default: -1.
    pub axis: i64,
}

impl Default for CategoricalFocalCrossentropy {
    fn default() -> Self {
        CategoricalFocalCrossentropy {
            alpha: 0.25,
            gamma: 2.0,
            from_logits: false,
            label_smoothing: 0.0,
            axis: -1,
        }
    }
}

impl Loss for CategoricalFocalCrossentropy {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let scores = axis_last(prediction, self.axis)?; // (batch, …, classes)
        let classes = scores.dim(D::Minus1)?;
        let y = smooth(&axis_last(target, self.axis)?, self.label_smoothing, classes)?;
        let p = if self.from_logits {
            log_softmax(&scores)?.exp()?
        } else {
            scores.broadcast_div(&scores.sum_keepdim(D::Minus1)?)?
        };
        let p = clip_probability(&p)?;
        let factor = (power(&p.affine(-1.0, 1.0)?, self.gamma)? * self.alpha)?;
        Ok((factor * (y * p.log()?)?)?.sum(D::Minus1)?.neg()?)
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
        checks::within("alpha", self.alpha, 0.0, f64::INFINITY)?;
        checks::within("gamma", self.gamma, 0.0, f64::INFINITY)?;
        checks::within("label_smoothing", self.label_smoothing, 0.0, 1.0)?;
        checks::axis(self.axis, output)?;
        checks::categorical("categorical_focal_crossentropy", output)?;
        checks::logits("categorical_focal_crossentropy", self.from_logits, "softmax", output)
    }
}

/// `x^exponent`; 1 without a gradient for the exponent 0, whose own would be 0 · ∞ at 0.
fn power(x: &Tensor, exponent: f64) -> Result<Tensor> {
    match exponent {
        0.0 => Ok(x.ones_like()?),
        1.0 => Ok(x.clone()),
        2.0 => Ok(x.sqr()?),
        _ => Ok(x.powf(exponent)?),
    }
}
