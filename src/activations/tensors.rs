//! Functions composed of candle ops whose gradients are right.

use candle_core::{D, DType, Tensor};

use crate::error::Result;

/// The same numbers in float32 where they are bfloat16.
pub(crate) fn widened(x: &Tensor) -> Result<Tensor> {
    Ok(if x.dtype() == DType::BF16 { x.to_dtype(DType::F32)? } else { x.clone() })
}

/// `e^x / Σ e^x` over one axis.
pub fn softmax(x: &Tensor, axis: usize) -> Result<Tensor> {
    let max = x.max_keepdim(axis)?.detach(); // cancels: has no part in the gradient
    let exp = x.broadcast_sub(&max)?.exp()?;
    Ok(exp.broadcast_div(&exp.sum_keepdim(axis)?)?)
}

/// `x - ln Σ e^x` over one axis.
pub fn log_softmax(x: &Tensor, axis: usize) -> Result<Tensor> {
    let shifted = x.broadcast_sub(&x.max_keepdim(axis)?.detach())?;
    let log_sum = shifted.exp()?.sum_keepdim(axis)?.log()?;
    Ok(shifted.broadcast_sub(&log_sum)?)
}

/// Keras's ReLU. What is not a number stays so.
pub(super) fn relu(
    x: &Tensor,
    max_value: Option<f64>,
    slope: f64,
    threshold: f64,
) -> Result<Tensor> {
    let zeros = x.zeros_like()?;
    if slope != 0.0 && threshold == 0.0 && max_value.is_none() {
        return Ok(x.ge(0.0)?.where_cond(x, &(x * slope)?)?);
    }
    let mut y = x.le(threshold)?.where_cond(&zeros, x)?;
    if let Some(max_value) = max_value {
        if threshold < 0.0 {
            y = y.lt(0.0)?.where_cond(&zeros, &y)?;
        }
        y = y.ge(max_value)?.where_cond(&(zeros.ones_like()? * max_value)?, &y)?;
    }
    if slope != 0.0 {
        let below = ((x - threshold)? * slope)?;
        y = (y + x.lt(threshold)?.where_cond(&below, &zeros)?)?;
    }
    Ok(y)
}

/// `x` cut to [low, high]; the gradient at the ends is 0.
pub(super) fn cut(x: &Tensor, low: f64, high: f64) -> Result<Tensor> {
    let ones = x.ones_like()?;
    let y = x.le(low)?.where_cond(&(&ones * low)?, x)?;
    Ok(x.ge(high)?.where_cond(&(ones * high)?, &y)?)
}

/// `scale · (x > 0 ? x : alpha · (e^(x · rate) - 1))` with rate = factor / alpha.
pub(super) fn elu(x: &Tensor, alpha: f64, factor: f64, scale: f64) -> Result<Tensor> {
    let rate = if alpha == factor { 1.0 } else { factor / alpha };
    let positive = x.gt(0.0)?;
    let below = positive.where_cond(&x.zeros_like()?, x)?; // e^x of a large x would be infinite
    let bent = (((below * rate)?.exp()? - 1.0)? * alpha)?;
    Ok((positive.where_cond(x, &bent)? * scale)?)
}

/// `relu6(x + 3) / 6`
pub(super) fn hard_sigmoid(x: &Tensor) -> Result<Tensor> {
    Ok((cut(&(x + 3.0)?, 0.0, 6.0)? / 6.0)?)
}

/// `max(x, 0) + ln(1 + e^-|x|)`
pub(super) fn softplus(x: &Tensor) -> Result<Tensor> {
    let positive = x.lt(0.0)?.where_cond(&x.zeros_like()?, x)?;
    let rest = (absolute(x)?.neg()?.exp()? + 1.0)?.log()?;
    Ok((positive + rest)?)
}

/// `|x|`, whose gradient at 0 is 1.
pub(super) fn absolute(x: &Tensor) -> Result<Tensor> {
    Ok(x.lt(0.0)?.where_cond(&x.neg()?, x)?)
}

/// Keras's sparsemax; see [`super::Activation::Sparsemax`].
pub(super) fn sparsemax(x: &Tensor) -> Result<Tensor> {
    let width = x.dim(D::Minus1)?;
    let (sorted, _) = x.contiguous()?.sort_last_dim(false)?; // the largest first
    let sums = sorted.cumsum(D::Minus1)?;
    let ranks: Vec<f64> = (1..=width).map(|rank| rank as f64).collect();
    let ranks = Tensor::new(ranks, x.device())?.to_dtype(x.dtype())?;
    let support = sorted.sub(&(&sums - 1.0)?.broadcast_div(&ranks)?)?.gt(0.0)?;
    let support = support.to_dtype(x.dtype())?;
    let count = support.sum_keepdim(D::Minus1)?; // k
    let total = (sums * support)?.sum_keepdim(D::Minus1)?;
    let tau = ((total - 1.0)? / count)?;
    relu(&x.broadcast_sub(&tau)?, None, 0.0, 0.0)
}
