//! Keras's JSON of a model, in our words: `to_json()`, the config.json of a `.keras` file, and the
//! two attributes of a legacy `.h5` file. Written by Keras 3, Keras 2 or by hand.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use serde_json::{Map, Value, json};

use super::super::keras_json::{as_entry, is_default, translate};
use super::super::portable::file_keys;
use super::super::signatures::LAYERS;
use super::branches::{Branch, branches};
pub(crate) use super::read_compile::compile;
use crate::config::names::snake_case;

/// A model in our words, with what could not be carried.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Converted {
    /// The `model` section.
    pub model: Value,
    /// The `compile` section; null where the model was not compiled.
    pub compile: Value,
    /// What was left out, a line each.
    pub notes: Vec<String>,
    /// Those of the notes by which the model would compute other numbers here.
    pub differing: Vec<String>,
    /// The layers' names in Keras, in order.
    pub layers: Vec<String>,
    /// The layers' keys in Keras's weights files, in order.
    pub keys: Vec<String>,
}

/// Translates a model's JSON. `training_config` is the second attribute of a legacy file, or null.
/// The error says what can't be translated.
pub fn model(json: &Value, training_config: &Value) -> Result<Converted, String> {
    let class = json["class_name"].as_str().unwrap_or_default();
    let config = &json["config"];
    let layers: Vec<Branch<'_>> = match (class, config) {
        ("Sequential", Value::Array(layers)) => layers.iter().map(Branch::Layer).collect(), // Keras 2.1 and before
        ("Sequential", _) => {
            config["layers"].as_array().into_iter().flatten().map(Branch::Layer).collect()
        }
        ("Functional" | "Model", _) => branches(config)?,
        ("", _) => return Err("it is not a model of Keras: it has no `class_name`".into()),
        (other, _) => return Err(format!("expected a Sequential model, found a `{other}`")),
    };
    let is_old = json["keras_version"].as_str().is_some_and(|version| {
        version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .is_some_and(|major: u32| major < 3)
    });
    let mut converted = Converted::default();
    let mut input = input_shape(&config["build_input_shape"])
        .or_else(|| input_shape(&json["build_config"]["input_shape"]));
    for layer in &layers {
        let Branch::Layer(layer) = layer else { break };
        input = given_shape(layer).or(input);
        if layer["class_name"] != "InputLayer" {
            break;
        }
    }
    let mut reader =
        LayerReader { is_old, converted: &mut converted, classes: Vec::new(), sums: 0 };
    let entries = reader.entries(&layers)?;
    let LayerReader { classes, sums, .. } = reader;
    converted.notes.extend(converted.differing.iter().cloned());
    converted.keys = match sums {
        0 => file_keys(classes.into_iter()),
        _ => keys_of_graph(config, &converted.layers),
    };
    let mut model = Map::new();
    match config["name"].as_str() {
        Some(name) if name != "sequential" => drop(model.insert("name".into(), json!(name))),
        _ => {}
    }
    match input {
        Some(dims) if dims.contains(&0) => {
            return Err("its input has axes of unknown length, which are not supported: name a \
                        configuration with an `input_shape`, `--config CONFIG`"
                .into());
        }
        Some(dims) => drop(model.insert("input_shape".into(), json!(dims))),
        None => converted.notes.push("the shape of the input is not in the file".into()),
    }
    model.insert("layers".into(), Value::Array(entries));
    converted.model = Value::Object(model);
    converted.compile = match (&json["compile_config"], training_config) {
        (Value::Object(config), _) if !config.is_empty() => {
            compile(&Value::Object(config.clone()), &mut converted.notes)
        }
        (_, Value::Object(_)) => compile(training_config, &mut converted.notes),
        _ => Value::Null,
    };
    Ok(converted)
}

/// The shape that a layer says it takes.
fn given_shape(layer: &Value) -> Option<Vec<usize>> {
    let class = layer["class_name"].as_str().unwrap_or_default();
    let config = &layer["config"];
    ["batch_shape", "batch_input_shape"]
        .iter()
        .find_map(|key| input_shape(&config[*key]))
        .or_else(|| dims(&config["shape"]).filter(|_| class == "InputLayer"))
        .or_else(|| dims(&config["input_shape"]))
        .or_else(|| one_dim(class, config))
}

/// Reads layers, in the order of the model's flat list of names.
struct LayerReader<'c> {
    is_old: bool,
    converted: &'c mut Converted,
    /// Keras's classes, residuals left out.
    classes: Vec<&'static str>,
    /// How many residuals there are.
    sums: usize,
}

