//! Layers that give numbers another scale: by the batch's moments, a sample's own, or given ones.

mod batch_normalization;
mod group_normalization;
mod layer_normalization;
mod normalize;
mod rescaling;
mod rms_normalization;
mod unit_normalization;

pub use batch_normalization::BatchNormalization;
pub use group_normalization::GroupNormalization;
pub use layer_normalization::LayerNormalization;
pub use normalize::Normalization;
pub use rescaling::Rescaling;
pub use rms_normalization::RmsNormalization;
pub use unit_normalization::UnitNormalization;

use candle_core::Tensor;

use crate::error::{Problem, Result};
use crate::shape::Shape;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope, WeightOptions, WeightSpec};

/// True where the axes of a sample are its last ones, so that what they span lies in one row.
fn are_last(axes: &[usize], input: &Shape) -> bool {
    axes.iter().rev().zip((0..input.rank()).rev()).all(|(axis, last)| *axis == last)
}

/// How many numbers the axes of a sample span.
fn width(axes: &[usize], input: &Shape) -> usize {
    axes.iter().map(|axis| input.dims()[*axis]).product()
}

/// The sizes of some axes of a sample.
fn sizes(axes: &[usize], input: &Shape) -> Vec<usize> {
    axes.iter().map(|axis| input.dims()[*axis]).collect()
}

/// The mean over some axes of a batch, which stay with size 1.
pub(super) fn mean_over(x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let count: usize = axes.iter().map(|axis| x.dims()[*axis]).product();
    if axes.is_empty() {
        return Ok(x.clone());
    }
    Ok((x.sum_keepdim(axes)? / count.max(1) as f64)?)
}

/// The weights gamma and beta, each where it is wanted; `stored` are their names in the file.
fn gamma_and_beta(
    options: [Option<&WeightOptions>; 2],
    shape: &[usize],
    stored: [&str; 2],
    scope: &mut Scope<'_>,
) -> Result<[Option<LayerWeight>; 2]> {
    let mut weight = |name, options: Option<&WeightOptions>, stored| {
        let stored = Stored::plain(stored);
        options.map(|options| scope.weight(WeightSpec { name, shape, options, stored })).transpose()
    };
    Ok([weight("gamma", options[0], stored[0])?, weight("beta", options[1], stored[1])?])
}

/// `x · gamma + beta`, each where there is one, shaped to `shape` before.
fn scale_and_shift(
    mut x: Tensor,
    gamma: Option<&LayerWeight>,
    beta: Option<&LayerWeight>,
    shape: &[usize],
) -> Result<Tensor> {
    if let Some(gamma) = gamma {
        x = x.broadcast_mul(&gamma.reshape(shape)?)?;
    }
    if let Some(beta) = beta {
        x = x.broadcast_add(&beta.reshape(shape)?)?;
    }
    Ok(x)
}

fn needs_an_axis(layer: &str, input: &Shape) -> Result<(), Problem> {
    if input.rank() == 0 {
        return Err(Problem::at("", format!("{layer} needs at least one axis, got {input}")));
    }
    super::axes::no_empty_axis(layer, input)
}
