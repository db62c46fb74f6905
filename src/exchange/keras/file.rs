//! Keras's files as plain data: the model's JSON, each layer's weights in order, the optimizer's
//! variables.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::path::Path;

use candle_core::Tensor;
use serde_json::Value;

use super::archive;
use super::hdf5::{self, Hdf5Tree};
use crate::disk::files::{Inspection, TensorFacts};
use crate::disk::intake;
use crate::error::{Error, Result};

/// What one of Keras's files holds.
#[derive(Debug, Clone, Default)]
pub struct KerasFile {
    /// The model's JSON; null in a weights file.
    pub model: Value,
    /// The training_config of a legacy file; null elsewhere.
    pub training_config: Value,
    /// The layers' weights; found by [`KerasFile::weights_of`].
    weights: Vec<LayerWeights>,
    /// The optimizer's variables in Keras's order; empty where there are none.
    pub optimizer: Vec<Tensor>,
    by_name: bool,
}

/// The weights of one layer.
#[derive(Debug, Clone)]
pub struct LayerWeights {
    /// The layer's key (`dense_1`, counted by class), or its name in a legacy file.
    pub key: String,
    /// The values in Keras's order and layout.
    pub weights: Vec<Tensor>,
}

impl KerasFile {
    /// Reads a `.keras`, a `.weights.h5` or a legacy `.h5`; the content decides which it is.
    pub fn read(path: &Path) -> Result<KerasFile> {
        if path.is_dir() {
            return Err(Error::model(path, "is a folder, not a file of Keras's"));
        }
        let is_wrong = |bytes: &[u8]| !bytes.starts_with(b"PK") && !bytes.starts_with(b"\x89HDF");
        let bytes = intake::read(path, is_wrong)?;
        KerasFile::parse(bytes).map_err(|message| {
            Error::model(path, message)
                .with_help("the file may be cut short or damaged; save it again in Keras")
        })
    }

    /// The same from a file's bytes. The error says what is wrong with them.
    pub fn parse(bytes: Vec<u8>) -> Result<KerasFile, String> {
        if bytes.starts_with(b"PK") {
            let archive =
                archive::read(&bytes).map_err(|e| format!("not a whole .keras file: {e}"))?;
            drop(bytes);
            let mut file = KerasFile::weights_file(&parse_hdf5(archive.weights)?);
            file.model = json(&archive.config, "config.json")?;
            let metadata: Value = serde_json::from_str(&archive.metadata).unwrap_or_default();
            file.set_version(metadata["keras_version"].as_str());
            return Ok(file);
        }
        let tree = parse_hdf5(bytes)?;
        match tree.string("", "model_config") {
            Some(config) => {
                let mut file = KerasFile::legacy(&tree, json(&config, "model_config")?)?;
                file.set_version(tree.string("", "keras_version").as_deref());
                Ok(file)
            }
            None if tree.has("layers") || tree.has("_layer_checkpoint_dependencies") => {
                Ok(KerasFile::weights_file(&tree))
            }
            None if tree.texts("", "layer_names").is_some() => {
                KerasFile::legacy_weights(&tree, "", Value::Null)
            }
            None => Err("an HDF5 file, but not one of Keras's: it has neither `layers` nor a `model_config`".into()),
        }
    }

    /// Notes the version that wrote the file in the model's JSON, as `to_json` does.
    fn set_version(&mut self, version: Option<&str>) {
        if let (Some(version), Value::Object(model)) = (version, &mut self.model) {
            model.entry("keras_version").or_insert_with(|| version.into());
        }
    }

    /// The layout of Keras 3: layers by key, variables by number.
    fn weights_file(tree: &Hdf5Tree) -> KerasFile {
        let root = if tree.has("layers") { "layers" } else { "_layer_checkpoint_dependencies" };
        let mut keys: Vec<&str> = tree
            .datasets
            .keys()
            .filter_map(|path| path.strip_prefix(root)?.strip_prefix('/')?.split('/').next())
            .collect();
        keys.dedup();
        let weights = keys
            .into_iter()
            .map(|key| LayerWeights {
                key: key.to_string(),
                weights: variables(tree, &format!("{root}/{key}")),
            })
            .collect();
        KerasFile { weights, optimizer: tree.numbered("optimizer/vars"), ..KerasFile::default() }
    }

    /// The layout of Keras 2, which Keras 3 still writes: layers by name.
    fn legacy(tree: &Hdf5Tree, model: Value) -> Result<KerasFile, String> {
        let mut file = KerasFile::legacy_weights(tree, "model_weights", model)?;
        if let Some(text) = tree.string("", "training_config") {
            file.training_config = json(&text, "training_config")?;
        }
        file.optimizer = listed(tree, "optimizer_weights")?;
        Ok(file)
    }

