//! What the code makes: Keras's objects, models with their `compile` and `fit`, image generators.

use serde_json::Map;

use super::values::PyValue;
use crate::exchange::signatures::{self, Class};

/// One of Keras's objects with its arguments.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) class: Class,
    pub(super) config: Vec<(String, PyValue)>,
}

impl Object {
    pub(super) fn get(&self, key: &str) -> Option<&PyValue> {
        self.config.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(super) fn set(&mut self, key: &str, value: PyValue) {
        match self.config.iter_mut().find(|(known, _)| known == key) {
            Some((_, place)) => *place = value,
            None => self.config.push((key.to_string(), value)),
        }
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

/// A model.
#[derive(Debug, Clone, Default)]
pub(super) struct CodeModel {
    /// Where it is made.
    pub(super) line: usize,
    pub(super) name: Option<String>,
    /// Its layers, by number; inputs are among them.
    pub(super) layers: Vec<usize>,
    /// The shape of a batch, as `build` says.
    pub(super) built: Option<PyValue>,
    pub(super) compile: Option<Vec<(String, PyValue)>>,
    /// The line of its `compile`.
    pub(super) compile_line: usize,
    pub(super) fit: Option<CodeFit>,
    /// True where its layers stand in another model.
    pub(super) is_inside: bool,
}

/// The first `fit` of a model.
#[derive(Debug, Clone)]
pub(super) struct CodeFit {
    pub(super) line: usize,
    pub(super) section: Map<String, serde_json::Value>,
    /// How often the line was gone through, and the epochs of each time.
    pub(super) times: u64,
    /// The `ImageDataGenerator` that it trains on.
    pub(super) images: Option<usize>,
}

impl CodeModel {
    pub(super) fn compiled(&self, key: &str) -> Option<&PyValue> {
        self.compile.as_ref()?.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

impl CodeFit {
    /// A training that was met once, at a line.
    pub(super) fn at(line: usize) -> CodeFit {
        CodeFit { line, section: Map::new(), times: 1, images: None }
    }
}

/// An `ImageDataGenerator`.
#[derive(Debug, Clone)]
pub(super) struct Images {
    pub(super) line: usize,
    pub(super) options: Vec<(String, PyValue)>,
}
