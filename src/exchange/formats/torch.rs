//! A folder for PyTorch.

use std::path::Path;

use super::format::{
    Container, ExportFormat, ExportOption, ExportOptions, Exported, weights_metadata,
};
use crate::disk::files::{TensorFile, to_safetensors};
use crate::error::Result;
use crate::exchange::portable::Portable;
use crate::exchange::{torch, verify};
use crate::model::artifact::{MODEL, Model};
use crate::model::network::Network;
use crate::weights::weights_file;

#[derive(Debug)]
pub(super) struct TorchFormat;

impl ExportFormat for TorchFormat {
    fn name(&self) -> &'static str {
        "torch"
    }

    fn about(&self) -> &'static str {
        "A folder for PyTorch: the state dict, channels first, and a model.py that loads it"
    }

    fn container(&self) -> Container {
        Container::Folder
    }

    fn options(&self) -> &'static [ExportOption] {
        &[ExportOption::Dtype]
    }

    fn write(&self, model: &Model, options: &ExportOptions) -> Result<Exported> {
        let weights = weights_file::to_file(model.network.weights())?;
        let files = torch::write(&Portable::of(model, None, true)?, weights)?;
        let state = options.typed(files.state)?;
        let state = to_safetensors(&state, Some(&weights_metadata("channels_first")))?;
        Ok(Exported::Files(vec![(MODEL, state), ("model.py", files.code.into_bytes())]))
    }

    fn read_back(&self, path: &Path, model: &Network) -> Result<Network> {
        let other = verify::fresh(model)?;
        let (path, weights) = (path.join(MODEL), other.weights());
        let tensors = torch::matched(weights, TensorFile::read(&path)?.tensors, &path)?.tensors;
        let orders = torch::orders(&Portable::of_layers(model));
        let ours = torch::with_own_flatten(weights, tensors, &orders)?;
        weights_file::load(weights, &ours, &path, false)?;
        Ok(other)
    }
}
