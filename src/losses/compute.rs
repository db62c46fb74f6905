//! The loss of a batch: the losses of its samples reduced to one number.

use candle_core::{DType, Tensor};

use super::loss::{LossEntry, Reduction};
use super::on_device::LossOp;
use super::{checks, terms};
use crate::error::{Error, Problem, Result};
use crate::target::Output;

impl LossEntry {
    /// The loss of a batch, a scalar. `mask` (Keras's, of the prediction's time steps) and
    /// `sample_weight` have [`crate::losses::Loss::per_sample`]'s shape or (batch,) / (batch, 1).
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
        let program = if prediction.device().is_cuda() {
            self.by_program(&target, &prediction, mask, sample_weight)?
        } else {
            None
        };
        match program {
            Some(loss) => Ok(loss),
            None => self.by_ops(&target, &prediction, mask, sample_weight),
        }
    }

    /// Composed of candle's ops: what defines it.
    fn by_ops(
        &self,
        target: &Tensor,
        prediction: &Tensor,
        mask: Option<&Tensor>,
        sample_weight: Option<&Tensor>,
    ) -> Result<Tensor> {
        let values = self.item.per_sample(target, prediction)?; // (batch, …), or one number
        let own = self.item.mask(target, prediction)?;
        let (reduction, masks) = (self.reduction(), [mask, own.as_ref()]);
        let weight = weights(values.dims(), values.dtype(), masks, sample_weight, reduction)?;
        let Some(weight) = weight else {
            return Ok(match reduction {
                _ if values.rank() == 0 => values, // a GPU adds up along axes
                Reduction::Sum => values.sum_all()?,
                _ => values.mean_all()?,
            });
        };
        let weighted = values.broadcast_mul(&weight)?;
        Ok(match reduction {
            Reduction::Sum => weighted.sum_all()?,
            Reduction::SumOverBatchSize => weighted.mean_all()?,
            Reduction::MeanWithSampleWeight => (weighted.sum_all()? / total(&weight)?)?,
        })
    }

    /// By one program; None where this loss or one of its arguments has no such form.
    pub(super) fn by_program(
        &self,
        target: &Tensor,
        prediction: &Tensor,
        mask: Option<&Tensor>,
        sample_weight: Option<&Tensor>,
    ) -> Result<Option<Tensor>> {
        let Some(op) = LossOp::of(&self.item, target, prediction) else { return Ok(None) };
        let (rows, _) = prediction.dims().split_at(prediction.rank() - 1);
        let reduction = self.reduction();
        let weight = weights(rows, DType::F32, [mask, None], sample_weight, reduction)?;
        let factors = weight.as_ref().map(|weight| entries(weight, rows)).transpose()?;
        let is_mean = match reduction {
            Reduction::Sum => false,
            Reduction::SumOverBatchSize => true,
            Reduction::MeanWithSampleWeight => weight.is_none(),
        };
        let loss = op.total(target, prediction, factors.as_ref(), is_mean)?;
        Ok(Some(match weight.filter(|_| reduction == Reduction::MeanWithSampleWeight) {
            Some(weight) => (loss / total(&weight)?)?,
            None => loss,
        }))
    }

    fn reduction(&self) -> Reduction {
        self.common.reduction.unwrap_or_default()
    }

    /// What is wrong with this loss over such an output and such a target.
    pub fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::softmax_of_one(output)?;
        self.item.check(output)
    }
}

/// The sum of the weights, as a divisor.
fn total(weight: &Tensor) -> Result<Tensor> {
    Ok(weight.sum_all()?.maximum(f64::from(f32::MIN_POSITIVE))?)
}

/// The numbers of a factor that broadcasts over rows, one after the other, and how many rows share
/// each.
fn entries(factor: &Tensor, rows: &[usize]) -> Result<(Tensor, usize)> {
    let dims = factor.dims();
    let last = dims.iter().rev().take_while(|size| **size == 1).count();
    let kept = dims.len() - last;
    if dims[..kept] == rows[..kept] {
        return Ok((factor.contiguous()?, rows[kept..].iter().product()));
    }
    Ok((factor.broadcast_as(rows)?.contiguous()?, 1))
}

/// Masks and sample weights as one factor that broadcasts over per-sample losses of this shape.
fn weights(
    wanted: &[usize],
    dtype: DType,
    masks: [Option<&Tensor>; 2],
    sample_weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Option<Tensor>> {
    let mut mask: Option<Tensor> = None;
    for part in masks.into_iter().flatten() {
        let part = fit(part, wanted, dtype, "mask")?;
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
    let weight = fit(weight, wanted, dtype, "sample weights")?;
    Ok(Some(match mask {
        Some(mask) => weight.broadcast_mul(&mask)?,
        None => weight,
    }))
}

/// A mask or weights in a shape that broadcasts over the per-sample losses and adds nothing.
fn fit(factor: &Tensor, wanted: &[usize], dtype: DType, what: &str) -> Result<Tensor> {
    let mut dims = factor.dims().to_vec();
    if wanted.is_empty() {
        return Ok(factor.to_dtype(dtype)?); // one loss for the whole batch
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
    Ok(factor.reshape(dims)?.to_dtype(dtype)?)
}
