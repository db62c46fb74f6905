//! A model as the exporters see it, and a model made of what an importer read.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::{Map, Value};

use super::keras::{KerasFile, read_json};
use super::portable::{Portable, PortableLayer, named};
use super::tables::{TableOutput, Tables};
use crate::artifact::{Model, Training};
use crate::checkpoint::{CHECKPOINT, Checkpoint};
use crate::config::{Config, Node};
use crate::data::Preprocessing;
use crate::error::{Error, Result};
use crate::losses::Target;
use crate::network::Network;
use crate::spec::{Facts, Spec};
use crate::trainer::Trainer;

impl Portable {
    /// A model with its weights; with the optimizer's variables where `run` is a run's folder whose
    /// checkpoint holds them.
    pub fn of(model: &Model, run: Option<&Path>) -> Result<Portable> {
        let compile = match &model.config.compile {
            Some(compile) => {
                let compile = serde_json::to_value(compile);
                let compile = compile.map_err(|error| Error::Internal(error.to_string()))?;
                spelled_out(compile, model)
            }
            None => Value::Null,
        };
        let checkpoint = run.map(|run| run.join(CHECKPOINT)).filter(|path| path.exists());
        let optimizer = match checkpoint {
            Some(path) => Checkpoint::read(&path)?.state.optimizer().to_vec(),
            None => Vec::new(),
        };
        Ok(Portable { compile, optimizer, ..Portable::of_layers(&model.network) })
    }

    /// The layers alone, with their weights.
    pub fn of_layers(model: &Network) -> Portable {
        let (spec, weights) = (model.spec(), model.weights());
        let mut layers = Vec::with_capacity(spec.layers.len());
        for layer in &spec.layers {
            let own = weights.iter().filter(|weight| weight.layer == layer.name);
            layers.push(PortableLayer {
                name: layer.name.clone(),
                class: layer.entry.kind.class_name.to_string(),
                arguments: layer.entry.arguments(),
                trainable: layer.trainable,
                input: layer.input.dims().to_vec(),
                output: layer.output.dims().to_vec(),
                weights: own
                    .map(|weight| (weight.name.clone(), weight.var.as_tensor().clone()))
                    .collect(),
            });
        }
        let input = spec.input.dims().to_vec();
        let (compile, optimizer) = (Value::Null, Vec::new());
        Portable { name: spec.name.clone(), input, layers, compile, optimizer }
    }
}

/// A `compile` section whose `accuracy` and `crossentropy` are what they mean for this model, where
/// Keras would not take the name as it stands.
fn spelled_out(mut compile: Value, model: &Model) -> Value {
    let is_sparse = match &model.preprocessing {
        Some(preprocessing) => matches!(preprocessing.target_kind(), Target::Classes(_)),
        None => false,
    };
    let kind = match (model.spec.model.output().last(), is_sparse) {
        (1, _) => "binary",
        (_, true) => "sparse_categorical",
        (_, false) => "categorical",
    };
    let spell = |entry: &mut Value, is_metric: bool| {
        let Some((name, mut arguments)) = named(entry) else { return };
        arguments.retain(|_, value| !value.is_null());
        let what = match name.to_lowercase().as_str() {
            "accuracy" | "acc" if !arguments.is_empty() => "accuracy",
            "crossentropy" | "ce" if is_metric || !arguments.is_empty() => "crossentropy",
            _ => return,
        };
        if is_metric {
            arguments.entry("name").or_insert(Value::String(name));
        }
        let arguments = Value::Object(arguments);
        *entry = Value::Object(Map::from_iter([(format!("{kind}_{what}"), arguments)]));
    };
    if let Some(loss) = compile.get_mut("loss") {
        spell(loss, false);
    }
    for key in ["metrics", "weighted_metrics"] {
        let list = compile.get_mut(key).and_then(Value::as_array_mut);
        list.into_iter().flatten().for_each(|metric| spell(metric, true));
    }
    compile
}

/// What a model's data was, for a file that holds the preprocessing too.
pub fn tables(model: &Model) -> Result<Option<Tables>> {
    let Some(preprocessing) = &model.preprocessing else { return Ok(None) };
    let json =
        serde_json::to_value(preprocessing).map_err(|error| Error::Internal(error.to_string()))?;
    let loss = model.config.compile.as_ref().map(|compile| &compile.loss);
    let from_logits = loss.is_some_and(|loss| loss.item.from_logits());
    let output = match preprocessing.classes() {
        Some(classes) => TableOutput::Classes { classes: classes.to_vec(), from_logits },
        None => TableOutput::Numbers { unit: preprocessing.target_unit() },
    };
    Ok(Some(Tables { features: Tables::features_of(&json)?, output }))
}

/// How many columns a model without a configuration may have: an image of 1024 by 1024 in color.
const COLUMNS: usize = 3 << 20;

