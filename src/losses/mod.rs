//! Losses: the trait, the reductions, and the one list.

mod mean_squared_error;

use std::fmt;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde::de::MapAccess;

use crate::activations::Activation;
use crate::config::{AsJson, Entry, catalog};
use crate::error::{Problem, Result};
use crate::shape::Shape;

pub use mean_squared_error::MeanSquaredError;

catalog! { dyn Loss, "loss", LossCommon;
    MeanSquaredError: "mse", "MeanSquaredError";
}

/// A loss in a config: `mse`, `huber: {delta: 2}`.
pub type LossEntry = Entry<dyn Loss>;

/// A loss.
pub trait Loss: fmt::Debug + Send + Sync + AsJson {
    /// The loss of each sample: (batch, …) without the last axis, composed of candle ops whose
    /// gradients are right. `target` is f32: class numbers or values; `prediction` is (batch, …, k).
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor>;

    /// Which samples count, 1 or 0, of [`Loss::per_sample`]'s shape, where the loss itself says so.
    fn mask(&self, _target: &Tensor) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// What is wrong with this loss over such an output and such a target.
    fn check(&self, _output: &Output<'_>) -> Result<(), Problem> {
        Ok(())
    }
}

/// What a loss is checked against before training: the model's output and the target.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// The model's output for one sample.
    pub shape: &'a Shape,
    /// The last layer's activation, where it has one.
    pub activation: Option<&'a Activation>,
    /// The target.
    pub target: Target,
}

/// What the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One class number a sample (`encode: label`).
    Classes(usize),
    /// One column a class (`encode: one_hot`).
    OneHot(usize),
    /// Numbers, this many a sample.
    Numbers(usize),
}

/// How per-sample losses become one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// `Σ w·ℓ / count`.
    #[default]
    #[serde(alias = "mean")]
    SumOverBatchSize,
    /// `Σ w·ℓ`.
    Sum,
    /// `Σ w·ℓ / Σ w`.
    MeanWithSampleWeight,
}

/// The arguments that every loss takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct LossCommon {
    /// How per-sample losses become one number. Default: sum_over_batch_size.
    pub reduction: Option<Reduction>,
}

impl crate::config::Common for LossCommon {
    const KEYS: &'static [&'static str] = &["reduction"];
    fn read<'de, A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.reduction = map.next_value()?;
        Ok(())
    }
}

impl LossEntry {
    /// The loss of a batch, a scalar. `mask` (Keras's, of the prediction's time steps) and
    /// `sample_weight` have [`Loss::per_sample`]'s shape or (batch,) / (batch, 1).
    pub fn compute(
        &self,
        target: &Tensor,
        prediction: &Tensor,
        _mask: Option<&Tensor>,
        _sample_weight: Option<&Tensor>,
    ) -> Result<Tensor> {
        Ok(self.item.per_sample(target, prediction)?.mean_all()?)
    }
}
