//! `lanthorn export`.

use std::path::PathBuf;

use anyhow::Result;
use candle_core::Device;
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::artifact::Model;
use lanthorn::config::Format;
use lanthorn::files::{atomic_write, to_safetensors};
use lanthorn::plan::Plan;
use lanthorn::weights_file;
use serde_json::json;

use super::summary::is_model;
use super::{Common, view};

#[derive(Args)]
pub(crate) struct ExportArguments {
    /// A run folder or a model file; for the architecture, a configuration will do
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// What to write
    #[arg(long, value_name = "WHAT")]
    to: To,
    /// The file to write: .yaml, .toml or .json for the architecture, .safetensors for weights
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum To {
    /// The architecture alone, for `model: {from: FILE}`
    Config,
    /// The weights alone, named and laid out as PyTorch and candle have them
    Weights,
}

pub(crate) fn run(arguments: &ExportArguments, common: &Common) -> Result<()> {
    match arguments.to {
        To::Config => {
            let format = Format::of(&arguments.out)?;
            let (model, input) = if is_model(&arguments.model) {
                let model = Model::load(&arguments.model, &Device::Cpu)?;
                (model.config.model, model.spec.model.input)
            } else {
                let plan = Plan::open(&arguments.model, &[])?;
                (plan.config.model, plan.spec.model.input)
            };
            let mut model = model;
            model.input_shape = Some(input.dims().to_vec());
            let text = format.write(&json!({ "model": model }))?;
            atomic_write(&arguments.out, text.as_bytes())?;
        }
        To::Weights => {
            if arguments.out.extension().is_none_or(|ext| ext != "safetensors") {
                let message = format!(
                    "weights are written as safetensors, but the file is {}",
                    arguments.out.display()
                );
                return Err(Error::run(message).with_help("name it `….safetensors`").into());
            }
            let model = Model::load(&arguments.model, &Device::Cpu)?;
            let tensors = weights_file::to_file(model.sequential.weights())?;
            atomic_write(&arguments.out, &to_safetensors(&tensors, None)?)?;
        }
    }
    if common.json {
        return view::json(&json!({ "written": arguments.out }));
    }
    view::result(&format!("wrote {}\n", arguments.out.display()))
}
