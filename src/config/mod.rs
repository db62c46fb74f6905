//! The reader of configurations: one YAML, TOML or JSON text becomes a tree of [`Node`]s that know
//! their places, the tree becomes a typed configuration, and every mistake is told at line and
//! column. It knows no section of ours: those are in `sections`.

mod advice_words;
mod arguments;
mod bounds;
pub(crate) mod checks;
mod choice;
mod deserializer;
mod document;
mod entries;
mod entry;
mod error;
mod format;
mod json;
pub mod names;
pub mod node;
mod partial;
mod plain_text;
mod registry;
mod schema;
mod set;
mod source_text;
mod spellings;
mod synonyms;
mod syntax;
#[cfg(test)]
mod tests;
mod toml;
mod unknown;
mod write;
mod yaml;

pub(crate) use choice::{bare, bare_names, checked};
pub(crate) use deserializer::ONE_OR_SEVERAL;
pub use document::{Document, is_configuration};
pub(crate) use entries::entries;
pub(crate) use entry::catalog;
pub use entry::{AnyItem, Catalog, Common, Entry, Kind, Nothing};
pub use error::ConfigError;
pub(crate) use error::missing_key;
pub use format::Format;
pub use node::Node;
pub use partial::{Damage, Partial};
pub(crate) use plain_text::{PlainText, PlainTexts, plain_name, plain_names};
pub use registry::{Constructor, Registry};
pub use schema::schema_of;
pub(crate) use schema::{drop_code, without_code};
pub(crate) use spellings::every_spelling;
pub use synonyms::names_for;
pub use unknown::unknown_name;
pub(crate) use write::shortened;
