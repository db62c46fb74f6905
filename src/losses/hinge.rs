//! Hinge losses: what is right by a margin of 1 costs nothing.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::Loss;
use super::terms::positive;
use crate::error::{Problem, Result};
use crate::target::{Output, TargetRange};

/// `mean max(1 - y p, 0)` over the last axis; y is -1 or 1; a batch of targets that are all 0 or 1
/// is converted.
/// Keras: `keras.losses.Hinge`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hinge {}

impl Loss for Hinge {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        Ok(margin(target, prediction)?.mean(D::Minus1)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Signs
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::binary("hinge", output)
    }
}

/// `mean max(1 - y p, 0)²` over the last axis; y is -1 or 1; a batch of targets that are all 0 or 1
/// is converted.
/// Keras: `keras.losses.SquaredHinge`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquaredHinge {}

impl Loss for SquaredHinge {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        Ok(margin(target, prediction)?.sqr()?.mean(D::Minus1)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Signs
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::binary("squared_hinge", output)
    }
}

/// `max(max (1 - y) p - Σ y p + 1, 0)`: the margin between the right class and the best wrong one;
/// y is one-hot. Keras: `keras.losses.CategoricalHinge`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoricalHinge {}

impl Loss for CategoricalHinge {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let right = (target * prediction)?.sum(D::Minus1)?;
        let wrong = (target.affine(-1.0, 1.0)? * prediction)?.max(D::Minus1)?;
        positive(&((wrong - right)? + 1.0)?)
    }

    fn target_range(&self, _: &Output<'_>) -> TargetRange {
        TargetRange::Probabilities
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::categorical("categorical_hinge", output)
    }
}

/// `max(1 - y p, 0)`, where targets of 0 and 1 only are taken for -1 and 1.
fn margin(target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
    let target = target.detach();
    let is_bit = (target.eq(0.0)? + target.eq(1.0)?)?.to_dtype(target.dtype())?;
    let all_bits = is_bit.flatten_all()?.min(0)?; // 1 where every target is 0 or 1
    let signs = (&target + (&target - 1.0)?.broadcast_mul(&all_bits)?)?;
    positive(&(signs * prediction)?.affine(-1.0, 1.0)?)
}
