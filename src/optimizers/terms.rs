//! The pieces that rules of tensors are composed of.

use candle_core::{D, DType, Result, Tensor};

/// `old + (new - old) · rest`.
pub(super) fn moved(old: &Tensor, new: &Tensor, rest: f32) -> Result<Tensor> {
    old + ((new - old)? * f64::from(rest))?
}

/// `√(Σ x²)`, one number, added up in f64.
pub(super) fn norm(x: &Tensor) -> Result<Tensor> {
    x.sqr()?.to_dtype(DType::F64)?.sum_all()?.reshape(1)?.sqrt()?.to_dtype(DType::F32)
}

/// The root of the mean of the squares, one number.
pub(super) fn root_mean_square(x: &Tensor) -> Result<Tensor> {
    let squares = x.sqr()?.to_dtype(DType::F64)?.flatten_all()?;
    squares.mean_keepdim(D::Minus1)?.sqrt()?.to_dtype(DType::F32)
}
