//! A model as Keras's JSON: what `keras.models.model_from_json` takes and what stands in a `.keras`
//! file. Keras refuses unknown keys, so only arguments of its constructors are written.

use serde_json::{Map, Value, json};

use super::super::portable::{Portable, PortableLayer, named};
use super::super::signatures::{
    CONSTRAINTS, INITIALIZERS, LOSSES, METRICS, Module, OPTIMIZERS, REGULARIZERS, SCHEDULES,
};
use crate::config::names::snake_case;
use crate::error::{Error, Result};
use crate::losses::LossEntry;
use crate::metrics::MetricEntry;

/// The model's JSON.
pub fn model(portable: &Portable) -> Result<Value> {
    let mut batch_shape = vec![Value::Null];
    batch_shape.extend(portable.input.iter().map(|dim| json!(dim)));
    let mut layers = vec![json!({
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {
            "batch_shape": batch_shape,
            "dtype": "float32",
            "sparse": false,
            "name": input_name(portable),
        },
        "registered_name": null,
    })];
    for portable in &portable.layers {
        layers.push(layer(portable)?);
    }
    let mut json = json!({
        "module": "keras",
        "class_name": "Sequential",
        "config": {
            "name": portable.name,
            "trainable": true,
            "dtype": dtype(),
            "layers": layers,
            "build_input_shape": batch_shape,
        },
        "registered_name": null,
        "build_config": { "input_shape": batch_shape },
    });
    if !portable.compile.is_null() {
        json["compile_config"] = compile(&portable.compile)?;
    }
    Ok(json)
}

fn input_name(portable: &Portable) -> &'static str {
    match portable.layers.iter().any(|layer| layer.name == "input_layer") {
        true => "model_input",
        false => "input_layer",
    }
}

fn dtype() -> Value {
    json!({
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": { "name": "float32" },
        "registered_name": null,
    })
}

/// One layer as Keras's JSON.
pub fn layer(layer: &PortableLayer) -> Result<Value> {
    let class = layer.keras_class()?;
    if named(layer.argument("activation")).is_some_and(|(name, _)| name == "glu") {
        // Keras takes the layer's shape to be unchanged and gives the next one twice the weights
        return Err(layer.refuse("Keras can't load a layer whose activation is `glu`"));
    }
    let mut config = Map::new();
    let both_ways = both_ways(layer)?;
    let layer = both_ways.as_ref().unwrap_or(layer);
    config.insert("name".into(), json!(layer.name));
    if !class.name.starts_with("SpatialDropout") {
        config.insert("trainable".into(), json!(layer.trainable)); // their constructors take none
    }
    config.insert("dtype".into(), dtype());
    for (key, value) in &layer.arguments {
        if matches!(key.as_str(), "name" | "trainable" | "input_shape" | "input_dim")
            && !(key == "input_dim" && class.name == "Embedding")
        {
            continue;
        }
        if !class.takes(key) {
            if is_off(value) || (key == "data_format" && value == "channels_last") {
                continue; // an option of ours that is not in use
            }
            return Err(layer.refuse(format!("Keras has no argument `{key}` here")));
        }
        config.insert(key.clone(), argument(layer, key, value)?);
    }
    Ok(json!({
        "module": "keras.layers",
        "class_name": class.name,
        "config": config,
        "registered_name": null,
    }))
}

/// A Bidirectional whose backward layer is written out, as Keras itself does: its constructor makes
/// one only for a layer that runs forwards, and not reliably.
fn both_ways(layer: &PortableLayer) -> Result<Option<PortableLayer>> {
    if layer.class != "Bidirectional" {
        return Ok(None);
    }
    let mut layer = layer.clone();
    let forward = layer.inner(layer.argument("layer"))?;
    let own = layer.argument("backward_layer");
    let backward = match own {
        Value::Null => {
            let mut backward = forward.clone();
            let turned = json!(!forward.flag("go_backwards"));
            backward.arguments.insert("go_backwards".into(), turned);
            backward.arguments.remove("name");
            backward
        }
        own => layer.inner(own)?,
    };
    let is_joined = matches!(layer.text("merge_mode"), "" | "concat");
    if is_joined && forward.number("units", 0.0) != backward.number("units", 0.0) {
        let why = "`backward_layer`: Keras takes both directions to have the same number of units";
        return Err(layer.refuse(why));
    }
    if own.is_null() {
        let entry = json!({ snake_case(&backward.class): backward.arguments });
        layer.arguments.insert("backward_layer".into(), entry);
    }
    Ok(Some(layer))
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn argument(owner: &PortableLayer, key: &str, value: &Value) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let refuse = |error: Error| owner.refuse(format!("`{key}`: {error}"));
    Ok(match key {
        "layer" | "backward_layer" => {
            let mut inner = owner.inner(value)?;
            if key == "backward_layer" && !inner.arguments.contains_key("name") {
                inner.name = format!("backward_{}", inner.name);
            }
            layer(&inner)?
        }
        // Keras leaves sizes open that it is not told
        "output_shape" if !owner.text("equation").contains("...") => json!(owner.output),
        "axis" if owner.class == "BatchNormalization" => match value {
            Value::Array(axes) if axes.len() == 1 => axes[0].clone(), // Keras takes one number
            _ => value.clone(),
        },
        "activation" | "recurrent_activation" => activation(value).map_err(refuse)?,
        _ if key.ends_with("_initializer") => object(&INITIALIZERS, value).map_err(refuse)?,
        _ if key.ends_with("_regularizer") => object(&REGULARIZERS, value).map_err(refuse)?,
        _ if key.ends_with("_constraint") => object(&CONSTRAINTS, value).map_err(refuse)?,
        _ => value.clone(),
    })
}

