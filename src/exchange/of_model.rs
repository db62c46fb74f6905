//! A model as the exporters see it, and a model made of what an importer read.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::{Map, Value};

use super::keras::functional::keyed;
use super::keras::{KerasFile, read_json};
use super::portable::{Portable, PortableLayer};
use crate::config::Node;
use crate::diagnostics::Place;
use crate::error::{Error, Result};
use crate::layers::Residual;
use crate::model::artifact::{COLUMNS, Model, Training};
use crate::model::memory;
use crate::model::network::Network;
use crate::sections::Config;
use crate::spec::{LayerSpec, Spec};
use crate::target::DataFacts;
use crate::trainer::Trainer;
use crate::trainer::checkpoint::{CHECKPOINT, Checkpoint};

impl Portable {
    /// A model with its weights; with the optimizer's variables where `run` is a run's folder whose
    /// checkpoint holds them. With `verify`, a checkpoint that is not as it was written is an error.
    pub fn of(model: &Model, run: Option<&Path>, verify: bool) -> Result<Portable> {
        let (compile, preprocessing) = (model.config.compile.clone(), model.preprocessing.clone());
        let checkpoint = run.map(|run| run.join(CHECKPOINT)).filter(|path| path.exists());
        let read = if verify { Checkpoint::read } else { Checkpoint::read_unverified };
        let checkpoint = checkpoint.map(|path| read(&path)).transpose()?;
        let optimizer = checkpoint.map(|it| it.state.optimizer().to_vec()).unwrap_or_default();
        let layers = Portable::of_layers(&model.network);
        Ok(Portable { compile, preprocessing, optimizer, ..layers })
    }

    /// The layers alone, with their weights.
    pub fn of_layers(model: &Network) -> Portable {
        let spec = model.spec();
        let layers = spec.layers.iter().map(|layer| PortableLayer::of(model, layer));
        Portable {
            name: spec.name.clone(),
            input: spec.input.dims().to_vec(),
            layers: layers.collect(),
            compile: None,
            preprocessing: None,
            optimizer: Vec::new(),
        }
    }
}

impl PortableLayer {
    fn of(model: &Network, layer: &LayerSpec) -> PortableLayer {
        let own = model.weights().iter().filter(|weight| weight.layer == layer.name);
        PortableLayer {
            name: layer.name.clone(),
            entry: layer.entry.clone(),
            trainable: layer.trainable,
            input: layer.input.dims().to_vec(),
            output: layer.output.dims().to_vec(),
            weights: own
                .map(|weight| (weight.name.clone(), weight.var.as_tensor().clone()))
                .collect(),
            ways: layer
                .ways()
                .map(|way| way.iter().map(|layer| PortableLayer::of(model, layer)).collect()),
        }
    }
}

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
    let mut notes = converted.notes;
    let mut sections = Map::from_iter([("model".to_string(), converted.model)]);
    if converted.compile["loss"].is_null() && !converted.compile.is_null() {
        notes.push(
            "without a loss there is no `compile` section: the model predicts; to train it, name a \
             configuration, `--config CONFIG`"
                .into(),
        );
    } else if !converted.compile.is_null() {
        sections.insert("compile".to_string(), converted.compile);
    }
    let unreadable =
        |error: Error| Error::model(path, format!("its configuration doesn't fit ours: {error}"));
    let config = Node::from_json(&Value::Object(sections)).read();
    let mut config: Config = config.map_err(|error| unreadable(error.into()))?;
    let bare = Spec::resolve(&config, &DataFacts::default()).map_err(unreadable)?;
    let columns = bare.model.input.elements().max(bare.model.output().elements());
    if columns > COLUMNS {
        let message = format!("it takes or gives {columns} numbers a sample, more than {COLUMNS}");
        return Err(Error::model(path, message)
            .with_help("name a configuration of the same architecture: `--config CONFIG`"));
    }
    let preprocessing = bare.model.supposed_preprocessing(config.compile.as_ref())?;
    let facts = DataFacts { has_validation: true, ..preprocessing.facts() };
    let spec = loop {
        match Spec::resolve(&config, &facts) {
            Ok(spec) => break spec,
            Err(error) => match leave_out(&mut config, &error) {
                Some(left_out) => notes.extend(left_out),
                None => return Err(unreadable(error)),
            },
        }
    };
    let room = file.numbers();
    memory::check_file(path, &spec.model, room)?;
    let network = Network::build_within(&spec.model, spec.seed, &Device::Cpu, room)
        .map_err(|error| Error::model(path, error.to_string()))?;
    let layers = spec.model.every_layer().into_iter();
    let layers = layers.filter(|layer| Residual::of(&layer.entry).is_none());
    for ((layer, key), name) in layers.zip(&converted.keys).zip(&converted.layers) {
        set_layer(&network, &layer.name, file.weights_of(key, name), path)?;
    }
    let training = Training::default();
    let preprocessing = Some(preprocessing);
    let self_test = None;
    Ok((
        Model { config, preprocessing, training, self_test, decisions: None, network, spec },
        notes,
    ))
}

