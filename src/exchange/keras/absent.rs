//! What stands in for `file.rs` in a build without the feature `keras`: the same names, and an
//! error that says which feature is missing.

use std::path::Path;

use candle_core::Tensor;
use serde_json::Value;

use super::super::portable::Portable;
use crate::disk::files::Inspection;
use crate::error::{Error, Result};

/// What one of Keras's files holds; in this build, never anything.
#[derive(Debug, Clone, Default)]
pub struct KerasFile {
    /// The model's JSON.
    pub model: Value,
    /// The training_config of a legacy file.
    pub training_config: Value,
}

impl KerasFile {
    /// An error: this build has no HDF5.
    pub fn read(_path: &Path) -> Result<KerasFile> {
        Err(missing())
    }

    /// None.
    pub fn numbers(&self) -> usize {
        0
    }

    /// Nothing.
    pub fn inspection(&self) -> Inspection {
        Inspection::default()
    }

    /// No variables.
    pub fn optimizer(&self) -> &[Tensor] {
        &[]
    }

    /// No weights.
    pub fn in_order(&self) -> Option<Vec<&[Tensor]>> {
        None
    }

    /// No layers.
    pub fn keys(&self) -> Vec<&str> {
        Vec::new()
    }

    /// No weights.
    pub fn weights_of(&self, _key: &str, _name: &str) -> &[Tensor] {
        &[]
    }
}

/// An error: this build has no HDF5.
pub fn write_keras(_portable: &Portable) -> Result<Vec<u8>> {
    Err(missing())
}

/// An error: this build has no HDF5.
pub fn write_weights(_portable: &Portable) -> Result<Vec<u8>> {
    Err(missing())
}

fn missing() -> Error {
    Error::run("this build can't read or write Keras's files: the feature `keras` is missing")
        .with_help("build with `--features keras`, which is on by default")
}
