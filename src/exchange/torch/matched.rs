//! Tensors under other names: which module of a file is which layer of the model.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use candle_core::{DType, Tensor};

use crate::error::{Error, Result};
use crate::weights::Weights;
use crate::weights::weights_file::{compare, file_names};

/// A file's tensors under the model's names, and what the user should see.
#[derive(Debug, Clone, Default)]
pub struct Matched {
    /// By the model's names.
    pub tensors: HashMap<String, Tensor>,
    /// The pairs, a line each: the model's name, the file's.
    pub pairs: Vec<String>,
    /// True where a layer could have taken another module, too: their order decided.
    pub is_by_order: bool,
}

/// Pairs a file's tensors with a model's. Where all have the model's names and shapes they stay as
/// they are, without pairs. Else each layer takes the module of its own name, else the first one of
/// the file, in the natural order of its names (`2.weight` before `10.weight`), whose tensors have
/// the same last names and shapes. A matrix may stand transposed; PReLU's `weight` is our `alpha`, a
/// LayerNorm's over several axes our `gamma`; a `weight` of ones and a `bias` of zeros that the layer
/// lacks change nothing and are left.
pub fn matched(
    weights: &Weights,
    tensors: HashMap<String, Tensor>,
    path: &Path,
) -> Result<Matched> {
    let tensors = without_ways(weights, tensors);
    if compare(weights, &tensors)?.is_whole() {
        return Ok(Matched { tensors, ..Matched::default() });
    }
    let modules = modules(tensors);
    let layers = wanted(weights)?;
    let mut taken: Vec<Option<usize>> = vec![None; modules.len()];
    let mut places: Vec<Option<usize>> = vec![None; layers.len()];
    let mut is_by_order = false;
    for by_name in [true, false] {
        for (index, layer) in layers.iter().enumerate() {
            let free = |place: &usize| {
                taken[*place].is_none()
                    && (!by_name || modules[*place].name == layer.name)
                    && layer.takes(&modules[*place]).is_some()
            };
            if places[index].is_none() {
                let mut fitting = (0..modules.len()).filter(free);
                places[index] = fitting.next();
                is_by_order |= fitting.next().is_some();
            }
            if let Some(place) = places[index] {
                taken[place] = Some(index);
            }
        }
    }
    let mut found = Matched { is_by_order, ..Matched::default() };
    let mut problems = Vec::new();
    for (layer, place) in layers.iter().zip(&places) {
        let Some(module) = place.map(|place| &modules[place]) else {
            problems.push(layer.unmet());
            continue;
        };
        let pairs = layer.takes(module).unwrap_or_default();
        for (WantedTensor { name, shape }, (theirs, how)) in layer.parts.iter().zip(pairs) {
            let tensor = &module.tensors[theirs];
            let (ours, theirs) = (join(&layer.name, name), join(&module.name, theirs));
            let (tensor, remark) = match how {
                How::AsItIs => (tensor.clone(), ""),
                How::Turned => (tensor.t()?.contiguous()?, ", transposed"),
                How::Spread => (tensor.broadcast_as(shape.as_slice())?.contiguous()?, ""),
            };
            found.pairs.push(format!("{ours} ← {theirs}{remark}"));
            found.tensors.insert(ours, tensor);
        }
    }
    let unused = modules.iter().zip(&taken).filter(|(_, taken)| taken.is_none());
    problems.extend(unused.map(|(other, _)| format!("no layer takes the file's `{}`", other.name)));
    if problems.is_empty() {
        return Ok(found);
    }
    let message = format!("its tensors don't fit the model:\n    {}", problems.join("\n    "));
    Err(Error::model(path, message).with_help(
        "name the layers as the file does (`name: …`), or load what fits with `--partial`",
    ))
}

/// `residual.layers.conv2d.weight` → `conv2d.weight`, as the model names the layers inside a residual.
fn without_ways(weights: &Weights, tensors: HashMap<String, Tensor>) -> HashMap<String, Tensor> {
    let known: BTreeSet<String> = weights.iter().flat_map(file_names).collect();
    let own = |name: String| {
        let ways = [".layers.", ".shortcut."];
        let end = ways.iter().filter_map(|way| Some(name.rfind(way)? + way.len())).max();
        match end.map(|end| name[end..].to_string()) {
            Some(inner) if known.contains(&inner) && !known.contains(&name) => inner,
            _ => name,
        }
    };
    tensors.into_iter().map(|(name, tensor)| (own(name), tensor)).collect()
}

