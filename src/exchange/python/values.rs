//! What names stand for while code is read, and the JSON of it.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, json};

use super::block;
use super::reader::Reader;
use crate::exchange::signatures::{self, Class};

/// A value, as far as it is known.
#[derive(Debug, Clone)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A list or a tuple.
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// Something outside of the code, by its name: `keras.layers.Dense`.
    Path(Vec<String>),
    /// What calling something outside gave, by its name.
    Made(String),
    /// One of Keras's objects, by number: a layer, an optimizer, …
    Object(usize),
    /// The layers that a tensor has come through.
    Tensor(Vec<usize>),
    /// A model, by number.
    Model(usize),
    /// scikit-learn's wrapper around a model.
    Wrapper(usize),
    /// An `ImageDataGenerator`, by number.
    Generator(usize),
    /// Batches that flow from one, and how many images each has.
    Flow(usize, Option<i64>),
    Function(Rc<Closure>),
    Class(Rc<block::Class>),
    /// An instance of a class of the code, by number.
    Instance(usize),
    Unknown,
}

/// Names and what they are bound to.
pub(super) type Scope = BTreeMap<String, Value>;

/// A function of the code: with its parameters' defaults, and the names around it.
#[derive(Debug, Clone)]
pub(super) struct Closure {
    pub(super) function: Rc<block::Function>,
    pub(super) defaults: Vec<Option<Value>>,
    pub(super) around: Scope,
}

/// One of Keras's objects with its arguments.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) class: Class,
    pub(super) config: Vec<(String, Value)>,
}

impl Object {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.config.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(super) fn set(&mut self, key: &str, value: Value) {
        match self.config.iter_mut().find(|(known, _)| known == key) {
            Some((_, place)) => *place = value,
            None => self.config.push((key.to_string(), value)),
        }
    }
}

/// How large and how deep one value may be.
const SIZE: usize = 4096;
const DEPTH: usize = 24;

impl Value {
    /// True or false, where that is known.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match self {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Dict(entries) => !entries.is_empty(),
            Value::Path(_) | Value::Made(_) | Value::Unknown => return None,
            _ => true,
        })
    }

    /// True where it is known what it is.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Value::Path(_) | Value::Made(_) | Value::Unknown)
    }

    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            _ => None,
        }
    }

    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            Value::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// The value, or Unknown where it grew too large.
    pub(super) fn limited(self) -> Value {
        let mut left = SIZE;
        if self.fits(&mut left, DEPTH) { self } else { Value::Unknown }
    }

    fn fits(&self, left: &mut usize, depth: usize) -> bool {
        let own = match self {
            Value::Text(text) => 1 + text.len() / 64,
            Value::Tensor(layers) => 1 + layers.len(),
            _ => 1,
        };
        if depth == 0 || *left < own {
            return false;
        }
        *left -= own;
        match self {
            Value::List(items) => items.iter().all(|item| item.fits(left, depth - 1)),
            Value::Dict(entries) => entries
                .iter()
                .all(|(key, value)| key.fits(left, depth - 1) && value.fits(left, depth - 1)),
            _ => true,
        }
    }

    /// True where a model, a layer or a tensor is in it.
    pub(super) fn holds_model(&self) -> bool {
        match self {
            Value::Model(_) | Value::Wrapper(_) | Value::Tensor(_) => true,
            Value::List(items) => items.iter().any(Value::holds_model),
            Value::Dict(entries) => entries.iter().any(|(_, value)| value.holds_model()),
            _ => false,
        }
    }

    /// Whether two values are equal, where that is known.
    pub(super) fn equals(&self, other: &Value) -> Option<bool> {
        if let (Some(a), Some(b)) = (self.as_float(), other.as_float()) {
            return Some(a == b);
        }
        Some(match (self, other) {
            (a, b) if !a.is_known() || !b.is_known() => return None,
            (Value::None, Value::None) => true,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::List(a), Value::List(b)) => {
                let mut all = a.len() == b.len();
                for (a, b) in a.iter().zip(b) {
                    all &= a.equals(b)?;
                }
                all
            }
            (Value::Object(a), Value::Object(b)) | (Value::Model(a), Value::Model(b)) => a == b,
            (Value::Dict(_), Value::Dict(_)) => return None,
            _ => false,
        })
    }
}

/// How many values the JSON of one thing may have.
const JSON_SIZE: usize = 100_000;

impl Reader {
    /// A value as Keras's JSON; None where it isn't literal.
    pub(super) fn json(&self, value: &Value) -> Option<serde_json::Value> {
        self.limited_json(value, &mut { JSON_SIZE }, DEPTH)
    }

    fn limited_json(
        &self,
        value: &Value,
        left: &mut usize,
        depth: usize,
    ) -> Option<serde_json::Value> {
        if *left == 0 || depth == 0 {
            return None;
        }
        *left -= 1;
        Some(match value {
            Value::None => serde_json::Value::Null,
            Value::Bool(value) => json!(value),
            Value::Int(value) => json!(value),
            Value::Float(value) => json!(value),
            Value::Text(text) => json!(text),
            Value::List(items) => {
                let items = items.iter().map(|item| self.limited_json(item, left, depth - 1));
                serde_json::Value::Array(items.collect::<Option<_>>()?)
            }
            Value::Dict(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let key = match key {
                        Value::Text(text) => text.clone(),
                        Value::Int(number) => number.to_string(),
                        _ => return None,
                    };
                    map.insert(key, self.limited_json(value, left, depth - 1)?);
                }
                serde_json::Value::Object(map)
            }
            Value::Object(index) => {
                let object = &self.objects[*index];
                let mut config = Map::new();
                for (key, value) in &object.config {
                    let value = match (object.class.name, value) {
                        // `np.log([pos / neg])`: an array of one number
                        ("Constant", Value::List(one)) if one.len() == 1 => &one[0],
                        _ => value,
                    };
                    config.insert(key.clone(), self.limited_json(value, left, depth - 1)?);
                }
                let (module, name) = (object.class.module, object.class.name);
                json!({ "module": module, "class_name": name, "config": config })
            }
            Value::Path(path) => function(path)?,
            _ => return None,
        })
    }
}

/// A function that stands for its name: `tf.nn.relu`, `keras.losses.mean_squared_error`; or a class
/// that stands for its instance: `optimizer=Adam`.
fn function(path: &[String]) -> Option<serde_json::Value> {
    let [.., parent, name] = path else { return None };
    if matches!(parent.as_str(), "nn" | "activations" | "functional") {
        return Some(json!(name));
    }
    let class = signatures::module(parent)?.find(name)?;
    match name.starts_with(char::is_uppercase) {
        true => Some(json!({ "module": class.module, "class_name": class.name, "config": {} })),
        false => Some(json!(name)),
    }
}

/// The class that a dotted name means.
pub(super) fn class_of(path: &[String]) -> Option<Class> {
    let (name, before) = path.split_last()?;
    let module = before.last().and_then(|module| signatures::module(module));
    match module {
        Some(module) => module.find(name),
        None => signatures::class_anywhere(name),
    }
}
