//! Mixed precision: what computes in bfloat16, and what stays in float32.
//!
//! Weights, losses, statistics and every function but the piecewise linear ones are float32. A layer
//! that says so ([`Forward::computes_in_bf16`]) is given bfloat16 and casts its weights to it; all
//! others are given float32. Gradients reach the float32 weights through the casts.

use candle_core::{DType, Tensor};

use super::layer::{Context, Forward, Signal};
use crate::activations::{Activation, widened};
use crate::error::Result;
use crate::gpu;
use crate::weights::LayerWeight;

/// A batch through a layer, in the type that it computes in.
pub(crate) fn run(
    layer: &dyn Forward,
    signal: Signal,
    context: &mut Context<'_>,
) -> Result<Signal> {
    let is_mixed = context.compute == DType::BF16 && layer.computes_in_bf16();
    let (from, to) = if is_mixed { (DType::F32, DType::BF16) } else { (DType::BF16, DType::F32) };
    if signal.tensor.dtype() != from {
        return layer.forward(signal, context);
    }
    let tensor = signal.tensor.to_dtype(to)?;
    layer.forward(signal.with(tensor), context)
}

/// `a + b`, in float32 where only one of them is bfloat16.
pub(super) fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Ok(if a.dtype() == b.dtype() { (a + b)? } else { (widened(a)? + widened(b)?)? })
}

/// `a · b` of matrices of one type, computed in `compute`; the product is of their type.
pub(super) fn product(a: &Tensor, b: &Tensor, compute: DType) -> Result<Tensor> {
    if compute != DType::BF16 {
        return Ok(a.matmul(b)?);
    }
    Ok(a.to_dtype(compute)?.matmul(&b.to_dtype(compute)?)?.to_dtype(a.dtype())?)
}

/// `y + bias`, the bias along the last axis or all of the last axes. On the CPU candle sums
/// bfloat16 in bfloat16, so there the bias's gradient is summed in float32.
pub(super) fn add_bias(y: &Tensor, bias: &LayerWeight) -> Result<Tensor> {
    if y.dtype() == DType::BF16 && y.device().is_cpu() {
        let sum = y.to_dtype(DType::F32)?.broadcast_add(bias.as_tensor())?;
        return Ok(sum.to_dtype(DType::BF16)?);
    }
    Ok(y.broadcast_add(&bias.like(y)?)?)
}

/// `activation(y + bias)`, the bias along the last axis.
pub(super) fn finish(
    y: &Tensor,
    bias: Option<&LayerWeight>,
    activation: &Activation,
) -> Result<Tensor> {
    if activation.is_relu() && gpu::relu_takes(y) {
        return Ok(match bias {
            Some(bias) => gpu::biased_relu(y, &bias.like(y)?)?,
            None => gpu::relu(y)?,
        });
    }
    let y = bias.map_or_else(|| Ok(y.clone()), |bias| add_bias(y, bias))?;
    if *activation == Activation::Softmax && gpu::softmax_takes(&y) {
        return Ok(gpu::softmax(&y)?);
    }
    activation.forward(&y)
}