/// A model of ours from one of Keras's files, and what could not be carried, a line each. The
/// features are columns named `x0`, `x1`, …; classes are `0`, `1`, ….
pub fn from_keras(file: &KerasFile, path: &Path) -> Result<(Model, Vec<String>)> {
    if file.model.is_null() {
        return Err(Error::model(path, "it holds weights, but no architecture")
            .with_help("name a configuration of the same architecture: `--config CONFIG`"));
    }
    let converted = read_json::model(&file.model, &file.training_config)
        .map_err(|message| Error::model(path, message))?;
    if let Some(why) = converted.differing.first() {
        return Err(Error::model(path, why));
    }
    let mut config = Map::from_iter([("model".to_string(), converted.model.clone())]);
    if !converted.compile.is_null() {
        config.insert("compile".to_string(), converted.compile.clone());
    }
    let unreadable =
        |error: Error| Error::model(path, format!("its configuration doesn't fit ours: {error}"));
    let config = Node::from_json(&Value::Object(config)).read();
    let config: Config = config.map_err(|error| unreadable(error.into()))?;
    let bare = Spec::resolve(&config, &Facts::default()).map_err(unreadable)?;
    let columns = bare.model.input.elements().max(bare.model.output().elements());
    if columns > COLUMNS {
        let message = format!("it takes or gives {columns} numbers a sample, more than {COLUMNS}");
        return Err(Error::model(path, message)
            .with_help("name a configuration of the same architecture: `--config CONFIG`"));
    }
    let target = target_of(&config, &bare);
    let preprocessing = Preprocessing::plain(bare.model.input.elements(), target)?;
    let facts = Facts { has_validation: true, ..preprocessing.facts() };
    let spec = Spec::resolve(&config, &facts).map_err(unreadable)?;
    let room = file.numbers();
    let network = Network::build_within(&spec.model, spec.seed, &Device::Cpu, room)
        .map_err(|error| Error::model(path, error.to_string()))?;
    for ((layer, key), name) in spec.model.layers.iter().zip(&converted.keys).zip(&converted.layers)
    {
        set_layer(&network, &layer.name, file.weights_of(key, name), path)?;
    }
    let training = Training::default();
    let preprocessing = Some(preprocessing);
    let self_test = None;
    Ok((Model { config, preprocessing, training, self_test, network, spec }, converted.notes))
}

/// Puts the weights of one of Keras's files into a model of the same architecture, layer by layer.
pub fn load_keras_weights(model: &Network, file: &KerasFile, path: &Path) -> Result<()> {
    let classes = model.spec().layers.iter().map(|layer| layer.entry.kind.class_name);
    let keys = super::portable::file_keys(classes);
    let layers = || model.spec().layers.iter().map(|layer| layer.name.as_str());
    let has_weights = |name: &str| model.weights().iter().any(|weight| weight.layer == name);
    let own: Vec<&str> = layers().filter(|name| has_weights(name)).collect();
    if let Some(theirs) = file.in_order()
        && own.iter().any(|name| file.weights_of("", name).is_empty())
    {
        // as Keras does with such a file: layer after layer, whatever they are called
        if own.len() != theirs.len() {
            let (theirs, own) = (theirs.len(), own.len());
            let message = format!("it has {theirs} layers with weights, the model {own}");
            return Err(Error::model(path, message));
        }
        for (name, theirs) in own.iter().zip(theirs) {
            set_layer(model, name, theirs, path)?;
        }
        return Ok(());
    }
    for (layer, key) in model.spec().layers.iter().zip(&keys) {
        set_layer(model, &layer.name, file.weights_of(key, &layer.name), path)?;
    }
    Ok(())
}

fn set_layer(model: &Network, layer: &str, tensors: &[Tensor], path: &Path) -> Result<()> {
    let own: Vec<_> = model.weights().iter().filter(|weight| weight.layer == layer).collect();
    let shapes = |all: &[&[usize]]| format!("{all:?}");
    let ours: Vec<&[usize]> = own.iter().map(|weight| weight.shape()).collect();
    let theirs: Vec<&[usize]> = tensors.iter().map(Tensor::dims).collect();
    if ours != theirs {
        let message = format!(
            "the weights of layer `{layer}` have shapes {} in the model, {} in the file",
            shapes(&ours),
            shapes(&theirs)
        );
        return Err(Error::model(path, message));
    }
    for (weight, tensor) in own.into_iter().zip(tensors) {
        weight.set(tensor)?;
    }
    Ok(())
}

/// What the target must be, by the loss and the output.
fn target_of(config: &Config, spec: &Spec) -> Target {
    let output = spec.model.output();
    match config.compile.as_ref().map(|compile| compile.loss.kind.name) {
        Some("sparse_categorical_crossentropy" | "categorical_generalized_cross_entropy") => {
            Target::Classes(output.last())
        }
        Some("categorical_crossentropy" | "categorical_focal_crossentropy")
            if output.rank() == 1 =>
        {
            Target::OneHot(output.last())
        }
        Some("binary_crossentropy" | "binary_focal_crossentropy") if output.elements() == 1 => {
            Target::Classes(2)
        }
        _ => Target::Numbers(output.elements()),
    }
}

/// Notes that a trainer's weights were trained elsewhere: statistics of the data are theirs, and are
/// not taken anew when training goes on.
pub fn trained_elsewhere(trainer: &mut Trainer) {
    trainer.position.step = trainer.position.step.max(1);
}

/// Puts the optimizer's variables of one of Keras's files into a trainer; false where the file has
/// none, or those of another optimizer.
pub fn load_keras_optimizer(trainer: &mut Trainer, file: &KerasFile) -> Result<bool> {
    let (own, theirs) = (trainer.optimizer().variables()?, file.optimizer());
    if own.len() != theirs.len() {
        return Ok(false);
    }
    let mut variables = Vec::with_capacity(own.len());
    for ((name, tensor), theirs) in own.into_iter().zip(theirs) {
        if tensor.elem_count() != theirs.elem_count() {
            return Ok(false);
        }
        variables.push((name, theirs.to_dtype(tensor.dtype())?.reshape(tensor.dims())?));
    }
    trainer.optimizer.set_variables(&variables)?;
    Ok(true)
}
