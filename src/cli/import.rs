//! `lanthorn import`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::Device;
use clap::Args;
use lanthorn::Error;
use lanthorn::artifact::Model;
use lanthorn::exchange::keras::KerasFile;
use lanthorn::exchange::of_model;
use lanthorn::files::TensorFile;
use lanthorn::plan::Plan;
use lanthorn::run::model_of;
use lanthorn::weights_file;
use serde_json::json;

use super::{Common, view};

#[derive(Args)]
pub(crate) struct ImportArguments {
    /// Keras's .keras, .weights.h5 or .h5, or a safetensors file of PyTorch's or candle's
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The configuration whose architecture, data and preprocessing the model gets
    #[arg(long, value_name = "CONFIG")]
    config: Option<PathBuf>,
    /// The model to write
    #[arg(short, long, value_name = "MODEL", default_value = "model.safetensors")]
    out: PathBuf,
    /// For safetensors: load what fits by name and shape, and report the rest
    #[arg(long)]
    partial: bool,
}

pub(crate) fn run(arguments: &ImportArguments, common: &Common) -> Result<()> {
    let path = &arguments.file;
    let is_safetensors = path.extension().is_some_and(|ending| ending == "safetensors");
    let (model, notes) = match (&arguments.config, is_safetensors) {
        (None, true) => {
            let error = Error::run("a safetensors file holds weights, but no architecture");
            return Err(error.with_help("name one: `--config CONFIG`").into());
        }
        (Some(config), true) => {
            let model = untrained(config)?;
            let file = TensorFile::read(path)?;
            let weights = model.sequential.weights();
            let fit = weights_file::load(weights, &file.tensors, path, arguments.partial)?;
            (model, fit.differences())
        }
        (None, false) => of_model::from_keras(&KerasFile::read(path)?, path)?,
        (Some(config), false) => {
            let model = untrained(config)?;
            of_model::load_keras_weights(&model.sequential, &KerasFile::read(path)?, path)?;
            (model, Vec::new())
        }
    };
    for note in &notes {
        view::warning(note);
    }
    model.save(&arguments.out)?;
    let count = model.sequential.weights().count();
    if common.json {
        let document = json!({ "written": arguments.out, "parameters": count, "notes": notes });
        return view::json(&document);
    }
    view::result(&format!("wrote {}: {count} parameters\n", arguments.out.display()))
}

/// The model of a configuration with its data's preprocessing, before any training.
fn untrained(config: &Path) -> Result<Model> {
    let plan = Plan::open(config, &[])?;
    let trainer = plan.trainer(&Device::Cpu)?;
    Ok(model_of(&plan, trainer)?)
}
