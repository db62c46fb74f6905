//! The proof of an export: the written file is read back by our own reader, and computes the same.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::layer_rules::LayerRules;
use crate::data::Preprocessing;
use crate::error::{Error, Result};
use crate::layers::LayerKind;
use crate::model::artifact::Model;
use crate::model::network::Network;
use crate::model::self_test::SelfTest;
use crate::sections::Config;
use crate::spec::Spec;
use crate::target::DataFacts;

/// The largest difference between what a model makes of its samples and what another does, as a
/// part of the largest output where that is above 1.
pub(crate) fn difference(model: &Model, other: &Network) -> Result<f32> {
    let (test, preprocessing) = (model.self_test.as_ref(), model.preprocessing.as_ref());
    let samples = samples(&model.network, test, preprocessing)?;
    let numbers = |network: &Network| -> Result<Vec<f32>> {
        Ok(network.predict(&samples)?.flatten_all()?.to_vec1()?)
    };
    Ok(apart(&numbers(&model.network)?, &numbers(other)?))
}

/// What to compute with: the stored rows of the self-test through the preprocessing, else eight
/// fixed samples.
pub(crate) fn samples(
    model: &Network,
    stored: Option<&SelfTest>,
    preprocessing: Option<&Preprocessing>,
) -> Result<Tensor> {
    if let (Some(test), Some(preprocessing)) = (stored, preprocessing)
        && !test.rows.is_empty()
    {
        return test.samples(preprocessing, model);
    }
    let spec = model.spec();
    let values = (0..8 * spec.input.elements()).map(fixed_numbers(model)).collect::<Vec<f32>>();
    Ok(Tensor::from_vec(values, spec.input.with_batch(8), model.weights().device())?)
}

/// A number for each place of an input that the model can take.
pub(crate) fn fixed_numbers(model: &Network) -> impl Fn(usize) -> f32 {
    let layers = model.spec().every_layer();
    let ids = layers.iter().filter_map(|layer| match LayerKind::from(&*layer.entry.item) {
        LayerKind::Embedding(embedding) => embedding.input_dim.size(),
        _ => None,
    });
    let ids = ids.min();
    move |i: usize| match ids {
        Some(ids) => (i * 37 % ids.max(1)) as f32, // an Embedding takes whole numbers below
        None => (i * 37 % 19) as f32 / 19.0,
    }
}

/// How far the numbers of another program may be from ours, as a part of the largest output: 2e-5,
/// or 1e-4 where steps follow upon steps.
pub fn tolerance(model: &Network) -> f32 {
    let mut layers = model.spec().layers.iter();
    if layers.any(|layer| LayerRules::of(LayerKind::from(&*layer.entry.item)).is_recurrent) {
        1e-4
    } else {
        2e-5
    }
}

/// The largest difference between numbers, as a part of the largest of `ours` where that is above 1.
/// NaN where one side has a NaN that the other lacks, or another size.
pub(crate) fn apart(ours: &[f32], theirs: &[f32]) -> f32 {
    if ours.len() != theirs.len() {
        return f32::NAN;
    }
    let apart = |(a, b): (&f32, &f32)| {
        if a == b || (a.is_nan() && b.is_nan()) {
            // equal infinities, too
            0.0
        } else {
            (a - b).abs()
        }
    };
    let largest = |most: f32, apart: f32| if apart > most || apart.is_nan() { apart } else { most };
    let scale = ours.iter().filter(|number| number.is_finite());
    let scale = scale.fold(1.0, |scale, number| number.abs().max(scale));
    ours.iter().zip(theirs).map(apart).fold(0.0, largest) / scale
}

/// The same architecture with other weights.
pub(crate) fn fresh(model: &Network) -> Result<Network> {
    Network::build(model.spec(), 1, &Device::Cpu)
}

/// The architecture of a file, with the weights of `model` in their order.
pub(crate) fn with_weights_of(model: &Network, config: &Config, path: &Path) -> Result<Network> {
    let spec = Spec::resolve(config, &DataFacts::default())?;
    let other = Network::build(&spec.model, spec.seed, &Device::Cpu)?;
    let shapes = |model: &Network| -> Vec<Vec<usize>> {
        model.weights().iter().map(|weight| weight.shape().to_vec()).collect()
    };
    if shapes(model) != shapes(&other) {
        let message = format!("{} describes a model of other weights", path.display());
        return Err(Error::Internal(message));
    }
    for (own, other) in model.weights().iter().zip(other.weights().iter()) {
        other.set(own.var.as_tensor())?;
    }
    Ok(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_on_one_side_or_another_size_is_no_small_difference() {
        assert_eq!(apart(&[1.0, f32::NAN, f32::INFINITY], &[1.5, f32::NAN, f32::INFINITY]), 0.5);
        assert_eq!(apart(&[1.0, -10.0], &[1.5, -10.0]), 0.05);
        assert!(apart(&[f32::NAN, 1.0], &[1.0, 9.0]).is_nan());
        assert!(apart(&[1.0], &[1.0, 1.0]).is_nan());
    }
}
