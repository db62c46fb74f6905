//! A loss: the trait, and the arguments that all losses take.

use std::fmt;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use super::checks;
use crate::config::{AnyItem, Entry};
use crate::error::{Problem, Result};
use crate::shape::Shape;
use crate::target::{Output, Target, TargetRange};

/// A loss in a config: `mse`, `huber: {delta: 2}`.
pub type LossEntry = Entry<dyn Loss>;

/// A loss.
pub trait Loss: fmt::Debug + Send + Sync + AnyItem {
    /// The loss of each sample: (batch, …) without the last axis, composed of candle ops whose
    /// gradients are right. `target` is f32: class numbers or values; `prediction` is (batch, …, k).
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor>;

    /// Which samples count, 1 or 0, of [`Loss::per_sample`]'s shape, where the loss itself says so.
    fn mask(&self, _target: &Tensor, _prediction: &Tensor) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// The same over slices: a value for each row of the last axis, and its derivative by each
    /// prediction of the row, written into `values` and `gradient` without allocating. False, with
    /// neither of use, where this loss or one of its arguments has no such form.
    fn value_and_gradient(
        &self,
        _batch: &LossBatch<'_>,
        _values: &mut [f32],
        _gradient: &mut [f32],
    ) -> bool {
        false
    }

    /// [`Loss::value_and_gradient`] in C, for a GPU, where a row has so many predictions and targets;
    /// None where candle's ops compute it there.
    fn in_c(&self, _width: usize, _target_width: usize) -> Option<LossInC> {
        None
    }

    /// True where the predictions are scores before the sigmoid or softmax.
    #[allow(clippy::wrong_self_convention)] // Keras's word
    fn from_logits(&self) -> bool {
        false
    }

    /// What the numbers of the target may be.
    fn target_range(&self, _output: &Output<'_>) -> TargetRange {
        TargetRange::Any
    }

    /// The last layer's activation that makes the probabilities that it wants: `sigmoid` or
    /// `softmax`; None where it takes any numbers.
    fn wanted_activation(&self, _output: &Output<'_>) -> Option<&'static str> {
        None
    }

    /// True where the outputs are a vector that stands for the sample, and no prediction.
    fn is_of_embeddings(&self) -> bool {
        false
    }

    /// What the target is where no table says it: class numbers, a column for each class, or by
    /// default numbers. `output` is the shape of the model's output.
    fn supposed_target(&self, output: &Shape) -> Target {
        Target::Numbers(output.elements())
    }

    /// What is wrong with this loss over such an output and such a target, by itself; callers use
    /// [`LossEntry::check`].
    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::same_columns("this loss", output)
    }
}

/// A batch as rows over the last axis of the predictions; a row is a sample or a step of one.
#[derive(Debug, Clone, Copy)]
pub struct LossBatch<'a> {
    /// The targets, row-major: `target_width` a row.
    pub target: &'a [f32],
    /// 1 for class numbers, else `width`.
    pub target_width: usize,
    /// The predictions, row-major: `width` a row.
    pub prediction: &'a [f32],
    /// The size of the predictions' last axis; at least 1.
    pub width: usize,
}

/// A loss's rule in C, for a GPU.
#[derive(Debug, Clone, PartialEq)]
pub struct LossInC {
    /// The text of a function `item`: it gives the value of one item and, unless `gradient` is null,
    /// writes its slopes there, times `factor`.
    pub text: String,
    /// What an item is.
    pub item: LossItem,
    /// The numbers that the text reads as `c0` and `c1`.
    pub numbers: [f32; 2],
}

/// What a rule in C is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossItem {
    /// One prediction and its target: the loss of a row is the mean over its numbers.
    Number,
    /// A row of predictions.
    Row,
}

/// How the losses of the samples are reduced to one number.
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
    /// How the losses of the samples are reduced to one number. Default: sum_over_batch_size.
    pub reduction: Option<Reduction>,
}

impl crate::config::Common for LossCommon {
    const KEYS: &'static [&'static str] = &["reduction"];
    fn read<'de, A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.reduction = map.next_value()?;
        Ok(())
    }
}
