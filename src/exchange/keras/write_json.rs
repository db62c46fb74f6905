//! A model as Keras's JSON: what `keras.models.model_from_json` takes and what stands in a `.keras`
//! file. Keras refuses unknown keys, so only arguments of its constructors are written.

use serde_json::{Map, Value, json};

use super::super::portable::{Portable, PortableLayer, named};
use super::super::signatures::{
    CONSTRAINTS, Class, INITIALIZERS, LAYERS, LOSSES, METRICS, Module, OPTIMIZERS, REGULARIZERS,
    SCHEDULES,
};
use crate::activations::Activation;
use crate::config::Catalog;
use crate::config::names::snake_case;
use crate::data::Preprocessing;
use crate::error::{Error, Result};
use crate::layers::{Bidirectional, LayerKind, MergeMode};
use crate::losses::{LossEntry, LossKind};
use crate::metrics::{MetricEntry, MetricKind};
use crate::optimizers::schedules::LearningRate;
use crate::optimizers::{OptimizerEntry, OptimizerKind};
use crate::sections::CompileConfig;
use crate::target::Target;

pub(super) fn dtype() -> Value {
    json!({
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": { "name": "float32" },
        "registered_name": null,
    })
}

/// One layer as Keras's JSON.
pub fn layer(layer: &PortableLayer) -> Result<Value> {
    let class = LAYERS.find(layer.class());
    let class = class.ok_or_else(|| layer.refuse("Keras has no such layer"))?;
    if layer.entry.item.activation() == Some(&Activation::Glu) {
        // Keras takes the layer's shape to be unchanged and gives the next one twice the weights
        return Err(layer.refuse("Keras can't load a layer whose activation is `glu`"));
    }
    let mut config = Map::new();
    config.insert("name".into(), json!(layer.name));
    let takes_trainable = !matches!(
        layer.kind(),
        LayerKind::SpatialDropout1D(_)
            | LayerKind::SpatialDropout2D(_)
            | LayerKind::SpatialDropout3D(_)
    );
    if takes_trainable {
        config.insert("trainable".into(), json!(layer.trainable));
    }
    config.insert("dtype".into(), dtype());
    let mut otherwise = otherwise(layer)?;
    let Value::Object(arguments) = layer.entry.item.arguments() else {
        return Err(layer.refuse("its arguments have no names"));
    };
    for (key, value) in arguments {
        if value.is_null() {
            continue;
        }
        if !class.takes(&key) {
            if is_off(&value) || (key == "data_format" && value == "channels_last") {
                continue; // an option of ours that is not in use
            }
            return Err(layer.refuse(format!("Keras has no argument `{key}` here")));
        }
        let value = match otherwise.iter().position(|(own, _)| *own == key) {
            Some(place) => otherwise.remove(place).1,
            None => part(&key, value).map_err(|error| layer.refuse(format!("`{key}`: {error}")))?,
        };
        config.insert(key, value);
    }
    config.extend(otherwise.into_iter().map(|(key, value)| (key.to_string(), value)));
    Ok(json!({
        "module": "keras.layers",
        "class_name": class.name,
        "config": config,
        "registered_name": null,
    }))
}

/// The arguments that stand otherwise in Keras.
fn otherwise(layer: &PortableLayer) -> Result<Vec<(&'static str, Value)>> {
    let refuse = |key: &str, error: Error| layer.refuse(format!("`{key}`: {error}"));
    let function = |key: &'static str, activation: &Activation| {
        Ok::<_, Error>((key, self::activation(activation).map_err(|error| refuse(key, error))?))
    };
    match layer.kind() {
        LayerKind::Bidirectional(both) => both_ways(layer, both),
        LayerKind::TimeDistributed(each) => {
            Ok(vec![("layer", self::layer(&layer.inner(&each.layer))?)])
        }
        // Keras takes one number
        LayerKind::BatchNormalization(norm) => match norm.axis.all() {
            [axis] => Ok(vec![("axis", json!(axis))]),
            _ => Ok(vec![]),
        },
        LayerKind::EinsumDense(dense) => {
            let mut own = vec![function("activation", &dense.activation)?];
            if !dense.equation.contains("...") {
                own.push(("output_shape", json!(layer.output))); // Keras leaves open what it isn't told
            }
            Ok(own)
        }
        LayerKind::SimpleRnn(rnn) => Ok(vec![function("activation", &rnn.activation)?]),
        LayerKind::Lstm(lstm) => Ok(vec![
            function("activation", &lstm.activation)?,
            function("recurrent_activation", &lstm.recurrent_activation)?,
        ]),
        LayerKind::Gru(gru) => Ok(vec![
            function("activation", &gru.activation)?,
            function("recurrent_activation", &gru.recurrent_activation)?,
        ]),
        LayerKind::Softmax(_) => Ok(vec![]), // an activation without being told which
        _ => match layer.entry.item.activation() {
            Some(activation) => Ok(vec![function("activation", activation)?]),
            None => Ok(vec![]),
        },
    }
}

