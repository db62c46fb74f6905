//! The pieces that losses are composed of, with gradients that are right at the corners.

use candle_core::{D, Tensor};

use crate::error::{Error, Result};

/// Keras's `epsilon()`: what probabilities are kept away from 0 and 1 by.
pub(crate) const EPSILON: f64 = 1e-7;

/// `min(max(x, low), high)`; the gradient is 0 where the clip is active.
pub(crate) fn clip(x: &Tensor, low: f64, high: f64) -> Result<Tensor> {
    let constant = x.detach();
    let clipped = constant.clamp(low, high)?;
    Ok(constant.eq(&clipped)?.where_cond(x, &clipped)?)
}

/// `max(x, low)`; the gradient is 0 where the clip is active.
pub(crate) fn at_least(x: &Tensor, low: f64) -> Result<Tensor> {
    let constant = x.detach();
    let clipped = constant.maximum(low)?;
    Ok(constant.eq(&clipped)?.where_cond(x, &clipped)?)
}

/// Probabilities kept in [1e-7, 1 - 1e-7].
pub(crate) fn clip_probability(p: &Tensor) -> Result<Tensor> {
    clip(p, EPSILON, 1.0 - EPSILON)
}

/// `|x|`; the gradient at 0 is 0, as in Keras.
pub(crate) fn absolute(x: &Tensor) -> Result<Tensor> {
    Ok((x * x.detach().sign()?)?)
}

/// `max(x, 0)`; the gradient at 0 is 0.
pub(crate) fn positive(x: &Tensor) -> Result<Tensor> {
    Ok((x * x.detach().gt(0.0)?.to_dtype(x.dtype())?)?)
}

/// `ln (1 + e^x)` without overflow; the gradient is `1 / (1 + e^-x)` everywhere.
pub(crate) fn softplus(x: &Tensor) -> Result<Tensor> {
    let up = x.detach().ge(0.0)?.to_dtype(x.dtype())?;
    let minus_abs = (x * up.affine(-2.0, 1.0)?)?;
    Ok(((x * up)? + (minus_abs.exp()? + 1.0)?.log()?)?)
}

/// `1 / (1 + e^-x)` without overflow.
pub(crate) fn sigmoid(x: &Tensor) -> Result<Tensor> {
    Ok((x * 0.5)?.tanh()?.affine(0.5, 0.5)?)
}

/// `x - ln Σ e^x` over the last axis, without overflow.
pub(crate) fn log_softmax(x: &Tensor) -> Result<Tensor> {
    let shifted = x.broadcast_sub(&x.detach().max_keepdim(D::Minus1)?)?;
    let total = shifted.exp()?.sum_keepdim(D::Minus1)?;
    Ok(shifted.broadcast_sub(&total.log()?)?)
}

/// `ln p` of class scores over the last axis: of logits by log-softmax, of probabilities by
/// `p / Σ p`, clipped.
pub(crate) fn log_probability(scores: &Tensor, from_logits: bool) -> Result<Tensor> {
    if from_logits {
        return log_softmax(scores);
    }
    let p = scores.broadcast_div(&scores.sum_keepdim(D::Minus1)?)?;
    Ok(clip_probability(&p)?.log()?)
}

/// One column a class from class numbers: (…,) → (…, classes); zeros where a number is no class.
pub(crate) fn one_hot(numbers: &Tensor, classes: usize) -> Result<Tensor> {
    let columns = Tensor::arange(0u32, classes as u32, numbers.device())?;
    let columns = columns.to_dtype(numbers.dtype())?;
    let hot = numbers.detach().unsqueeze(D::Minus1)?.broadcast_eq(&columns)?;
    Ok(hot.to_dtype(numbers.dtype())?)
}

/// The same tensor with the axis `axis` (counted from the end where negative) moved to the end.
pub(crate) fn axis_last(x: &Tensor, axis: i64) -> Result<Tensor> {
    let rank = x.rank() as i64;
    let axis = if axis < 0 { axis + rank } else { axis };
    if !(0..rank).contains(&axis) {
        return Err(Error::run(format!("`axis` is outside of a prediction of rank {rank}")));
    }
    if axis == rank - 1 {
        return Ok(x.clone());
    }
    let mut order: Vec<usize> = (0..x.rank()).filter(|other| *other != axis as usize).collect();
    order.push(axis as usize);
    Ok(x.permute(order)?.contiguous()?)
}

/// A target of a rank too few or too many brought to the prediction's: (n,) with (n, 1) becomes
/// (n, 1), so that the two never broadcast to (n, n).
///
/// Unlike Keras, (n, t) with (n, t, 1) becomes (n, t, 1) and not (n, t), so that steps keep their
/// weights and masks.
pub(crate) fn align(target: &Tensor, prediction: &Tensor) -> Result<(Tensor, Tensor)> {
    let (ours, theirs) = (target.dims(), prediction.dims());
    if ours.len() + 1 == theirs.len() && theirs.last() == Some(&1) {
        return Ok((target.unsqueeze(D::Minus1)?, prediction.clone()));
    }
    if theirs.len() + 1 == ours.len() && ours.last() == Some(&1) {
        return Ok((target.clone(), prediction.unsqueeze(D::Minus1)?));
    }
    Ok((target.clone(), prediction.clone()))
}

/// `y (1 - s) + s / classes`.
pub(crate) fn smooth(target: &Tensor, smoothing: f64, classes: usize) -> Result<Tensor> {
    if smoothing == 0.0 {
        return Ok(target.clone());
    }
    Ok(target.affine(1.0 - smoothing, smoothing / classes.max(1) as f64)?)
}