/// A function's name; one with arguments becomes the layer that computes it.
fn activation(value: &Value) -> Result<Value> {
    let unreadable = || Error::run(format!("{value} is not an activation"));
    let (name, arguments) = named(value).ok_or_else(unreadable)?;
    let arguments: Map<String, Value> =
        arguments.into_iter().filter(|(_, value)| !value.is_null()).collect();
    if arguments.is_empty() || arguments == default_arguments(&name) {
        return Ok(json!(name));
    }
    let class = match name.as_str() {
        "relu" => "ReLU",
        "leaky_relu" => "LeakyReLU",
        "elu" => "ELU",
        "softmax" => "Softmax",
        _ => {
            return Err(Error::run(format!(
                "Keras's files can't hold the activation `{name}` with arguments"
            )));
        }
    };
    Ok(json!({
        "module": "keras.layers",
        "class_name": class,
        "config": arguments,
        "registered_name": null,
    }))
}

/// The arguments that Keras's function of this name has where none are given.
pub(crate) fn default_arguments(name: &str) -> Map<String, Value> {
    let json = match name {
        "relu" => json!({ "negative_slope": 0.0, "threshold": 0.0 }),
        "leaky_relu" => json!({ "negative_slope": 0.2 }),
        "elu" | "celu" => json!({ "alpha": 1.0 }),
        "gelu" => json!({ "approximate": false }),
        "softmax" | "log_softmax" | "sparsemax" | "glu" => json!({ "axis": -1 }),
        "hard_shrink" | "soft_shrink" => json!({ "threshold": 0.5 }),
        "squareplus" => json!({ "b": 4.0 }),
        _ => json!({}),
    };
    match json {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// An initializer, a regularizer, a loss, …: an object of one of Keras's modules.
fn object(module: &Module, value: &Value) -> Result<Value> {
    let unreadable = || Error::run(format!("{value} can't be read"));
    let (name, arguments) = named(value).ok_or_else(unreadable)?;
    let class = module
        .find(own_class(module, &name).unwrap_or(&name))
        .ok_or_else(|| Error::run(format!("`{}` has no class `{name}`", module.path)))?;
    let mut config = Map::new();
    for (key, value) in arguments {
        let value = match (key.as_str(), &value) {
            ("learning_rate", Value::Object(_)) => object(&SCHEDULES, &value)?,
            ("inner_optimizer", _) => object(&OPTIMIZERS, &value)?,
            ("rms_rate", _) if value.as_f64() == Some(0.0) => Value::Null, // 0 is 0 in Keras
            _ => value,
        };
        if class.takes(&key) {
            config.insert(key, value);
        } else if !is_off(&value) {
            let message = format!("Keras's {} takes no `{key}`", class.name);
            return Err(Error::run(message));
        }
    }
    Ok(json!({
        "module": class.module,
        "class_name": class.name,
        "config": config,
        "registered_name": null,
    }))
}

/// Keras's class for a name that only we have, such as `cce`.
fn own_class(module: &Module, name: &str) -> Option<&'static str> {
    match module.path {
        "keras.losses" => Some(LossEntry::find(name).ok()?.class_name),
        "keras.metrics" => Some(MetricEntry::find(name).ok()?.class_name),
        _ => None,
    }
}

/// The `compile` section as Keras's compile_config.
fn compile(section: &Value) -> Result<Value> {
    Ok(json!({
        "optimizer": object(&OPTIMIZERS, &section["optimizer"])?,
        "loss": loss(&section["loss"])?,
        "loss_weights": null,
        "metrics": metrics(&section["metrics"])?,
        "weighted_metrics": metrics(&section["weighted_metrics"])?,
        "run_eagerly": false,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }))
}

/// Names that Keras resolves at compile time, by the shapes; they have no class.
const BY_SHAPE: [&str; 4] = ["accuracy", "acc", "crossentropy", "ce"];

fn loss(value: &Value) -> Result<Value> {
    match named(value) {
        Some((name, arguments)) if BY_SHAPE.contains(&name.to_lowercase().as_str()) => {
            by_shape(&name, &arguments)
        }
        _ => object(&LOSSES, value),
    }
}

fn by_shape(name: &str, arguments: &Map<String, Value>) -> Result<Value> {
    let is_default = |value: &Value| is_off(value) || value == "sum_over_batch_size";
    match arguments.iter().find(|(_, value)| !is_default(value)) {
        None => Ok(json!(name)),
        Some((key, _)) => Err(Error::run(format!("Keras's `{name}` takes no `{key}`"))
            .with_help("name the loss or metric that is meant: `sparse_categorical_crossentropy`")),
    }
}

fn metrics(list: &Value) -> Result<Value> {
    let Value::Array(items) = list else { return Ok(Value::Null) };
    if items.is_empty() {
        return Ok(Value::Null);
    }
    let mut metrics = Vec::with_capacity(items.len());
    for item in items {
        let Some((name, arguments)) = named(item) else {
            return Err(Error::run(format!("the metric {item} can't be read")));
        };
        if BY_SHAPE.contains(&name.to_lowercase().as_str()) {
            metrics.push(by_shape(&name, &arguments)?);
            continue;
        }
        let mut metric = object(&METRICS, item)?;
        if arguments.get("name").is_none_or(Value::is_null) {
            metric["config"]["name"] = json!(name); // the key in the history
        }
        metrics.push(metric);
    }
    Ok(Value::Array(metrics))
}
