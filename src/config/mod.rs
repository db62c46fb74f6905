//! The configuration, as typed: one YAML, TOML or JSON file becomes a tree of [`Node`]s that know
//! their places, the tree becomes the typed sections, and errors are drawn at line and column.

mod arguments;
mod choice;
mod csv;
pub mod data;
mod deserializer;
mod document;
mod entry;
mod error;
mod format;
mod json;
mod keeping;
pub mod names;
pub mod node;
mod of_code;
mod partial;
mod registry;
mod schema;
mod sections;
mod set;
mod synonyms;
mod syntax;
#[cfg(test)]
mod tests;
mod toml;
mod write;
mod yaml;

pub(crate) use choice::{bare, bare_names, checked};
pub use csv::{CsvConfig, HeaderConfig, MissingValues};
pub use document::Document;
pub(crate) use entry::catalog;
pub use entry::{AnyItem, Catalog, Common, Entry, Kind, Nothing};
pub use error::ConfigError;
pub use format::Format;
pub use keeping::{InitWeights, Interval};
pub use node::Node;
pub use partial::{Damage, Partial};
pub use registry::{Reader, Registry};
pub use schema::{schema, schema_of};
pub use sections::{ClassWeight, CompileConfig, Config, FitConfig, ModelConfig};
pub(crate) use write::shortened;
