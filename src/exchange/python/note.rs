//! What the code says of a model, and what could not be carried.

use serde_json::Value;

/// What some code says of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConvertedCode {
    /// `model`, `compile` and `fit` sections, as far as the code has them.
    pub config: Value,
    /// What could not be carried.
    pub notes: Vec<CodeNote>,
}

/// Something that could not be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeNote {
    /// The line of the code, from 1; 0 where it has no line.
    pub line: usize,
    /// What, and why.
    pub message: String,
    /// The number of layers before it, where it is a layer.
    pub layer: Option<usize>,
}

impl CodeNote {
    /// The note in words, its line first.
    pub fn text(&self) -> String {
        match self.line {
            0 => self.message.clone(),
            line => format!("line {line}: {}", self.message),
        }
    }
}
