//! Literal Keras code as a configuration: `Sequential([...])`, `model.add`, `compile`, `fit`, and a
//! straight chain of the functional API. The code is followed as far as its values are literal,
//! never run: text to tokens to statements (`token`, `parser`, `block`), statements to values (`run`,
//! `evaluate`, `call`, `method`, `attribute`), and the models among them to Keras's JSON (`model`,
//! `fit`, `convert`).

mod arithmetic;
mod attribute;
mod block;
mod built_in;
mod call;
mod convert;
mod evaluate;
mod expression;
mod fit;
mod images;
mod method;
mod model;
mod parser;
mod pattern;
mod reader;
mod run;
mod split;
mod suggest;
#[cfg(test)]
mod tests;
mod token;
mod values;
mod wrapper;

pub use convert::convert;
pub(crate) use suggest::with_entry_of_code;

use serde_json::Value;

/// What some code says of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Code {
    /// `model`, `compile` and `fit` sections, as far as the code has them.
    pub config: Value,
    /// What could not be carried.
    pub notes: Vec<Note>,
}

/// Something that could not be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line of the code, from 1; 0 where it has no line.
    pub line: usize,
    /// What, and why.
    pub message: String,
    /// The number of layers before it, where it is a layer.
    pub layer: Option<usize>,
}

impl Note {
    /// The note in words, its line first.
    pub fn text(&self) -> String {
        match self.line {
            0 => self.message.clone(),
            line => format!("line {line}: {}", self.message),
        }
    }
}
