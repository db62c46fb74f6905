//! `Portable`: a model as the exporters see it. Every layer with its arguments as JSON, its shapes
//! and its weights in Keras's order and layout; free of how the model is run.

use candle_core::Tensor;
use serde_json::{Map, Value};

use super::signatures::{Class, LAYERS};
use crate::config::names::snake_case;
use crate::error::{Error, Result};

/// A model to be written in another format.
#[derive(Debug, Clone)]
pub struct Portable {
    /// `sequential`, or the model's own name.
    pub name: String,
    /// The shape of one sample.
    pub input: Vec<usize>,
    /// First to last.
    pub layers: Vec<PortableLayer>,
    /// The `compile` section, as a configuration has it; null for an architecture alone.
    pub compile: Value,
    /// The optimizer's variables in Keras's order; empty where there are none.
    pub optimizer: Vec<(String, Tensor)>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct PortableLayer {
    /// Unique in the model: `dense_1`.
    pub name: String,
    /// Keras's class: `Dense`.
    pub class: String,
    /// Every argument, as a configuration has it.
    pub arguments: Map<String, Value>,
    /// False where its weights are frozen.
    pub trainable: bool,
    /// The shape that comes in, batch left out.
    pub input: Vec<usize>,
    /// The shape that goes out.
    pub output: Vec<usize>,
    /// Name, values; in Keras's order and layout.
    pub weights: Vec<(String, Tensor)>,
}

impl Portable {
    /// The shape that goes out of the last layer.
    pub fn output(&self) -> &[usize] {
        self.layers.last().map_or(&self.input, |layer| &layer.output)
    }

    /// Keras's keys for the layers in its files: the class in snake_case, counted in the model,
    /// whatever the layer's own name.
    pub fn file_keys(&self) -> Vec<String> {
        file_keys(self.layers.iter().map(|layer| layer.class.as_str()))
    }
}

/// See [`Portable::file_keys`].
pub fn file_keys<'a>(classes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    classes
        .map(|class| {
            let base = snake_case(class);
            let count = counts.entry(base.clone()).or_insert(0);
            *count += 1;
            if *count == 1 { base } else { format!("{base}_{}", *count - 1) }
        })
        .collect()
}

impl PortableLayer {
    /// Keras's class of the layer.
    pub fn keras_class(&self) -> Result<Class> {
        LAYERS.find(&self.class).ok_or_else(|| self.refuse("Keras has no such layer".to_string()))
    }

    /// An error that names the layer.
    pub fn refuse(&self, why: impl Into<String>) -> Error {
        Error::run(format!("layer `{}` ({}): {}", self.name, self.class, why.into()))
    }

    /// An argument; null where there is none.
    pub fn argument(&self, name: &str) -> &Value {
        self.arguments.get(name).unwrap_or(&Value::Null)
    }

    /// True where an argument is true.
    pub fn flag(&self, name: &str) -> bool {
        self.argument(name).as_bool().unwrap_or(false)
    }

    /// True where its channels come before its space.
    pub fn is_channels_first(&self) -> bool {
        self.argument("data_format") == "channels_first"
    }

    /// An argument that is a number.
    pub fn number(&self, name: &str, default: f64) -> f64 {
        self.argument(name).as_f64().unwrap_or(default)
    }

    /// An argument that is a text.
    pub fn text(&self, name: &str) -> &str {
        self.argument(name).as_str().unwrap_or("")
    }

    /// An argument that is one size for all of `rank` axes, or a list of them.
    pub fn sizes(&self, name: &str, rank: usize, default: usize) -> Result<Vec<usize>> {
        match self.argument(name) {
            Value::Null => Ok(vec![default; rank]),
            Value::Number(n) => Ok(vec![n.as_u64().unwrap_or(0) as usize; rank]),
            Value::Array(items) if items.len() == rank || items.len() == 1 => {
                let sizes = items.iter().map(|item| item.as_u64().unwrap_or(0) as usize);
                Ok(sizes.cycle().take(rank).collect())
            }
            other => Err(self.refuse(format!("`{name}` is {other}, expected {rank} sizes"))),
        }
    }

    /// A weight by Keras's name.
    pub fn weight(&self, name: &str) -> Option<&Tensor> {
        self.weights.iter().find(|(own, _)| own == name).map(|(_, tensor)| tensor)
    }

    /// A layer inside this one, written as an entry (`lstm`, `{lstm: {…}}`), as a layer of its own.
    pub fn inner(&self, entry: &Value) -> Result<PortableLayer> {
        let (kind, arguments) = named(entry)
            .ok_or_else(|| self.refuse(format!("its inner layer {entry} can't be read")))?;
        let class = LAYERS
            .find(&kind)
            .ok_or_else(|| self.refuse(format!("Keras has no layer `{kind}`")))?;
        Ok(PortableLayer {
            name: match arguments.get("name") {
                Some(Value::String(name)) => name.clone(),
                _ => snake_case(class.name),
            },
            class: class.name.to_string(),
            arguments,
            trainable: self.trainable,
            input: self.input.clone(),
            output: self.output.clone(),
            weights: Vec::new(),
        })
    }
}

/// The name and the arguments of an entry: `relu`, or `{leaky_relu: {negative_slope: 0.1}}`.
pub fn named(entry: &Value) -> Option<(String, Map<String, Value>)> {
    match entry {
        Value::String(name) => Some((name.clone(), Map::new())),
        Value::Object(map) if map.len() == 1 => {
            let (name, arguments) = map.iter().next()?;
            match arguments {
                Value::Object(arguments) => Some((name.clone(), arguments.clone())),
                Value::Null => Some((name.clone(), Map::new())),
                _ => None,
            }
        }
        _ => None,
    }
}