/// Takes what only training needs and what is wrong out of a configuration, metrics or all of
/// `compile`, and names it; None where something else is wrong.
fn leave_out(config: &mut Config, error: &Error) -> Option<Vec<String>> {
    let diagnostics = error.diagnostics();
    let mut wrong: Vec<(&str, &str)> = Vec::new();
    for diagnostic in diagnostics.iter() {
        match &diagnostic.place {
            Place::Config { path, .. } if path.starts_with("compile") => {
                wrong.push((path.as_str(), diagnostic.message.as_str()));
            }
            _ => return None,
        }
    }
    let compile = config.compile.as_mut()?;
    let index = |path: &str, list: &str| {
        let rest = path.strip_prefix("compile.")?.strip_prefix(list)?.strip_prefix('[')?;
        rest.split(']').next()?.parse::<usize>().ok()
    };
    let lists = ["metrics", "weighted_metrics"];
    if wrong.iter().all(|(path, _)| lists.iter().any(|list| index(path, list).is_some())) {
        for (list, metrics) in
            lists.into_iter().zip([&mut compile.metrics, &mut compile.weighted_metrics])
        {
            let mut places = 0..;
            metrics.retain(|_| {
                let place = places.next();
                !wrong.iter().any(|(path, _)| index(path, list) == place)
            });
        }
    } else {
        config.compile = None;
    }
    Some(wrong.iter().map(|(path, why)| format!("`{path}` is left out: {why}")).collect())
}

/// Puts the weights of one of Keras's files into a model of the same architecture, layer by layer.
/// A legacy file goes by the order of its layers, as in Keras; what its names say otherwise comes
/// back as notes.
pub fn load_keras_weights(model: &Network, file: &KerasFile, path: &Path) -> Result<Vec<String>> {
    let portable = Portable::of_layers(model);
    let keyed = keyed(&portable);
    let Some(theirs) = file.in_order() else {
        for (key, layer) in &keyed {
            set_layer(model, &layer.name, file.weights_of(key, &layer.name), path)?;
        }
        return Ok(Vec::new());
    };
    let layers = keyed.iter().map(|(_, layer)| layer.name.as_str());
    let has_weights = |name: &&str| model.weights().iter().any(|weight| weight.layer == *name);
    let own: Vec<&str> = layers.filter(has_weights).collect();
    if own.len() != theirs.len() {
        let (theirs, own) = (theirs.len(), own.len());
        let message = format!("it has {theirs} layers with weights, the model {own}");
        return Err(Error::model(path, message));
    }
    let mut notes = Vec::new();
    for ((name, theirs), called) in own.iter().zip(theirs).zip(file.keys()) {
        set_layer(model, name, theirs, path)?;
        if called != *name && own.contains(&called) {
            notes.push(format!(
                "`{name}` has the weights of the file's `{called}`: they go by the order of the layers, \
                 as in Keras, although the model has a `{called}`, too"
            ));
        }
    }
    Ok(notes)
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

/// Notes that a trainer's weights were trained elsewhere: statistics of the data are theirs, and are
/// not taken anew when training goes on.
pub fn trained_elsewhere(trainer: &mut Trainer) {
    trainer.is_adapted = true;
}

/// Puts the optimizer's variables of one of Keras's files into a trainer; false where the file has
/// none, or those of another optimizer.
pub fn load_keras_optimizer(trainer: &mut Trainer, file: &KerasFile) -> Result<bool> {
    let (own, theirs) = (trainer.optimizer().variables()?, file.optimizer());
    if trainer.model.spec().layers.iter().any(|layer| Residual::of(&layer.entry).is_some()) {
        return Ok(false); // Keras keeps the variables of a functional model in another order
    }
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
