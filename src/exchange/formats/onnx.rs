//! ONNX.

use std::path::Path;

use super::format::{ExportFormat, ExportOption, ExportOptions, Exported};
use crate::error::{Error, Result};
use crate::exchange::portable::Portable;
use crate::exchange::{onnx, verify};
use crate::model::artifact::Model;
use crate::model::network::Network;

#[derive(Debug)]
pub(super) struct OnnxFormat;

impl ExportFormat for OnnxFormat {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn about(&self) -> &'static str {
        "An ONNX graph; of a model trained on a table, it takes raw columns and returns classes"
    }

    fn ending(&self) -> Option<(&'static str, &'static str)> {
        Some((".onnx", "ONNX tools expect an .onnx file"))
    }

    fn options(&self) -> &'static [ExportOption] {
        &[ExportOption::Preprocessing]
    }

    fn write(&self, model: &Model, options: &ExportOptions) -> Result<Exported> {
        if options.preprocessing == Some(true) && model.preprocessing.is_none() {
            let message = "`--with-preprocessing`: the model has no preprocessing";
            let help = "leave the flag out: the network alone is written";
            return Err(Error::run(message).with_help(help));
        }
        let portable = Portable::of(model, None, true)?;
        Ok(Exported::Bytes(onnx::write(&portable, options.preprocessing != Some(false))?))
    }

    fn read_back(&self, path: &Path, _: &Network) -> Result<Network> {
        Err(Error::model(path, "an ONNX file is computed with, not read as a model"))
    }

    fn difference(&self, path: &Path, model: Model, options: &ExportOptions) -> Result<f32> {
        let is_raw = options.preprocessing != Some(false) && model.preprocessing.is_some();
        onnx::difference(path, model, is_raw)
    }

    fn tolerance(&self, model: &Network) -> f32 {
        verify::tolerance(model)
    }
}
