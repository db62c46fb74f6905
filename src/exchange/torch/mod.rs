//! PyTorch: a state dict in its channels-first world, and a `model.py` that builds the
//! `nn.Sequential` around it, with the preprocessing and a `predict`.

mod activations;
mod convolution;
mod layers;
mod modules;
mod order;
mod script;

use std::collections::BTreeMap;

use candle_core::Tensor;

use self::modules::Modules;
use super::portable::Portable;
use super::tables::Tables;
use crate::error::Result;

/// What is written for PyTorch.
#[derive(Debug, Clone)]
pub struct TorchFiles {
    /// The state dict, in the order of the modules.
    pub state: Vec<(String, Tensor)>,
    /// The text of model.py.
    pub code: String,
}

/// A model as PyTorch's. `file` holds its weights as they stand in model.safetensors.
pub fn write(
    portable: &Portable,
    file: Vec<(String, Tensor)>,
    tables: Option<&Tables>,
) -> Result<TorchFiles> {
    let mut by_layer = BTreeMap::<String, Vec<(String, Tensor)>>::new();
    for (name, tensor) in file {
        let (layer, own) = name.split_once('.').unwrap_or((&name, ""));
        by_layer.entry(layer.to_string()).or_default().push((own.to_string(), tensor));
    }
    let mut modules = Modules::new(portable, by_layer);
    for (index, layer) in portable.layers.iter().enumerate() {
        layers::layer(&mut modules, layer, &portable.layers[index + 1..])?;
    }
    modules.turn_last();
    modules.restore_order();
    let code = script::script(portable, &modules, tables);
    Ok(TorchFiles { state: modules.state, code })
}
