//! PyTorch: a state dict in its channels-first world, and a `model.py` that builds the
//! `nn.Sequential` around it, with the preprocessing and a `predict`.

mod activations;
mod columns;
mod convolution;
mod defaults;
mod layers;
mod matched;
mod modules;
mod normalization;
mod order;
mod recurrent;
mod renamed;
mod script;
mod words;

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor};

pub use self::defaults::unlike_defaults;
pub use self::matched::{Matched, matched};
use self::modules::Modules;
pub use self::renamed::renamed;
use super::portable::{Portable, PortableLayer};
use crate::error::Result;
use crate::layers::LayerKind;
use crate::weights::Weights;

/// What is written for PyTorch.
#[derive(Debug, Clone)]
pub struct TorchFiles {
    /// The state dict, in the order of the modules.
    pub state: Vec<(String, Tensor)>,
    /// The text of model.py.
    pub code: String,
}

/// How PyTorch orders the features behind a Flatten.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// By layer: which of our features stands at each place of PyTorch's.
    pub by_layer: BTreeMap<String, Vec<u32>>,
    /// Where nothing is known of an order: behind a Flatten after a layer that PyTorch lacks, and
    /// behind a Reshape of a value that lies channels-first there.
    pub unknown: Vec<String>,
}

/// The orders of the features of every layer behind a Flatten of a channels-first value.
pub fn orders(portable: &Portable) -> Orders {
    let mut modules =
        Modules::new(portable, BTreeMap::new(), layers::starts_first(&portable.layers));
    let mut unknown = Vec::new();
    for (index, layer) in portable.layers.iter().enumerate() {
        let rest = &portable.layers[index + 1..];
        let is_reshape = matches!(layer.kind(), LayerKind::Reshape(_));
        if is_reshape && modules.is_first && layer.output.len() > 1 {
            unknown.push(format!("behind `{}`", layer.name));
        }
        if let Err(error) = layers::layer(&mut modules, layer, rest) {
            let is_flat = |layer: &PortableLayer| {
                matches!(layer.kind(), LayerKind::Flatten(_)) && layer.input.len() > 1
            };
            if rest.iter().any(is_flat) {
                unknown.push(format!("behind a Flatten, since {error}"));
            }
            break;
        }
    }
    Orders { by_layer: modules.orders, unknown }
}

/// A file's tensors under the model's names, with the features behind a Flatten in our order, not in
/// PyTorch's.
pub fn with_own_flatten(
    weights: &Weights,
    mut tensors: HashMap<String, Tensor>,
    orders: &Orders,
) -> Result<HashMap<String, Tensor>> {
    for weight in weights.iter() {
        let Some(order) = orders.by_layer.get(&weight.layer) else { continue };
        let mut back = vec![0_u32; order.len()];
        for (place, feature) in order.iter().enumerate() {
            back[*feature as usize] = place as u32;
        }
        let back = Tensor::new(back.as_slice(), &Device::Cpu)?;
        for name in weight.stored.names() {
            // a Dense's bias has its units, not the features
            let is_per_feature = weight.name != "bias";
            let full = format!("{}.{name}", weight.layer);
            if let Some(tensor) = tensors.get_mut(&full)
                && is_per_feature
                && tensor.dims().last() == Some(&order.len())
            {
                *tensor = tensor.index_select(&back, tensor.rank() - 1)?;
            }
        }
    }
    Ok(tensors)
}

/// A model as PyTorch's. `file` holds its weights as they stand in model.safetensors.
pub fn write(portable: &Portable, file: Vec<(String, Tensor)>) -> Result<TorchFiles> {
    let mut by_layer = BTreeMap::<String, Vec<(String, Tensor)>>::new();
    for (name, tensor) in file {
        let (layer, own) = name.split_once('.').unwrap_or((&name, ""));
        by_layer.entry(layer.to_string()).or_default().push((own.to_string(), tensor));
    }
    let mut modules = Modules::new(portable, by_layer, layers::starts_first(&portable.layers));
    for (index, layer) in portable.layers.iter().enumerate() {
        layers::layer(&mut modules, layer, &portable.layers[index + 1..])?;
    }
    modules.turn_last();
    modules.restore_order();
    let code = script::script(portable, &modules);
    Ok(TorchFiles { state: modules.state, code })
}