/// Tensors of a file whose names differ only behind the last dot.
struct FoundModule {
    name: String,
    tensors: HashMap<String, Tensor>,
}

/// In the natural order of their names.
fn modules(tensors: HashMap<String, Tensor>) -> Vec<FoundModule> {
    let mut by_name = BTreeMap::<String, HashMap<String, Tensor>>::new();
    for (name, tensor) in tensors.into_iter().collect::<BTreeMap<_, _>>() {
        let name = own_level(&name);
        let tensors = by_name.entry(module(&name).to_string()).or_default();
        tensors.insert(last(&name).to_string(), tensor);
    }
    let mut modules: Vec<FoundModule> =
        by_name.into_iter().map(|(name, tensors)| FoundModule { name, tensors }).collect();
    modules.sort_by_cached_key(|module| natural(&module.name));
    modules
}

/// A layer of the model with the tensors that it needs.
struct WantedModule {
    name: String,
    parts: Vec<WantedTensor>,
}

struct WantedTensor {
    name: String,
    shape: Vec<usize>,
}

#[derive(Clone, Copy)]
enum How {
    AsItIs,
    Turned,
    Spread,
}

fn wanted(weights: &Weights) -> Result<Vec<WantedModule>> {
    let mut layers: Vec<WantedModule> = Vec::new();
    for weight in weights.iter() {
        let shapes = weight.stored.file_shapes(weight.shape())?;
        for (full, shape) in file_names(weight).into_iter().zip(shapes) {
            let part = WantedTensor { name: last(&full).to_string(), shape };
            match layers.last_mut().filter(|layer| layer.name == module(&full)) {
                Some(layer) => layer.parts.push(part),
                None => layers.push(WantedModule { name: module(&full).into(), parts: vec![part] }),
            }
        }
    }
    Ok(layers)
}

impl WantedModule {
    /// The tensors of a module that serve as this layer's; None where it isn't one of its kind.
    fn takes<'a>(&self, module: &'a FoundModule) -> Option<Vec<(&'a str, How)>> {
        let mut pairs = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let other = match part.name.as_str() {
                "alpha" | "gamma" | "scale" => "weight",
                "beta" => "bias",
                own => own,
            };
            let (own, other) =
                (module.tensors.get_key_value(&part.name), module.tensors.get_key_value(other));
            let (name, tensor) = own.or(other)?;
            let is_slope = part.name == "alpha" && own.is_none();
            let how = match tensor.dims() {
                [n] if is_slope && (*n == 1 || part.shape.last() == Some(n)) => How::Spread,
                dims => fits_as(dims, &part.shape)?,
            };
            pairs.push((name.as_str(), how));
        }
        let is_used = |name: &str| pairs.iter().any(|(used, _)| *used == name);
        let mut rest = module.tensors.iter().filter(|(name, _)| !is_used(name));
        rest.all(|(name, tensor)| changes_nothing(name, tensor)).then_some(pairs)
    }

    fn unmet(&self) -> String {
        let shapes: Vec<String> =
            self.parts.iter().map(|part| format!("{} {:?}", part.name, part.shape)).collect();
        format!("nothing fits layer `{}`: {}", self.name, shapes.join(", "))
    }
}

/// Whether a tensor of this shape serves as one of another.
fn fits_as(found: &[usize], wanted: &[usize]) -> Option<How> {
    match (found, wanted) {
        _ if found == wanted => Some(How::AsItIs),
        ([a, b], [c, d]) if a == d && b == c => Some(How::Turned),
        _ => None,
    }
}

/// A vector of factors that are 1, or of terms that are 0.
fn changes_nothing(name: &str, tensor: &Tensor) -> bool {
    let neutral = match name {
        "weight" => 1.0,
        "bias" | "bias_ih_l0" | "bias_hh_l0" => 0.0,
        _ => return false,
    };
    let numbers = tensor.to_dtype(DType::F32).and_then(|tensor| tensor.to_vec1::<f32>());
    numbers.is_ok_and(|numbers| numbers.iter().all(|number| *number == neutral))
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
