//! Weights to and from the names and layouts of model.safetensors: PyTorch's and candle's.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use candle_core::{DType, Tensor};

use crate::error::{Error, Result};
use crate::weights::{Weight, Weights};

/// Every weight as it stands in the file, in the model's order: `dense.weight`, `dense.bias`.
pub fn to_file(weights: &Weights) -> Result<Vec<(String, Tensor)>> {
    let mut tensors = Vec::new();
    for weight in weights.iter() {
        let parts = weight.stored.to_file(weight.var.as_tensor())?;
        for (name, tensor) in file_names(weight).into_iter().zip(parts) {
            tensors.push((name, tensor));
        }
    }
    Ok(tensors)
}

/// What fits and what doesn't between a file and a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// Tensors that fit by name and shape.
    pub fitting: Vec<String>,
    /// Tensors that the model has and the file lacks.
    pub missing: Vec<String>,
    /// Tensors that the file has and the model lacks.
    pub unexpected: Vec<String>,
    /// Tensors of another shape: name, the model's shape, the file's.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// Tensors whose numbers are no floats: name, the file's type.
    pub mistyped: Vec<(String, &'static str)>,
}

impl Fit {
    /// True where every tensor has its place.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.misshapen.is_empty()
            && self.mistyped.is_empty()
    }

    /// What doesn't fit, a line each.
    pub fn differences(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|name| format!("missing in the file: `{name}`"));
        let unexpected = self.unexpected.iter().map(|name| format!("not in the model: `{name}`"));
        let misshapen = self.misshapen.iter().map(|(name, model, file)| {
            format!("another shape: `{name}` is {model:?} in the model, {file:?} in the file")
        });
        let mistyped = self.mistyped.iter().map(|(name, dtype)| {
            format!("another type: `{name}` is floats in the model, {dtype} in the file")
        });
        missing.chain(unexpected).chain(misshapen).chain(mistyped).collect()
    }
}

/// Compares a file's tensors with a model's weights, without changing any.
pub fn compare(weights: &Weights, tensors: &HashMap<String, Tensor>) -> Result<Fit> {
    let mut fit = Fit::default();
    let mut known = BTreeSet::new();
    for weight in weights.iter() {
        let shapes = weight.stored.file_shapes(weight.shape())?;
        for (name, shape) in file_names(weight).into_iter().zip(shapes) {
            match tensors.get(&name) {
                None => fit.missing.push(name.clone()),
                Some(tensor) if !tensor.dtype().is_float() => {
                    fit.mistyped.push((name.clone(), tensor.dtype().as_str()));
                }
                Some(tensor) if tensor.dims() != shape => {
                    fit.misshapen.push((name.clone(), shape, tensor.dims().to_vec()));
                }
                Some(_) => fit.fitting.push(name.clone()),
            }
            known.insert(name);
        }
    }
    let mut unexpected: Vec<String> =
        tensors.keys().filter(|name| !known.contains(*name)).cloned().collect();
    unexpected.sort_unstable();
    fit.unexpected = unexpected;
    Ok(fit)
}

/// Puts a file's tensors into a model's weights. Strictly: every tensor must have its place, or
/// none is changed. With `partial`, those that fit by name and shape are loaded.
pub fn load(
    weights: &Weights,
    tensors: &HashMap<String, Tensor>,
    path: &Path,
    partial: bool,
) -> Result<Fit> {
    let fit = compare(weights, tensors)?;
    if !partial && !fit.is_whole() {
        let message =
            format!("its tensors don't fit the model:\n    {}", fit.differences().join("\n    "));
        return Err(Error::model(path, message).with_help(
            "give the file of the same architecture, or load what fits with `--partial`",
        ));
    }
    if fit.fitting.is_empty() {
        return Err(Error::model(path, "none of its tensors fits the model by name and shape"));
    }
    for weight in weights.iter() {
        let names = file_names(weight);
        if !names.iter().all(|name| fit.fitting.contains(name)) {
            continue;
        }
        let parts: Result<Vec<Tensor>> = names
            .iter()
            .map(|name| Ok(tensors[name].to_dtype(DType::F32)?.to_device(weights.device())?))
            .collect();
        weight.set(&weight.stored.from_file(&parts?, weight.shape())?)?;
    }
    Ok(fit)
}

/// The names under which a weight stands in the file: `dense.weight`.
pub(crate) fn file_names(weight: &Weight) -> Vec<String> {
    weight.stored.names().iter().map(|name| format!("{}.{name}", weight.layer)).collect()
}
