//! Activations composed of candle ops whose gradients are right.

use candle_core::{D, Tensor};

use super::Activation;
use super::slices::{SELU_ALPHA, SELU_SCALE};
use crate::error::Result;

impl Activation {
    /// The function, composed of candle ops whose gradients are right.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Activation::Linear => x.clone(),
            Activation::Relu { max_value, negative_slope, threshold } => {
                relu(x, *max_value, *negative_slope, *threshold)?
            }
            Activation::Relu6 => cut(x, 0.0, 6.0)?,
            Activation::LeakyRelu { negative_slope } => {
                x.ge(0.0)?.where_cond(x, &(x * *negative_slope)?)?
            }
            Activation::Elu { alpha } => elu(x, *alpha, *alpha, 1.0)?,
            Activation::Selu => elu(x, SELU_ALPHA, SELU_ALPHA, SELU_SCALE)?,
            Activation::Celu { alpha } => elu(x, *alpha, 1.0, 1.0)?,
            Activation::Gelu { approximate: false } => {
                let twice = ((x / std::f64::consts::SQRT_2)?.erf()? + 1.0)?; // 2 Φ(x)
                (x * (twice * 0.5)?)?
            }
            Activation::Gelu { approximate: true } => {
                let cube = (x * x.sqr()?)?;
                let inner = ((x + (cube * 0.044_715)?)? * (2.0 / std::f64::consts::PI).sqrt())?;
                (x * ((inner.tanh()? + 1.0)? * 0.5)?)?
            }
            Activation::Silu => (x * candle_nn::ops::sigmoid(x)?)?,
            Activation::HardSilu => (x * hard_sigmoid(x)?)?,
            Activation::Sigmoid => candle_nn::ops::sigmoid(x)?,
            Activation::HardSigmoid => hard_sigmoid(x)?,
            Activation::LogSigmoid => softplus(&x.neg()?)?.neg()?,
            Activation::Softplus => softplus(x)?,
            Activation::Softsign => (x / (absolute(x)? + 1.0)?)?,
            Activation::Tanh => x.tanh()?,
            Activation::TanhShrink => (x - x.tanh()?)?,
            Activation::HardTanh => {
                let ones = x.ones_like()?;
                let low = x.lt(-1.0)?.where_cond(&ones.neg()?, x)?;
                x.gt(1.0)?.where_cond(&ones, &low)?
            }
            Activation::Exponential => x.exp()?,
            Activation::Mish => (x * softplus(x)?.tanh()?)?,
            Activation::Squareplus { b } => ((x + (x.sqr()? + *b)?.sqrt()?)? * 0.5)?,
            Activation::SoftShrink { threshold } => {
                let zeros = x.zeros_like()?;
                let low = x.lt(-threshold)?.where_cond(&(x + *threshold)?, &zeros)?;
                x.gt(*threshold)?.where_cond(&(x - *threshold)?, &low)?
            }
            Activation::HardShrink { threshold } => {
                x.abs()?.le(*threshold)?.where_cond(&x.zeros_like()?, x)?
            }
            Activation::SparsePlus => {
                let bend = ((x + 1.0)?.sqr()? * 0.25)?;
                let low = x.le(-1.0)?.where_cond(&x.zeros_like()?, &bend)?;
                x.ge(1.0)?.where_cond(x, &low)?
            }
            Activation::SparseSigmoid => (cut(&(x + 1.0)?, 0.0, 2.0)? * 0.5)?,
            Activation::Softmax => softmax(x, x.rank() - 1)?,
            Activation::LogSoftmax => log_softmax(x, x.rank() - 1)?,
            Activation::Sparsemax => sparsemax(x)?,
            Activation::Glu => {
                let width = x.dim(D::Minus1)? / 2;
                let (a, b) = (x.narrow(D::Minus1, 0, width)?, x.narrow(D::Minus1, width, width)?);
                (a * candle_nn::ops::sigmoid(&b.contiguous()?)?)?
            }
            Activation::Threshold { threshold, default_value } => {
                let value = (x.ones_like()? * *default_value)?;
                x.le(*threshold)?.where_cond(&value, x)?
            }
        })
    }
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
fn relu(x: &Tensor, max_value: Option<f64>, slope: f64, threshold: f64) -> Result<Tensor> {
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
fn cut(x: &Tensor, low: f64, high: f64) -> Result<Tensor> {
    let ones = x.ones_like()?;
    let y = x.le(low)?.where_cond(&(&ones * low)?, x)?;
    Ok(x.ge(high)?.where_cond(&(ones * high)?, &y)?)
}

/// `scale · (x > 0 ? x : alpha · (e^(x · rate) - 1))` with rate = factor / alpha.
fn elu(x: &Tensor, alpha: f64, factor: f64, scale: f64) -> Result<Tensor> {
    let rate = if alpha == factor { 1.0 } else { factor / alpha };
    let positive = x.gt(0.0)?;
    let below = positive.where_cond(&x.zeros_like()?, x)?; // e^x of a large x would be infinite
    let bent = (((below * rate)?.exp()? - 1.0)? * alpha)?;
    Ok((positive.where_cond(x, &bent)? * scale)?)
}

/// `relu6(x + 3) / 6`
fn hard_sigmoid(x: &Tensor) -> Result<Tensor> {
    Ok((cut(&(x + 3.0)?, 0.0, 6.0)? / 6.0)?)
}

/// `max(x, 0) + ln(1 + e^-|x|)`
fn softplus(x: &Tensor) -> Result<Tensor> {
    let positive = x.lt(0.0)?.where_cond(&x.zeros_like()?, x)?;
    let rest = (absolute(x)?.neg()?.exp()? + 1.0)?.log()?;
    Ok((positive + rest)?)
}

/// `|x|`, whose gradient at 0 is 1.
fn absolute(x: &Tensor) -> Result<Tensor> {
    Ok(x.lt(0.0)?.where_cond(&x.neg()?, x)?)
}

/// Keras's sparsemax; see [`Activation::Sparsemax`].
fn sparsemax(x: &Tensor) -> Result<Tensor> {
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
