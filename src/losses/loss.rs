//! A loss: the trait, the arguments that all losses take, and the reduction to one number.

use std::fmt;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use super::{checks, terms};
use crate::config::{AnyItem, Entry};
use crate::error::{Error, Problem, Result};
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

impl LossEntry {
    /// The loss of a batch, a scalar. `mask` (Keras's, of the prediction's time steps) and
    /// `sample_weight` have [`Loss::per_sample`]'s shape or (batch,) / (batch, 1).
    ///
    /// A mask multiplies the weights, by `mask · total / valid` where the reduction divides by the
    /// count, so that the mean is over what counts.
    pub fn compute(
        &self,
        target: &Tensor,
        prediction: &Tensor,
        mask: Option<&Tensor>,
        sample_weight: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (target, prediction) = terms::align(target, prediction)?;
        let values = self.item.per_sample(&target, &prediction)?; // (batch, …)
        let own = self.item.mask(&target, &prediction)?;
        let reduction = self.common.reduction.unwrap_or_default();
        let Some(weight) = weights(&values, [mask, own.as_ref()], sample_weight, reduction)? else {
            return Ok(match reduction {
                Reduction::Sum => values.sum_all()?,
                _ => values.mean_all()?,
            });
        };
        let weighted = values.broadcast_mul(&weight)?;
        Ok(match reduction {
            Reduction::Sum => weighted.sum_all()?,
            Reduction::SumOverBatchSize => weighted.mean_all()?,
            Reduction::MeanWithSampleWeight => {
                let divisor = weight.sum_all()?.maximum(f64::from(f32::MIN_POSITIVE))?;
                (weighted.sum_all()? / divisor)?
            }
        })
    }

    /// What is wrong with this loss over such an output and such a target.
    pub fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::softmax_of_one(output)?;
        self.item.check(output)
    }
}

/// Masks and sample weights as one factor that broadcasts over the per-sample losses.
fn weights(
    values: &Tensor,
    masks: [Option<&Tensor>; 2],
    sample_weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Option<Tensor>> {
    let mut mask: Option<Tensor> = None;
    for part in masks.into_iter().flatten() {
        let part = fit(part, values, "mask")?;
        mask = Some(match mask {
            Some(mask) => mask.broadcast_mul(&part)?,
            None => part,
        });
    }
    if let (Some(part), Reduction::SumOverBatchSize) = (&mask, reduction) {
        let valid = (part.sum_all()? + terms::EPSILON)?;
        mask = Some((part * part.elem_count() as f64)?.broadcast_div(&valid)?);
    }
    let Some(weight) = sample_weight else { return Ok(mask) };
    let weight = fit(weight, values, "sample weights")?;
    Ok(Some(match mask {
        Some(mask) => weight.broadcast_mul(&mask)?,
        None => weight,
    }))
}

/// A mask or weights in a shape that broadcasts over the per-sample losses and adds nothing.
fn fit(factor: &Tensor, values: &Tensor, what: &str) -> Result<Tensor> {
    let (mut dims, wanted) = (factor.dims().to_vec(), values.dims());
    if wanted.is_empty() {
        return Ok(factor.to_dtype(values.dtype())?); // one loss for the whole batch
    }
    while dims.len() > wanted.len() && dims.last() == Some(&1) {
        dims.pop();
    }
    while dims.len() < wanted.len() {
        dims.push(1);
    }
    let fits =
        dims.len() == wanted.len() && dims.iter().zip(wanted).all(|(a, b)| a == b || *a == 1);
    if !fits {
        let found = factor.dims();
        return Err(Error::run(format!(
            "{what} of shape {found:?} don't fit losses of shape {wanted:?}"
        )));
    }
    Ok(factor.reshape(dims)?.to_dtype(values.dtype())?)
}