impl LayerReader<'_> {
    /// The entries of our list; an automatic name is left out.
    fn entries(&mut self, layers: &[Branch<'_>]) -> Result<Vec<Value>, String> {
        let mut entries = Vec::new();
        for layer in layers {
            match layer {
                Branch::Layer(layer) if layer["class_name"] == "InputLayer" => {}
                Branch::Layer(layer) => entries.push(self.layer(layer)?),
                Branch::Residual(sum, ways) => entries.push(self.residual(sum, ways)?),
            }
        }
        Ok(entries)
    }

    fn layer(&mut self, layer: &Value) -> Result<Value, String> {
        let class = layer["class_name"].as_str().unwrap_or_default();
        let known = LAYERS.find(class).ok_or_else(|| unsupported(class, &layer["config"]))?;
        let differing = &mut self.converted.differing;
        let (mut arguments, name) =
            layer_arguments(layer, known.name, (self.is_old, 0), differing)?;
        let before = self.classes.iter().filter(|other| **other == known.name).count();
        self.converted.layers.push(name);
        self.classes.push(known.name);
        let automatic = counted(&snake_case(known.name), before);
        arguments.retain(|key, value| key != "name" || *value != json!(automatic));
        Ok(as_entry(&snake_case(known.name), arguments))
    }

    fn residual(&mut self, sum: &Value, ways: &[Vec<Branch<'_>>; 2]) -> Result<Value, String> {
        let mut arguments = Map::new();
        let automatic = ["add", "residual"].map(|base| counted(base, self.sums));
        if let Some(name) = sum["config"]["name"].as_str()
            && !automatic.iter().any(|automatic| automatic == name)
        {
            arguments.insert("name".into(), json!(name));
        }
        if sum["config"]["trainable"] == false {
            arguments.insert("trainable".into(), json!(false));
        }
        self.sums = self.sums.saturating_add(1);
        arguments.insert("layers".into(), self.entries(&ways[0])?.into());
        if !ways[1].is_empty() {
            arguments.insert("shortcut".into(), self.entries(&ways[1])?.into());
        }
        Ok(json!({ "residual": arguments }))
    }
}

/// `conv2d`, `conv2d_1`, …
fn counted(base: &str, before: usize) -> String {
    if before == 0 { base.to_string() } else { format!("{base}_{before}") }
}

/// The keys in Keras's weights files of these layers, which are counted in the order of the file.
fn keys_of_graph(config: &Value, names: &[String]) -> Vec<String> {
    let layers: Vec<&Value> = config["layers"].as_array().into_iter().flatten().collect();
    let classes = layers.iter().map(|layer| {
        let class = layer["class_name"].as_str().unwrap_or_default();
        LAYERS.find(class).map_or(class, |known| known.name)
    });
    let keys = file_keys(classes);
    let key_of = |name: &String| {
        let place = layers.iter().position(|layer| layer["config"]["name"] == json!(name));
        place.map(|place| keys[place].clone()).unwrap_or_default()
    };
    names.iter().map(key_of).collect()
}

/// Why a layer can't be carried.
fn unsupported(class: &str, config: &Value) -> String {
    let place = match config["name"].as_str() {
        Some(name) => format!("layer `{name}`: "),
        None => String::new(),
    };
    match class {
        "Sequential" | "Functional" | "Model" => format!(
            "{place}a model inside the model is not supported; put its layers into the outer one"
        ),
        _ => format!("{place}the layer `{class}` is not supported"),
    }
}

/// A shape without its batch axis; 0 stands for an axis of any length.
fn input_shape(value: &Value) -> Option<Vec<usize>> {
    let all = dims(value)?;
    if all.is_empty() { None } else { Some(all[1..].to_vec()) }
}

/// `input_dim` of a first layer, or the `input_length` of an Embedding.
fn one_dim(class: &str, config: &Value) -> Option<Vec<usize>> {
    let key = if class == "Embedding" { "input_length" } else { "input_dim" };
    Some(vec![config[key].as_u64()? as usize])
}

fn dims(value: &Value) -> Option<Vec<usize>> {
    let items = value.as_array()?;
    items
        .iter()
        .map(|item| if item.is_null() { Some(0) } else { Some(item.as_u64()? as usize) })
        .collect()
}

/// How deep wrappers may stand in one another.
const DEPTH: usize = 4;

/// A layer's arguments in our words, and its name.
fn layer_arguments(
    layer: &Value,
    class: &str,
    (is_old, depth): (bool, usize),
    differing: &mut Vec<String>,
) -> Result<(Map<String, Value>, String), String> {
    if depth > DEPTH {
        return Err(format!("layers stand in one another deeper than {DEPTH}"));
    }
    let empty = Map::new();
    let config = layer["config"].as_object().unwrap_or(&empty);
    let name = config.get("name").and_then(Value::as_str).unwrap_or(&snake_case(class)).to_string();
    let place = format!("layer `{name}`");
    let mut arguments = Map::new();
    if is_old && class == "GRU" && !config.contains_key("reset_after") {
        arguments.insert("reset_after".into(), json!(false)); // the default of that time
    }
    for (key, value) in config {
        let (key, value) = renamed(class, key, value);
        if is_old && key.ends_with("activation") && value == "hard_sigmoid" {
            differing.push(format!(
                "{place}: `{key}: hard_sigmoid` of Keras 2 is clip(0.2 x + 0.5, 0, 1), which is not \
                 supported: in Keras 3 and here it is relu6(x + 3) / 6"
            ));
        }
        match key {
            "dtype" => drop(precision(&place, &value).map(|why| differing.push(why))),
            "layer" | "backward_layer" if value.is_object() => {
                let inner = value["class_name"].as_str().unwrap_or_default();
                let known = LAYERS
                    .find(inner)
                    .ok_or_else(|| format!("{place}: the layer `{inner}` is not supported"))?;
                let (mut inside, inner_name) = layer_arguments(
                    &value,
                    known.name,
                    (is_old, depth.saturating_add(1)),
                    differing,
                )?;
                let automatic = snake_case(known.name);
                if inner_name == automatic
                    || inner_name == format!("forward_{automatic}")
                    || inner_name == format!("backward_{automatic}")
                    || is_numbered(&inner_name, &automatic)
                {
                    inside.remove("name");
                }
                arguments.insert(key.into(), as_entry(&snake_case(known.name), inside));
            }
            "activation" | "recurrent_activation" if value.is_object() => {
                let function = activation(&value).ok_or_else(|| {
                    format!("{place}: `{key}`: {} is not supported", short(&value))
                })?;
                arguments.insert(key.into(), function);
            }
            "input_dim" if class != "Embedding" => {}
            _ if is_default(key, &value, config) => {}
            _ => drop(arguments.insert(key.into(), translate(&value))),
        }
    }
    Ok((arguments, name))
}

/// A function that stands as an object: by its name, or as the layer that computes it.
fn activation(value: &Value) -> Option<Value> {
    let class = value["class_name"].as_str()?;
    if let ("function", Value::String(name)) = (class, &value["config"]) {
        return Some(json!(name));
    }
    let mut arguments = value["config"].as_object().cloned().unwrap_or_default();
    arguments.retain(|key, value| {
        !matches!(key.as_str(), "name" | "trainable" | "dtype") && !value.is_null()
    });
    let name = match class {
        "ReLU" => "relu",
        "LeakyReLU" => {
            if let Some(slope) = arguments.remove("alpha") {
                arguments.insert("negative_slope".into(), slope); // Keras 2's name
            }
            "leaky_relu"
        }
        "ELU" => "elu",
        "Softmax" if arguments.get("axis").is_none_or(|axis| axis == -1) => {
            arguments.clear();
            "softmax"
        }
        "Activation" => match arguments.get("activation")? {
            Value::String(name) => return Some(json!(name)),
            inner => return activation(inner),
        },
        _ => return None,
    };
    Some(as_entry(name, arguments))
}

/// What an object is, for a message.
fn short(value: &Value) -> String {
    match (value["class_name"].as_str(), value["config"].as_str()) {
        (Some("function"), Some(name)) => format!("`{name}`"),
        (Some(class), _) => format!("`{class}` as an activation"),
        _ => value.to_string(),
    }
}

fn is_numbered(name: &str, base: &str) -> bool {
    name.strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

/// Arguments of older versions under the names of today's.
fn renamed<'a>(class: &str, key: &'a str, value: &Value) -> (&'a str, Value) {
    let value = match (key, value.as_str()) {
        ("dim_ordering", Some("tf")) => json!("channels_last"),
        ("dim_ordering", Some("th")) => json!("channels_first"),
        _ => value.clone(),
    };
    let key = match (class, key) {
        ("LeakyReLU", "alpha") => "negative_slope",
        ("Embedding", "init") => "embeddings_initializer",
        (_, "init") => "kernel_initializer",
        (_, "inner_init") => "recurrent_initializer",
        (_, "inner_activation") => "recurrent_activation",
        ("Dense" | "SimpleRNN" | "LSTM" | "GRU", "output_dim") => "units",
        (_, "lr") => "learning_rate",
        (_, "p") if class.ends_with("Dropout") => "rate",
        (_, "sigma") if class == "GaussianNoise" => "stddev",
        (_, "nb_filter") => "filters",
        (_, "filter_length") => "kernel_size",
        (_, "border_mode") => "padding",
        (_, "subsample" | "subsample_length" | "stride") => "strides",
        (_, "pool_length") => "pool_size",
        (_, "W_regularizer") => "kernel_regularizer",
        (_, "b_regularizer") => "bias_regularizer",
        (_, "U_regularizer") => "recurrent_regularizer",
        (_, "W_constraint") => "kernel_constraint",
        (_, "b_constraint") => "bias_constraint",
        (_, "dropout_W") => "dropout",
        (_, "dropout_U") => "recurrent_dropout",
        (_, "dim_ordering") => "data_format",
        (_, "bias") => "use_bias",
        _ => key,
    };
    (key, value)
}

/// Why a layer computes other numbers in Keras: its precision.
fn precision(place: &str, dtype: &Value) -> Option<String> {
    let name = dtype.as_str().or_else(|| dtype["config"]["name"].as_str());
    match name.or_else(|| dtype["class_name"].as_str()) {
        None | Some("float32" | "int32" | "int64" | "uint8") => None,
        Some(other) => Some(format!(
            "{place}: predictions in `{other}` are not supported, only in float32; in Keras, give \
             the model's layers `dtype=\"float32\"` and save it again (to train in mixed precision \
             here, set `compile.dtype` to `mixed_bfloat16`)"
        )),
    }
}
