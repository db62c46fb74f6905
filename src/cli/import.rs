//! `lanthorn import`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::{Device, Tensor};
use clap::Args;
use lanthorn::Error;
use lanthorn::artifact::Model;
use lanthorn::exchange::keras::KerasFile;
use lanthorn::exchange::of_model;
use lanthorn::files::{INDEX, TensorFile};
use lanthorn::plan::Plan;
use lanthorn::run::{model_of, self_test};
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
    let is_safetensors = path.extension().is_some_and(|ending| ending == "safetensors")
        || path.to_string_lossy().ends_with(INDEX);
    let (model, notes) = match (&arguments.config, is_safetensors) {
        (None, true) => {
            let error = Error::run("a safetensors file holds weights, but no architecture");
            return Err(error.with_help("name one: `--config CONFIG`").into());
        }
        (Some(config), true) => {
            let (plan, mut model) = untrained(config)?;
            let notes = load(&model, TensorFile::read(path)?.tensors, path, arguments.partial)?;
            model.self_test = self_test(&plan, &model.sequential)?;
            (model, notes)
        }
        (None, false) => of_model::from_keras(&KerasFile::read(path)?, path)?,
        (Some(config), false) => {
            let (plan, mut model) = untrained(config)?;
            of_model::load_keras_weights(&model.sequential, &KerasFile::read(path)?, path)?;
            model.self_test = self_test(&plan, &model.sequential)?;
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

/// Puts tensors into the model: by name, else by order and shape. Gives what the user should see.
fn load(
    model: &Model,
    tensors: HashMap<String, Tensor>,
    path: &Path,
    partial: bool,
) -> Result<Vec<String>> {
    let weights = model.sequential.weights();
    let by_name = weights_file::compare(weights, &tensors)?;
    if partial || by_name.is_whole() {
        return Ok(weights_file::load(weights, &tensors, path, partial)?.differences());
    }
    let (renamed, pairs) = weights_file::matched(weights, tensors, path)?;
    weights_file::load(weights, &renamed, path, false)?;
    let mut notes = vec!["names differ: matched by order and shape".to_string()];
    notes.extend(pairs.into_iter().map(|(ours, theirs)| format!("{ours} ← {theirs}")));
    Ok(notes)
}

/// The model of a configuration with its data's preprocessing, before any training.
fn untrained(config: &Path) -> Result<(Plan, Model)> {
    let plan = Plan::open(config, &[])?;
    let trainer = plan.trainer(&Device::Cpu)?;
    let model = model_of(&plan, trainer)?;
    Ok((plan, model))
}