    fn legacy_weights(tree: &Hdf5Tree, root: &str, model: Value) -> Result<KerasFile, String> {
        let names = tree.texts(root, "layer_names").unwrap_or_default();
        let mut weights = Vec::with_capacity(names.len());
        for name in names {
            let group = if root.is_empty() { name.clone() } else { format!("{root}/{name}") };
            weights.push(LayerWeights { weights: listed(tree, &group)?, key: name });
        }
        Ok(KerasFile { model, weights, by_name: true, ..KerasFile::default() })
    }

    /// The optimizer's variables in Keras's order; empty where there are none.
    pub fn optimizer(&self) -> &[Tensor] {
        &self.optimizer
    }

    /// The weights of the layer with this key and this name; empty where the file has none.
    pub fn weights_of(&self, key: &str, name: &str) -> &[Tensor] {
        let wanted = if self.by_name { name } else { key };
        let found = self.weights.iter().find(|layer| layer.key == wanted);
        found.map_or(&[], |layer| &layer.weights)
    }

    /// The weights of each layer that has some, in the model's order; None where the file isn't a
    /// legacy one, and has layers in another order.
    pub fn in_order(&self) -> Option<Vec<&[Tensor]>> {
        self.by_name.then(|| self.layers().map(|layer| layer.weights.as_slice()).collect())
    }

    /// How many numbers the layers' weights hold.
    pub fn numbers(&self) -> usize {
        self.layers().flat_map(|layer| &layer.weights).map(Tensor::elem_count).sum()
    }

    /// What the file holds, as `lanthorn inspect` shows it.
    pub fn inspection(&self) -> Inspection {
        let named = |group: &str, tensors: &[Tensor]| -> Vec<TensorFacts> {
            let facts = |(index, tensor): (usize, &Tensor)| TensorFacts {
                name: format!("{group}/{index}"),
                dtype: format!("{:?}", tensor.dtype()),
                shape: tensor.dims().to_vec(),
                bytes: tensor.elem_count().saturating_mul(tensor.dtype().size_in_bytes()),
            };
            tensors.iter().enumerate().map(facts).collect()
        };
        let mut tensors: Vec<TensorFacts> =
            self.layers().flat_map(|layer| named(&layer.key, &layer.weights)).collect();
        tensors.extend(named("optimizer", &self.optimizer));
        let texts = [("model", &self.model), ("training_config", &self.training_config)];
        let known = texts.into_iter().filter(|(_, json)| !json.is_null());
        let metadata = known.map(|(key, json)| (key.to_string(), json.to_string())).collect();
        Inspection { tensors, metadata }
    }

    /// The keys of the layers that have weights, in the file's order.
    pub fn keys(&self) -> Vec<&str> {
        self.layers().map(|layer| layer.key.as_str()).collect()
    }

    /// The layers that have weights.
    pub fn layers(&self) -> impl Iterator<Item = &LayerWeights> {
        self.weights.iter().filter(|layer| !layer.weights.is_empty())
    }
}

/// A layer's variables: its own, then those of the layers inside it.
fn variables(tree: &Hdf5Tree, group: &str) -> Vec<Tensor> {
    let mut all = Vec::new();
    for part in ["cell/vars", "forward_layer", "backward_layer", "layer", "vars"] {
        let inner = format!("{group}/{part}");
        match part {
            "cell/vars" | "vars" => all.extend(tree.numbered(&inner)),
            _ if tree.has(&inner) => all.extend(variables(tree, &inner)),
            _ => {}
        }
    }
    all
}

/// The datasets that a group's `weight_names` lists, in its order.
fn listed(tree: &Hdf5Tree, group: &str) -> Result<Vec<Tensor>, String> {
    let names = tree.texts(group, "weight_names").unwrap_or_default();
    names
        .iter()
        .map(|name| {
            let path = format!("{group}/{name}");
            let found = tree.datasets.get(&path).cloned();
            found.ok_or_else(|| format!("`{group}` lists `{name}`, which isn't there"))
        })
        .collect()
}

fn parse_hdf5(bytes: Vec<u8>) -> Result<Hdf5Tree, String> {
    hdf5::read(bytes).map_err(|error| format!("not a whole HDF5 file: {error}"))
}