/// A Bidirectional whose backward layer is written out, as Keras itself does: its constructor makes
/// one only for a layer that runs forwards, and not reliably.
fn both_ways(layer: &PortableLayer, both: &Bidirectional) -> Result<Vec<(&'static str, Value)>> {
    let [forward, backward] = both.halves().map_err(|problem| layer.refuse(problem.message))?;
    if both.merge_mode == Some(MergeMode::Concat) && forward.units != backward.units {
        let why = "`backward_layer`: Keras takes both directions to have the same number of units";
        return Err(layer.refuse(why));
    }
    let own = both.backward_layer.as_ref().unwrap_or(&both.layer);
    let mut inner = layer.inner(own);
    if both.backward_layer.is_none() || own.common.name.is_none() {
        inner.name = format!("backward_{}", snake_case(own.kind.class_name));
    }
    let mut written = self::layer(&inner)?;
    written["config"]["go_backwards"] = json!(backward.go_backwards);
    Ok(vec![("layer", self::layer(&layer.inner(&both.layer))?), ("backward_layer", written)])
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// An initializer, regularizer or constraint as Keras's object; the rest as it is.
fn part(key: &str, value: Value) -> Result<Value> {
    let module = match key.rsplit('_').next() {
        Some("initializer") => INITIALIZERS,
        Some("regularizer") => REGULARIZERS,
        Some("constraint") => CONSTRAINTS,
        _ => return Ok(value),
    };
    let unreadable = || Error::run(format!("{value} can't be read"));
    let (name, arguments) = named(&value).ok_or_else(unreadable)?;
    object(class(&module, &name)?, arguments)
}

/// A function's name; one with arguments becomes the layer that computes it.
fn activation(activation: &Activation) -> Result<Value> {
    let value = json!(activation);
    let Some((name, arguments)) = named(&value).filter(|(_, arguments)| !arguments.is_empty())
    else {
        return Ok(value);
    };
    let class = match activation {
        Activation::Relu { .. } => "ReLU",
        Activation::LeakyRelu { .. } => "LeakyReLU",
        Activation::Elu { .. } => "ELU",
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

/// Keras's class of this name.
fn class(module: &Module, name: &str) -> Result<Class> {
    let class = module.find(name);
    class.ok_or_else(|| Error::run(format!("`{}` has no class `{name}`", module.path)))
}

/// An object of one of Keras's classes.
fn object(class: Class, arguments: Map<String, Value>) -> Result<Value> {
    let mut config = Map::new();
    for (key, value) in arguments {
        if class.takes(&key) {
            config.insert(key, value);
        } else if !is_off(&value) {
            return Err(Error::run(format!("Keras's {} takes no `{key}`", class.name)));
        }
    }
    Ok(json!({
        "module": class.module,
        "class_name": class.name,
        "config": config,
        "registered_name": null,
    }))
}

/// The `compile` section as Keras's compile_config.
pub(super) fn compile(portable: &Portable, section: &CompileConfig) -> Result<Value> {
    Ok(json!({
        "optimizer": optimizer(&section.optimizer)?,
        "loss": loss(portable, &section.loss)?,
        "loss_weights": null,
        "metrics": metrics(portable, &section.metrics)?,
        "weighted_metrics": metrics(portable, &section.weighted_metrics)?,
        "run_eagerly": false,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }))
}

fn optimizer(entry: &OptimizerEntry) -> Result<Value> {
    let mut arguments = entry.arguments();
    match OptimizerKind::from(&*entry.item) {
        OptimizerKind::LossScaleOptimizer(own) => {
            arguments.insert("inner_optimizer".into(), optimizer(&own.inner_optimizer)?);
        }
        OptimizerKind::Muon(own) if own.rms_rate == 0.0 => {
            arguments.insert("rms_rate".into(), Value::Null); // 0 is 0 in Keras
        }
        _ => {}
    }
    if let (Some(rate), LearningRate::Schedule(schedule)) =
        (arguments.get_mut("learning_rate"), entry.item.learning_rate())
    {
        *rate = object(class(&SCHEDULES, schedule.kind.class_name)?, schedule.arguments())?;
    }
    object(class(&OPTIMIZERS, entry.kind.class_name)?, arguments)
}

fn loss(portable: &Portable, entry: &LossEntry) -> Result<Value> {
    let name = match LossKind::from(&*entry.item) {
        LossKind::Crossentropy(_) => by_shape(portable, "crossentropy"),
        _ => entry.kind.class_name.to_string(),
    };
    object(class(&LOSSES, &name)?, entry.arguments())
}

fn metrics(portable: &Portable, entries: &[MetricEntry]) -> Result<Value> {
    if entries.is_empty() {
        return Ok(Value::Null);
    }
    let metrics = entries.iter().map(|entry| metric(portable, entry));
    Ok(Value::Array(metrics.collect::<Result<_>>()?))
}

fn metric(portable: &Portable, entry: &MetricEntry) -> Result<Value> {
    let mut arguments = entry.arguments();
    let name = match MetricKind::from(&*entry.item) {
        MetricKind::Accuracy(_) if arguments.is_empty() => return Ok(json!(entry.written)),
        MetricKind::Accuracy(_) => by_shape(portable, "accuracy"),
        MetricKind::Crossentropy(_) => by_shape(portable, "crossentropy"),
        _ => entry.kind.class_name.to_string(),
    };
    arguments.entry("name").or_insert_with(|| json!(entry.written)); // the key in the history
    object(class(&METRICS, &name)?, arguments)
}

/// What `accuracy` or `crossentropy` means for this model, where Keras would not take the name as
/// it stands.
fn by_shape(portable: &Portable, what: &str) -> String {
    let target = portable.preprocessing.as_ref().map(Preprocessing::target_kind);
    let kind = match (portable.output().last(), target) {
        (Some(1), _) => "binary",
        (_, Some(Target::Classes(_))) => "sparse_categorical",
        _ => "categorical",
    };
    format!("{kind}_{what}")
}
