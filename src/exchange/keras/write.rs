//! Keras's files written.

use candle_core::Tensor;
use serde_json::{Map, Value};

use super::hdf5::{self, Tree};
use super::{archive, write_json};
use crate::error::{Error, Result};
use crate::exchange::portable::{Portable, named};
use crate::exchange::signatures::LAYERS;

/// The version whose layout is written.
const KERAS_VERSION: &str = "3.15.1";

/// The bytes of a `.keras` file: architecture, compile settings, weights and the optimizer's state.
pub fn write_keras(portable: &Portable) -> Result<Vec<u8>> {
    let config = write_json::model(portable)?.to_string();
    let weights = write_weights(portable)?;
    archive::write(&config, &weights, KERAS_VERSION).map_err(Error::Internal)
}

/// The bytes of a `.weights.h5` file.
pub fn write_weights(portable: &Portable) -> Result<Vec<u8>> {
    let mut tree = Tree::default();
    let mut name_of = |group: &str, name: &str| {
        tree.groups.push(group.to_string());
        tree.attributes.insert((group.to_string(), "name".into()), vec![name.to_string()]);
    };
    name_of("vars", &portable.name);
    let keys = portable.file_keys();
    for (layer, key) in portable.layers.iter().zip(&keys) {
        name_of(&format!("layers/{key}/vars"), &layer.name);
    }
    if !portable.optimizer.is_empty() {
        name_of("optimizer/vars", "optimizer");
    }
    for (layer, key) in portable.layers.iter().zip(&keys) {
        let tensors: Vec<&Tensor> = layer.weights.iter().map(|(_, tensor)| tensor).collect();
        for (group, tensors) in placed(&layer.class, &layer.arguments, &tensors)? {
            for (index, tensor) in tensors.iter().enumerate() {
                let path = format!("layers/{key}/{group}vars/{index}");
                tree.datasets.insert(path, (*tensor).clone());
            }
        }
    }
    for (index, (_, tensor)) in portable.optimizer.iter().enumerate() {
        tree.datasets.insert(format!("optimizer/vars/{index}"), tensor.clone());
    }
    hdf5::write(&tree).map_err(Error::Internal)
}

type Placed<'a> = Vec<(String, Vec<&'a Tensor>)>;

/// Which of a layer's groups holds which of its weights.
fn placed<'a>(
    class: &str,
    arguments: &Map<String, Value>,
    tensors: &[&'a Tensor],
) -> Result<Placed<'a>> {
    let inside = |key: &str| -> Result<(String, Map<String, Value>)> {
        let (kind, arguments) = arguments
            .get(key)
            .and_then(named)
            .ok_or_else(|| Error::Internal(format!("{class} without `{key}`")))?;
        let class = LAYERS.find(&kind);
        Ok((class.map_or(kind.clone(), |class| class.name.to_string()), arguments))
    };
    let prefixed = |prefix: &str, placed: Placed<'a>| -> Placed<'a> {
        placed.into_iter().map(|(group, own)| (format!("{prefix}/{group}"), own)).collect()
    };
    Ok(match class {
        "LSTM" | "GRU" | "SimpleRNN" | "ConvLSTM1D" | "ConvLSTM2D" | "ConvLSTM3D" => {
            vec![("cell/".into(), tensors.to_vec())]
        }
        "Bidirectional" => {
            let (class, arguments) = inside("layer")?;
            let own = if arguments.get("use_bias") == Some(&Value::Bool(false)) { 2 } else { 3 };
            let (forward, backward) = tensors.split_at(own.min(tensors.len()));
            let mut all = prefixed("forward_layer", placed(&class, &arguments, forward)?);
            all.extend(prefixed("backward_layer", placed(&class, &arguments, backward)?));
            all
        }
        "TimeDistributed" => {
            let (class, arguments) = inside("layer")?;
            prefixed("layer", placed(&class, &arguments, tensors)?)
        }
        _ => vec![(String::new(), tensors.to_vec())],
    })
}