fn json(text: &str, what: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("its {what} is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::{read_json, write_keras};
    use super::*;
    use crate::config::Node;
    use crate::exchange::portable::{Portable, PortableLayer};

    const MODELS: [&str; 6] =
        ["tutorial_mlp", "cnn", "lstm", "embedding_gru", "bn_dropout0", "regression"];

    fn golden(name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/io");
        std::fs::read(folder.join(name)).unwrap()
    }

    fn flat(tensors: &[Tensor]) -> Vec<Vec<f32>> {
        let values = |tensor: &Tensor| {
            let tensor = tensor.to_dtype(candle_core::DType::F32).unwrap();
            tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        tensors.iter().map(values).collect()
    }

    /// The model as the exporters see it, as far as the file tells.
    fn portable(file: &KerasFile) -> Portable {
        let converted = read_json::model(&file.model, &file.training_config).unwrap();
        let entries = converted.model["layers"].as_array().unwrap();
        let layers = entries.iter().zip(converted.layers.iter().zip(&converted.keys));
        let layers = layers.map(|(entry, (name, key))| {
            let weights = file.weights_of(key, name).iter();
            PortableLayer {
                name: name.clone(),
                entry: Node::from_json(entry).read().unwrap(),
                trainable: true,
                input: vec![],
                output: vec![],
                weights: weights.map(|tensor| (String::new(), tensor.clone())).collect(),
                ways: Default::default(),
            }
        });
        Portable {
            name: converted.model["name"].as_str().unwrap_or("sequential").into(),
            input: serde_json::from_value(converted.model["input_shape"].clone()).unwrap(),
            layers: layers.collect(),
            compile: Some(Node::from_json(&converted.compile).read().unwrap()),
            preprocessing: None,
            optimizer: file.optimizer.iter().map(|v| (String::new(), v.clone())).collect(),
        }
    }

    #[test]
    fn the_three_kinds_of_file_hold_the_same_weights_and_state() {
        for model in MODELS {
            let keras = KerasFile::parse(golden(&format!("{model}.keras"))).unwrap();
            let weights = KerasFile::parse(golden(&format!("{model}.weights.h5"))).unwrap();
            let legacy = KerasFile::parse(golden(&format!("{model}.h5"))).unwrap();
            let converted = read_json::model(&keras.model, &Value::Null).unwrap();
            let old = read_json::model(&legacy.model, &legacy.training_config).unwrap();
            assert_eq!(converted.model, old.model, "{model}");
            assert_eq!(converted.notes, [] as [String; 0], "{model}");
            assert!(keras.layers().count() > 0);
            for (key, name) in converted.keys.iter().zip(&converted.layers) {
                let expected = flat(keras.weights_of(key, name));
                assert_eq!(expected, flat(weights.weights_of(key, name)), "{model} {key}");
                assert_eq!(expected, flat(legacy.weights_of(key, name)), "{model} {name}");
            }
            assert!(keras.optimizer.len() > 2, "{model}");
            assert_eq!(flat(&keras.optimizer), flat(&weights.optimizer), "{model}");
            assert_eq!(flat(&keras.optimizer), flat(&legacy.optimizer), "{model}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for model in MODELS {
            let keras = KerasFile::parse(golden(&format!("{model}.keras"))).unwrap();
            let ours = portable(&keras);
            let bytes = write_keras(&ours).unwrap();
            if let Some(folder) = std::env::var_os("LANTHORN_KERAS_OUT") {
                std::fs::write(Path::new(&folder).join(format!("{model}.keras")), &bytes).unwrap();
            }
            let back = KerasFile::parse(bytes).unwrap();
            for (a, b) in keras.layers().zip(back.layers()) {
                assert_eq!((&a.key, flat(&a.weights)), (&b.key, flat(&b.weights)), "{model}");
            }
            assert_eq!(flat(&keras.optimizer), flat(&back.optimizer), "{model}");
            let ours = read_json::model(&back.model, &Value::Null).unwrap();
            let theirs = read_json::model(&keras.model, &Value::Null).unwrap();
            assert_eq!(ours.model, theirs.model, "{model}");
        }
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        for name in ["lstm.keras", "lstm.h5", "lstm.weights.h5"] {
            let whole = golden(name);
            for length in (0..whole.len()).step_by(997) {
                let result = KerasFile::parse(whole[..length].to_vec());
                assert!(result.is_err(), "{name} cut at {length}");
            }
        }
    }

    #[test]
    fn a_file_with_flipped_bytes_is_read_or_refused() {
        let whole = golden("regression.weights.h5");
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            drop(KerasFile::parse(bytes));
        }
    }

    #[test]
    fn an_entry_that_unpacks_to_far_more_than_it_holds_is_refused() {
        use std::io::Write;
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated);
        writer.start_file("config.json", options).unwrap();
        writer.write_all(&vec![b' '; 20 << 20]).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let error = KerasFile::parse(bytes).unwrap_err();
        assert!(error.contains("200 times"), "{error}");
    }
}
