//! What the code says of a model, and what could not be carried.

use serde_json::Value;

/// What some code says of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConvertedCode {
    /// `model`, `compile` and `fit` sections, as far as the code has them.
    pub config: Value,
    /// What could not be carried.
    pub notes: Vec<CodeNote>,
    /// Where its sections come from.
    pub lines: SectionLines,
}

/// The lines of the code, from 1, that the sections come from; 0 where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SectionLines {
    /// Where the model is made.
    pub model: usize,
    /// Its `compile`.
    pub compile: usize,
    /// Its `fit`.
    pub fit: usize,
}

impl SectionLines {
    /// The line that a key of the configuration comes from; the model's for any other.
    pub fn of(self, path: &str) -> usize {
        let line = match path.split(['.', '[']).next() {
            Some("compile") => self.compile,
            Some("fit") => self.fit,
            _ => self.model,
        };
        if line == 0 { self.model } else { line }
    }
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
