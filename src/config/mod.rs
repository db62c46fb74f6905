//! The configuration, as typed.

mod entry;
pub mod names;
pub mod node;

pub(crate) use entry::catalog;
pub use entry::{AsJson, Catalog, Common, Entry, Kind, Nothing, Reader, Refused, Registry};
pub use node::{ConfigError, Node};
