//! What names stand for while code is read.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::block;

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

/// How large and how deep one value may be.
const SIZE: usize = 4096;
pub(super) const DEPTH: usize = 24;

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
