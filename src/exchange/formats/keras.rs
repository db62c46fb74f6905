//! Keras's files: the whole model, its weights, its JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::format::{Container, ExportFormat, ExportOptions, Exported};
use crate::config::Node;
use crate::error::{Error, Result};
use crate::exchange::keras::{KerasFile, model_json, read_json, write_keras, write_weights};
use crate::exchange::portable::Portable;
use crate::exchange::{of_model, verify};
use crate::model::artifact::Model;
use crate::model::network::Network;

#[derive(Debug)]
pub(super) struct KerasFormat;

impl ExportFormat for KerasFormat {
    fn name(&self) -> &'static str {
        "keras"
    }

    fn about(&self) -> &'static str {
        "A .keras file: architecture, compile settings, weights, optimizer state"
    }

    fn ending(&self) -> Option<(&'static str, &'static str)> {
        Some((".keras", "Keras loads such a model from a .keras file"))
    }

    fn write(&self, model: &Model, options: &ExportOptions) -> Result<Exported> {
        Ok(Exported::Bytes(write_keras(&of(model, options)?)?))
    }

    fn read_back(&self, path: &Path, _: &Network) -> Result<Network> {
        Ok(of_model::from_keras(&KerasFile::read(path)?, path)?.0.network)
    }
}

#[derive(Debug)]
pub(super) struct KerasWeightsFormat;

impl ExportFormat for KerasWeightsFormat {
    fn name(&self) -> &'static str {
        "keras-weights"
    }

    fn about(&self) -> &'static str {
        "A .weights.h5 file of Keras: the weights alone"
    }

    fn ending(&self) -> Option<(&'static str, &'static str)> {
        Some((".weights.h5", "Keras loads weights from a .weights.h5 file"))
    }

    fn write(&self, model: &Model, options: &ExportOptions) -> Result<Exported> {
        Ok(Exported::Bytes(write_weights(&of(model, options)?)?))
    }

    fn read_back(&self, path: &Path, model: &Network) -> Result<Network> {
        let other = verify::fresh(model)?;
        of_model::load_keras_weights(&other, &KerasFile::read(path)?, path)?;
        Ok(other)
    }
}

#[derive(Debug)]
pub(super) struct KerasJsonFormat;

impl ExportFormat for KerasJsonFormat {
    fn name(&self) -> &'static str {
        "keras-json"
    }

    fn about(&self) -> &'static str {
        "The architecture as JSON, for Keras's `model_from_json`"
    }

    fn container(&self) -> Container {
        Container::Text
    }

    fn write(&self, model: &Model, _: &ExportOptions) -> Result<Exported> {
        let json = model_json::model(&Portable::of(model, None, true)?)?;
        Ok(Exported::Bytes(format!("{json:#}\n").into_bytes()))
    }

    fn read_back(&self, path: &Path, model: &Network) -> Result<Network> {
        let json: Value = serde_json::from_slice(&fs_err::read(path)?)
            .map_err(|error| Error::Internal(error.to_string()))?;
        let converted =
            read_json::model(&json, &Value::Null).map_err(|message| Error::model(path, message))?;
        let config = Node::from_json(&json!({ "model": converted.model })).read()?;
        verify::with_weights_of(model, &config, path)
    }
}

/// The model with the optimizer's variables of its run's checkpoint.
fn of(model: &Model, options: &ExportOptions) -> Result<Portable> {
    Portable::of(model, options.run.as_deref(), options.verify_run)
}
