//! The configuration, as typed.

mod choice;
mod entry;
pub mod names;
pub mod node;

pub(crate) use choice::{bare, bare_names, checked};
pub(crate) use entry::catalog;
pub use entry::{AsJson, Catalog, Common, Entry, Kind, Nothing, Reader, Registry};
pub use node::{ConfigError, Node};
