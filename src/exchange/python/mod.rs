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
mod json;
mod method;
mod model;
mod note;
mod objects;
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
pub use note::{CodeNote, ConvertedCode, SectionLines};
pub(crate) use suggest::with_entry_of_code;
