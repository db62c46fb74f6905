//! The reference: convolutions composed of candle ops whose gradients are right, on any device: what the positions
//! see is selected by index, and the rest is a matrix product.

use candle_core::Tensor;

use super::plan::{ConvolutionOp, ConvolutionPlan};
use crate::error::Result;
use crate::gpu;
use crate::weights::LayerWeight;

/// x (batch, inputs, channels) to (batch, positions, filters), without the bias.
pub(super) fn forward(
    plan: &ConvolutionPlan,
    x: &Tensor,
    weights: &[LayerWeight],
) -> Result<Tensor> {
    let kernel = &weights[0].like(x)?;
    match plan.op {
        ConvolutionOp::Full => full(plan, x, kernel),
        ConvolutionOp::Transposed => transposed(plan, x, kernel),
        ConvolutionOp::Depthwise => depthwise(plan, x, kernel),
        ConvolutionOp::Separable => {
            let between = depthwise(plan, x, kernel)?; // (batch, positions, channels · multiplier)
            let (batch, positions, channels) = between.dims3()?;
            let mixture = weights[1].as_tensor().reshape((channels, plan.filters))?;
            let y = between.reshape((batch * positions, channels))?.matmul(&mixture)?;
            Ok(y.reshape((batch, positions, plan.filters))?)
        }
    }
}

fn full(plan: &ConvolutionPlan, x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (batch, _, channels) = x.dims3()?;
    let (positions, taps) = (plan.window.positions(), plan.window.taps());
    let (seen_channels, filters) = (channels / plan.groups, plan.filters / plan.groups);
    if let (1, Some(lists)) = (plan.groups, plan.seen.lists(x, || plan.window.sources())?) {
        let kernel = kernel.reshape((taps * channels, filters))?;
        return Ok(gpu::product_of_rows(x, lists, &kernel)?);
    }
    let seen = see(plan, x)?; // (batch, positions, taps, channels)
    let row = taps * seen_channels;
    let kernel = kernel.reshape((row, plan.filters))?;
    let mut groups = Vec::with_capacity(plan.groups);
    for group in 0..plan.groups {
        let seen = seen.narrow(3, group * seen_channels, seen_channels)?.contiguous()?;
        let seen = seen.reshape((batch * positions, row))?;
        let kernel = kernel.narrow(1, group * filters, filters)?.contiguous()?;
        groups.push(seen.matmul(&kernel)?); // (batch · positions, filters / groups)
    }
    Ok(Tensor::cat(&groups, 1)?.reshape((batch, positions, plan.filters))?)
}

fn transposed(plan: &ConvolutionPlan, x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (batch, inputs, channels) = x.dims3()?;
    let (outputs, taps, filters) = (plan.window.inputs(), plan.window.taps(), plan.filters);
    let kernel = kernel.reshape((taps * filters, channels))?.t()?.contiguous()?;
    let added = x.reshape((batch * inputs, channels))?.matmul(&kernel)?;
    let added = added.reshape((batch, inputs * taps, filters))?;
    plan.seen.add_up(&added, outputs, || plan.window.sources())
}

fn depthwise(plan: &ConvolutionPlan, x: &Tensor, kernel: &Tensor) -> Result<Tensor> {
    let (batch, _, channels) = x.dims3()?;
    let (positions, taps) = (plan.window.positions(), plan.window.taps());
    let kernel = kernel.reshape((taps, channels, plan.multiplier))?;
    let seen = see(plan, x)?.unsqueeze(4)?; // (batch, positions, taps, channels, 1)
    let y = seen.broadcast_mul(&kernel)?.sum(2)?; // (batch, positions, channels, multiplier)
    Ok(y.reshape((batch, positions, channels * plan.multiplier))?)
}

/// What each position sees: (batch, positions, taps, channels).
fn see(plan: &ConvolutionPlan, x: &Tensor) -> Result<Tensor> {
    let window = &plan.window;
    let (batch, _, channels) = x.dims3()?;
    let seen = plan.seen.select(x, || window.sources())?;
    Ok(seen.reshape((batch, window.positions(), window.taps(), channels))?)
}
