//! The architecture as a configuration.

use std::path::Path;

use serde_json::json;

use super::format::{Container, ExportFormat, ExportOptions, Exported};
use crate::config::Document;
use crate::error::Result;
use crate::exchange::verify;
use crate::model::artifact::Model;
use crate::model::network::Network;
use crate::sections::Config;
use crate::spec::Spec;

#[derive(Debug)]
pub(super) struct ConfigFormat;

impl ExportFormat for ConfigFormat {
    fn name(&self) -> &'static str {
        "config"
    }

    fn about(&self) -> &'static str {
        "The architecture alone, for `model: {from: FILE}`"
    }

    fn container(&self) -> Container {
        Container::Text
    }

    fn architecture(&self) -> Option<fn(&Config, &Spec) -> Exported> {
        Some(architecture)
    }

    fn write(&self, model: &Model, _: &ExportOptions) -> Result<Exported> {
        Ok(architecture(&model.config, &model.spec))
    }

    fn read_back(&self, path: &Path, model: &Network) -> Result<Network> {
        let config: Config = Document::open(path)?.config()?;
        verify::with_weights_of(model, &config, path)
    }
}

fn architecture(config: &Config, spec: &Spec) -> Exported {
    let mut model = config.model.clone();
    model.input_shape = Some(spec.model.input.dims().to_vec());
    Exported::Config(json!({ "model": model }))
}
