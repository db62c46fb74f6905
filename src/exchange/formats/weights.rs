//! The weights alone, as PyTorch and candle name them and lay them out.

use std::path::Path;

use super::format::{ExportFormat, ExportOption, ExportOptions, Exported, weights_metadata};
use crate::disk::files::{TensorFile, to_safetensors};
use crate::error::Result;
use crate::exchange::verify;
use crate::model::artifact::Model;
use crate::model::network::Network;
use crate::weights::weights_file;

#[derive(Debug)]
pub(super) struct WeightsFormat;

impl ExportFormat for WeightsFormat {
    fn name(&self) -> &'static str {
        "weights"
    }

    fn about(&self) -> &'static str {
        "The weights alone, with PyTorch's and candle's names and layouts"
    }

    fn ending(&self) -> Option<(&'static str, &'static str)> {
        Some((".safetensors", "weights are written as safetensors"))
    }

    fn options(&self) -> &'static [ExportOption] {
        &[ExportOption::Dtype]
    }

    fn write(&self, model: &Model, options: &ExportOptions) -> Result<Exported> {
        let tensors = options.typed(weights_file::to_file(model.network.weights())?)?;
        let metadata = weights_metadata("channels_last");
        Ok(Exported::Bytes(to_safetensors(&tensors, Some(&metadata))?))
    }

    fn read_back(&self, path: &Path, model: &Network) -> Result<Network> {
        let other = verify::fresh(model)?;
        let file = TensorFile::read(path)?;
        weights_file::load(other.weights(), &file.tensors, path, false)?;
        Ok(other)
    }
}
