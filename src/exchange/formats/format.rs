//! `ExportFormat`: what a format must say of itself, and how a model is written in it.

use std::fmt;
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};
use serde_json::{Value, json};

use crate::error::Result;
use crate::exchange::verify;
use crate::model::artifact::{FORMAT_MAJOR, Model};
use crate::model::network::Network;
use crate::sections::Config;
use crate::spec::Spec;

/// A format that a model is exported to.
pub trait ExportFormat: fmt::Debug + Send + Sync {
    /// Its name on the command line: `keras-weights`.
    fn name(&self) -> &'static str;

    /// What it is, for `--help`.
    fn about(&self) -> &'static str;

    /// What is written.
    fn container(&self) -> Container {
        Container::Binary
    }

    /// What the tools that read such a file want its name to end with, and why.
    fn ending(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// The options that it takes.
    fn options(&self) -> &'static [ExportOption] {
        &[]
    }

    /// For a format without weights: how the architecture of a configuration is written.
    fn architecture(&self) -> Option<fn(&Config, &Spec) -> Exported> {
        None
    }

    /// Writes a model.
    fn write(&self, model: &Model, options: &ExportOptions) -> Result<Exported>;

    /// Reads the written file (or folder) back; what it lacks comes from the model.
    fn read_back(&self, path: &Path, model: &Network) -> Result<Network>;

    /// The largest difference between what the model makes of some samples and what the written
    /// file does, as a part of the largest output where that is above 1.
    fn difference(&self, path: &Path, model: Model, _: &ExportOptions) -> Result<f32> {
        verify::difference(&model, &self.read_back(path, &model.network)?)
    }

    /// How far that difference may go.
    fn tolerance(&self, _: &Network) -> f32 {
        1e-5
    }
}

/// What holds an exported model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// A file to be read by people.
    Text,
    /// A file to be read by programs.
    Binary,
    /// Several files in a folder.
    Folder,
}

/// What is written.
#[derive(Debug, Clone)]
pub enum Exported {
    /// A configuration, in YAML, TOML or JSON.
    Config(Value),
    /// The bytes of one file.
    Bytes(Vec<u8>),
    /// The names and the bytes of the files of a folder.
    Files(Vec<(&'static str, Vec<u8>)>),
}

/// An option that some formats take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportOption {
    /// The numbers' type.
    Dtype,
    /// Whether the preprocessing is written.
    Preprocessing,
}

/// How a model is written.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The numbers' type in a file of weights.
    pub dtype: DType,
    /// Whether the preprocessing is written too; None: where the model has one.
    pub preprocessing: Option<bool>,
    /// The run's folder, whose checkpoint holds the optimizer's variables.
    pub run: Option<PathBuf>,
    /// Whether that checkpoint must be as it was written.
    pub verify_run: bool,
}

impl ExportOptions {
    /// The tensors in the type that is asked for.
    pub(super) fn typed(
        &self,
        mut tensors: Vec<(String, Tensor)>,
    ) -> Result<Vec<(String, Tensor)>> {
        for (_, tensor) in &mut tensors {
            *tensor = tensor.to_dtype(self.dtype)?;
        }
        Ok(tensors)
    }
}

/// What an importer must know of a file of weights: the order of the features behind a flattened
/// image.
pub(super) fn weights_metadata(flatten: &str) -> Value {
    let format = json!({ "kind": "weights", "major": FORMAT_MAJOR, "minor": 0 });
    json!({ "format": format, "flatten": flatten })
}
