//! What names stand for while code is read.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::block;

/// A value, as far as it is known.
#[derive(Debug, Clone)]
pub(super) enum PyValue {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A list or a tuple.
    List(Vec<PyValue>),
    Dict(Vec<(PyValue, PyValue)>),
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
    Class(Rc<block::ClassDefinition>),
    /// An instance of a class of the code, by number.
    Instance(usize),
    Unknown,
}

/// Names and what they are bound to.
pub(super) type Bindings = BTreeMap<String, PyValue>;

/// A function of the code: with its parameters' defaults, and the names around it.
#[derive(Debug, Clone)]
pub(super) struct Closure {
    pub(super) function: Rc<block::Function>,
    pub(super) defaults: Vec<Option<PyValue>>,
    pub(super) around: Bindings,
}

/// How large and how deep one value may be.
const SIZE: usize = 4096;
pub(super) const DEPTH: usize = 24;

impl PyValue {
    /// True or false, where that is known.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match self {
            PyValue::None => false,
            PyValue::Bool(value) => *value,
            PyValue::Int(value) => *value != 0,
            PyValue::Float(value) => *value != 0.0,
            PyValue::Text(text) => !text.is_empty(),
            PyValue::List(items) => !items.is_empty(),
            PyValue::Dict(entries) => !entries.is_empty(),
            PyValue::Path(_) | PyValue::Made(_) | PyValue::Unknown => return None,
            _ => true,
        })
    }

    /// True where it is known what it is.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, PyValue::Path(_) | PyValue::Made(_) | PyValue::Unknown)
    }

    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            PyValue::Int(value) => Some(*value as f64),
            PyValue::Float(value) => Some(*value),
            PyValue::Bool(value) => Some(f64::from(u8::from(*value))),
            _ => None,
        }
    }

    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            PyValue::Int(value) => Some(*value),
            PyValue::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// The value, or Unknown where it grew too large.
    pub(super) fn limited(self) -> PyValue {
        let mut left = SIZE;
        if self.fits(&mut left, DEPTH) { self } else { PyValue::Unknown }
    }

    fn fits(&self, left: &mut usize, depth: usize) -> bool {
        let own = match self {
            PyValue::Text(text) => 1 + text.len() / 64,
            PyValue::Tensor(layers) => 1 + layers.len(),
            _ => 1,
        };
        if depth == 0 || *left < own {
            return false;
        }
        *left -= own;
        match self {
            PyValue::List(items) => items.iter().all(|item| item.fits(left, depth - 1)),
            PyValue::Dict(entries) => entries
                .iter()
                .all(|(key, value)| key.fits(left, depth - 1) && value.fits(left, depth - 1)),
            _ => true,
        }
    }

    /// True where a model, a layer or a tensor is in it.
    pub(super) fn holds_model(&self) -> bool {
        match self {
            PyValue::Model(_) | PyValue::Wrapper(_) | PyValue::Tensor(_) => true,
            PyValue::List(items) => items.iter().any(PyValue::holds_model),
            PyValue::Dict(entries) => entries.iter().any(|(_, value)| value.holds_model()),
            _ => false,
        }
    }

    /// Whether two values are equal, where that is known.
    pub(super) fn equals(&self, other: &PyValue) -> Option<bool> {
        if let (Some(a), Some(b)) = (self.as_float(), other.as_float()) {
            return Some(a == b);
        }
        Some(match (self, other) {
            (a, b) if !a.is_known() || !b.is_known() => return None,
            (PyValue::None, PyValue::None) => true,
            (PyValue::Text(a), PyValue::Text(b)) => a == b,
            (PyValue::List(a), PyValue::List(b)) => {
                let mut all = a.len() == b.len();
                for (a, b) in a.iter().zip(b) {
                    all &= a.equals(b)?;
                }
                all
            }
            (PyValue::Object(a), PyValue::Object(b)) | (PyValue::Model(a), PyValue::Model(b)) => {
                a == b
            }
            (PyValue::Dict(_), PyValue::Dict(_)) => return None,
            _ => false,
        })
    }
}
