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

/// Pairs a file's tensors with a model's, where their names differ: layer after layer, each with
/// the first module of the file, in the natural order of its names (`2.weight` before `10.weight`),
/// that has tensors of the same last names and shapes; a matrix may stand transposed. Gives the
/// tensors under the model's names, and the pairs (the model's name, the file's).
pub fn matched(
    weights: &Weights,
    tensors: HashMap<String, Tensor>,
    path: &Path,
) -> Result<(HashMap<String, Tensor>, Vec<(String, String)>)> {
    let tensors: HashMap<String, Tensor> =
        tensors.into_iter().map(|(name, tensor)| (own_level(&name), tensor)).collect();
    let mut modules: Vec<(String, bool)> =
        tensors.keys().map(|name| (module(name).to_string(), false)).collect();
    modules.sort_by_cached_key(|(name, _)| natural(name));
    modules.dedup();
    let mut wanted: Vec<(String, Vec<(String, Vec<usize>)>)> = Vec::new();
    for weight in weights.iter() {
        let shapes = weight.stored.file_shapes(weight.shape())?;
        for (name, shape) in file_names(weight).into_iter().zip(shapes) {
            let (layer, last) = (module(&name).to_string(), last(&name).to_string());
            match wanted.last_mut().filter(|(known, _)| *known == layer) {
                Some((_, list)) => list.push((last, shape)),
                None => wanted.push((layer, vec![(last, shape)])),
            }
        }
    }
    let mut found = HashMap::new();
    let mut pairs = Vec::new();
    let mut problems = Vec::new();
    for (layer, list) in wanted {
        let fits = |other: &str| {
            let count = tensors.keys().filter(|name| module(name) == other).count();
            count == list.len()
                && list.iter().all(|(last, shape)| {
                    let tensor = tensors.get(&join(other, last));
                    tensor.is_some_and(|tensor| fits_as(tensor.dims(), shape).is_some())
                })
        };
        let free = |(name, used): &(String, bool)| !used && fits(name);
        let named = modules.iter().position(|module| module.0 == layer && free(module));
        let Some(place) = named.or_else(|| modules.iter().position(free)) else {
            let shapes: Vec<String> =
                list.iter().map(|(last, shape)| format!("{last} {shape:?}")).collect();
            problems.push(format!("nothing fits layer `{layer}`: {}", shapes.join(", ")));
            continue;
        };
        let (other, used) = &mut modules[place];
        *used = true;
        for (last, shape) in &list {
            let (ours, theirs) = (join(&layer, last), join(other, last));
            let tensor = &tensors[&theirs];
            let is_turned = fits_as(tensor.dims(), shape) == Some(true);
            let tensor = if is_turned { tensor.t()?.contiguous()? } else { tensor.clone() };
            found.insert(ours.clone(), tensor);
            pairs.push((ours, if is_turned { format!("{theirs}, transposed") } else { theirs }));
        }
    }
    for (name, _) in modules.iter().filter(|(_, used)| !used) {
        problems.push(format!("no layer takes the file's `{name}`"));
    }
    if problems.is_empty() {
        return Ok((found, pairs));
    }
    let message = format!("its tensors don't fit the model:\n    {}", problems.join("\n    "));
    Err(Error::model(path, message).with_help(
        "name the layers as the file does (`name: …`), or load what fits with `--partial`",
    ))
}

/// Whether a tensor of this shape serves as one of another: as it is, or (true) transposed.
fn fits_as(found: &[usize], wanted: &[usize]) -> Option<bool> {
    match (found, wanted) {
        _ if found == wanted => Some(false),
        ([a, b], [c, d]) if a == d && b == c => Some(true),
        _ => None,
    }
}

/// Each level of a stacked recurrent module as one of its own: `rnn.weight_ih_l1` →
/// `rnn.l1.weight_ih_l0`.
fn own_level(name: &str) -> String {
    let (module, part) = (module(name), last(name));
    for start in ["weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"] {
        let Some(rest) = part.strip_prefix(start) else { continue };
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (level, after) = rest.split_at(end);
        if !level.is_empty() && level != "0" {
            return format!("{}.{start}0{after}", join(module, &format!("l{level}")));
        }
    }
    name.to_string()
}

/// `0.weight` → `0`.
fn module(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(module, _)| module)
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn join(module: &str, last: &str) -> String {
    if module.is_empty() { last.to_string() } else { format!("{module}.{last}") }
}

/// A key that sorts numbers inside names by their value.
fn natural(name: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(text_end);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(end);
        parts.push((0, text.to_string()));
        parts.push((digits.parse().unwrap_or(u64::MAX), String::new()));
        rest = after;
    }
    parts
}

fn file_names(weight: &Weight) -> Vec<String> {
    weight.stored.names().iter().map(|name| format!("{}.{name}", weight.layer)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_a_stacked_module_are_modules_of_their_own() {
        assert_eq!(own_level("rnn.weight_ih_l0"), "rnn.weight_ih_l0");
        assert_eq!(own_level("rnn.weight_hh_l1_reverse"), "rnn.l1.weight_hh_l0_reverse");
        assert_eq!(own_level("bias_ih_l12"), "l12.bias_ih_l0");
        assert_eq!(own_level("dense.weight"), "dense.weight");
    }

    #[test]
    fn names_sort_by_the_numbers_in_them() {
        let mut names = vec!["10.w", "2.w", "features.10", "features.9", "conv2", "conv1"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["2.w", "10.w", "conv1", "conv2", "features.9", "features.10"]);
    }
}
