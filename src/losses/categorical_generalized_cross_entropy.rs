//! Generalized crossentropy, for labels that are partly wrong.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::Loss;
use super::sparse_categorical_crossentropy::class_numbers;
use super::terms::one_hot;
use crate::error::{Problem, Result};
use crate::shape::Shape;
use crate::target::{Output, Target, TargetRange};

/// `(1 - p[y]^q) / q` for class indices y of shape (batch, …) or (batch, …, 1); near q = 0 it is
/// crossentropy, near 1 the absolute error. Zhang and Sabuncu, arXiv:1805.07836.
/// Keras: `keras.losses.CategoricalGeneralizedCrossEntropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CategoricalGeneralizedCrossEntropy {
    /// Exponent; greater than 0 and less than 1. Default: 0.5.
    pub q: f64,
}

impl Default for CategoricalGeneralizedCrossEntropy {
    fn default() -> Self {
        CategoricalGeneralizedCrossEntropy { q: 0.5 }
    }
}

impl Loss for CategoricalGeneralizedCrossEntropy {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let numbers = class_numbers(target, prediction)?; // (batch, …)
        let hot = one_hot(&numbers, prediction.dim(D::Minus1)?)?;
        let p = (hot * prediction)?.sum(D::Minus1)?;
        Ok((p.powf(self.q)?.affine(-1.0, 1.0)? / self.q)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::ClassNumbers
    }

    fn wanted_activation(&self, _: &Output<'_>) -> Option<&'static str> {
        Some("softmax")
    }

    fn supposed_target(&self, output: &Shape) -> Target {
        Target::Classes(output.last())
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        if !(self.q > 0.0 && self.q < 1.0) {
            let message = format!("`q` must be over 0 and under 1, got {}", self.q);
            return Err(Problem::at("q", message));
        }
        checks::sparse("categorical_generalized_cross_entropy", output)?;
        checks::probabilities("categorical_generalized_cross_entropy", "softmax", output)
    }
}
