//! `lanthorn import`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::Device;
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::exchange::keras::KerasFile;
use lanthorn::exchange::portable::Portable;
use lanthorn::exchange::{of_model, torch};
use lanthorn::model::{Model, Network, weights_file};
use lanthorn::runs::{Run, model_of};
use lanthorn::runtime::files::{TensorFile, is_index, shards};
use lanthorn::training::{Plan, Trainer};
use serde_json::json;

use super::common::{CommonArguments, tables_of};
use super::output::{OutputFile, OutputKind};
use super::view;

#[derive(Args)]
pub(crate) struct ImportArguments {
    /// A .keras, .weights.h5 or .h5 file of Keras, or a safetensors file of PyTorch or candle
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The configuration that gives the architecture, the data and the preprocessing
    #[arg(long, value_name = "CONFIG")]
    config: Option<PathBuf>,
    /// The model to write: a .safetensors file; or, with --config, a run folder, whose training can
    /// be resumed with the optimizer state of the Keras file
    /// [default: model.safetensors]
    #[arg(short, long, value_name = "MODEL")]
    out: Option<PathBuf>,
    /// Without `-o`: replace an existing model.safetensors
    #[arg(long)]
    force: bool,
    /// For safetensors: load what fits by name and shape, and report the rest
    #[arg(long)]
    partial: bool,
    /// For safetensors: the order in which images are flattened [default: channels-last for a file
    /// that Lanthorn wrote, else channels-first]
    #[arg(long, value_name = "ORDER")]
    flatten: Option<FlattenOrder>,
    /// For safetensors: load a module of the file into a layer, such as `layer_in=dense`; can be
    /// repeated
    #[arg(long, value_name = "MODULE=LAYER")]
    rename: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FlattenOrder {
    /// Channel, height, width, as in PyTorch
    ChannelsFirst,
    /// Height, width, channel, as in Keras
    ChannelsLast,
}

pub(crate) fn run(arguments: &ImportArguments, common: &CommonArguments) -> Result<()> {
    no_foreign_file(&arguments.file, "imported")?;
    if !arguments.rename.is_empty() && !is_safetensors(&arguments.file) {
        let error = Error::run("`--rename` goes with a safetensors file");
        return Err(error.with_help("a file of Keras's goes by its own order and names").into());
    }
    let (output, count, notes) = match &arguments.config {
        None => {
            let output = output(arguments, &[])?;
            let (model, notes) = alone(&arguments.file)?;
            output.write(&model.to_bytes()?)?;
            (Some(output), model.network.weights().count(), notes)
        }
        Some(config) => into_config(arguments, config)?,
    };
    for note in &notes {
        view::warning(note);
    }
    let out = out(arguments);
    let text = if common.json {
        format!("{}\n", json!({ "written": out, "parameters": count, "notes": notes }))
    } else {
        format!("wrote {}: {count} parameters\n", out.display())
    };
    match output {
        Some(output) => output.tell(&text),
        None => view::result(&text),
    }
}

/// The name of the model where none is given.
const DEFAULT: &str = "model.safetensors";

fn out(arguments: &ImportArguments) -> &Path {
    arguments.out.as_deref().unwrap_or(Path::new(DEFAULT))
}

/// The model file that is written, decided on before anything is computed.
fn output(arguments: &ImportArguments, more: &[(&Path, &str)]) -> Result<OutputFile> {
    let file = &arguments.file;
    let parts = if is_index(file) { shards(file)? } else { vec![file.clone()] };
    let mut inputs: Vec<(&Path, &str)> =
        parts.iter().map(|part| (part.as_path(), "the file that is imported")).collect();
    inputs.extend(more);
    let output = OutputFile::at(out(arguments), OutputKind::Model, &inputs)?;
    if arguments.out.is_none() && !arguments.force && Path::new(DEFAULT).exists() {
        let error = Error::run(format!("{DEFAULT} is there already"));
        return Err(error
            .with_help("`--force` replaces it; `-o MODEL` writes another file")
            .into());
    }
    Ok(output)
}

/// Files that people would try, and what goes instead.
pub(super) fn no_foreign_file(path: &Path, verb: &str) -> Result<()> {
    let (kind, help) = match path.extension().and_then(|ending| ending.to_str()) {
        Some("pt" | "pth" | "bin" | "ckpt" | "pkl") => (
            "a pickle, which runs code when it is read,",
            "in Python: `safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")`",
        ),
        Some("onnx") => {
            ("an ONNX file", "take the .keras, .h5 or .safetensors file of the same model instead")
        }
        Some("py" | "json") if !is_index(path) => {
            ("an architecture without weights", "`lanthorn convert` makes a configuration of it")
        }
        _ => return Ok(()),
    };
    let message = format!("{}: {kind} can't be {verb}", path.display());
    Err(Error::run(message).with_help(help).into())
}

fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "safetensors") || is_index(path)
}

/// The model that a file of Keras's describes.
fn alone(path: &Path) -> Result<(Model, Vec<String>)> {
    if is_safetensors(path) {
        let error = Error::run("a safetensors file holds weights, but no architecture");
        return Err(error.with_help("name one: `--config CONFIG`").into());
    }
    Ok(of_model::from_keras(&KerasFile::read(path)?, path)?)
}

/// The model of a configuration with its data's preprocessing, and a file's weights.
fn into_config(
    arguments: &ImportArguments,
    config: &Path,
) -> Result<(Option<OutputFile>, usize, Vec<String>)> {
    let (path, out) = (&arguments.file, out(arguments));
    let is_stream = std::fs::metadata(out).is_ok_and(|it| !it.is_dir() && !it.is_file());
    let is_stream = is_stream || out == Path::new("-");
    let is_run = !is_stream && out.extension().is_none_or(|ending| ending != "safetensors");
    let plan = Plan::open(config, &[])?;
    let tables = tables_of(&plan);
    let mut inputs = vec![(config, "the configuration that is read")];
    inputs.extend(tables.iter().map(|path| (path.as_path(), "a table of the configuration")));
    let output = if is_run { None } else { Some(output(arguments, &inputs)?) };
    let mut trainer = plan.trainer(&Device::Cpu)?;
    let notes = if is_safetensors(path) {
        load(&trainer.model, path, arguments)?
    } else {
        load_keras(&mut trainer, path, is_run)?
    };
    let count = trainer.model.weights().count();
    if let Some(output) = &output {
        output.write(&model_of(&plan, trainer)?.to_bytes()?)?;
    } else {
        of_model::trained_elsewhere(&mut trainer);
        let mut run = Run::create(&plan, Some(out))?;
        run.begin(&plan, &trainer)?;
        run.save_model(&plan, trainer)?;
    }
    Ok((output, count, notes))
}

/// Puts the weights of one of Keras's files into the model, and its optimizer's state where it is
/// of use.
fn load_keras(trainer: &mut Trainer, path: &Path, wants_state: bool) -> Result<Vec<String>> {
    let file = KerasFile::read(path)?;
    let mut notes = of_model::load_keras_weights(&trainer.model, &file, path)?;
    if wants_state && !of_model::load_keras_optimizer(trainer, &file)? {
        notes.push("the file has no state of this optimizer: it starts fresh".to_string());
    }
    Ok(notes)
}

/// Puts tensors into the model: by name, else by order and shape. Gives what the user should see.
fn load(model: &Network, path: &Path, arguments: &ImportArguments) -> Result<Vec<String>> {
    let mut file = TensorFile::read(path)?;
    file.tensors.retain(|name, _| !name.ends_with("num_batches_tracked")); // PyTorch counts steps
    let is_ours = file.metadata.as_ref().is_some_and(|ours| ours["flatten"] != "channels_first");
    let weights = model.weights();
    if !arguments.rename.is_empty() {
        file.tensors = torch::renamed(weights, file.tensors, &arguments.rename)?;
    }
    let (tensors, mut notes) = if arguments.partial {
        let differences = weights_file::compare(weights, &file.tensors)?.differences();
        (file.tensors, differences)
    } else {
        let matched = torch::matched(weights, file.tensors, path)?;
        let mut notes = Vec::new();
        if !matched.pairs.is_empty() {
            notes.push("names differ: matched by order and shape".to_string());
        }
        if matched.is_by_order {
            notes.push(
                "several modules have the same shapes: check that the order of the pairs is right; \
                 `--rename MODULE=LAYER` gives a pair by hand"
                    .to_string(),
            );
        }
        notes.extend(matched.pairs);
        (matched.tensors, notes)
    };
    if file.metadata.is_none() {
        notes.extend(torch::unlike_defaults(model));
    }
    let is_first = arguments.flatten.map_or(!is_ours, |order| order == FlattenOrder::ChannelsFirst);
    let tensors = if is_first {
        let orders = torch::orders(&Portable::of_layers(model));
        if arguments.flatten.is_none() && file.metadata.is_none() {
            notes.extend(orders.unknown.iter().map(|place| {
                format!("the features are read in our order, channels last, {place}")
            }));
            notes.extend(orders.by_layer.keys().map(|layer| {
                format!(
                    "`{layer}` is read in PyTorch's order, channel, height, width; \
                         `--flatten channels-last` reads it as it stands"
                )
            }));
        }
        torch::with_own_flatten(weights, tensors, &orders)?
    } else {
        tensors
    };
    weights_file::load(weights, &tensors, path, arguments.partial)?;
    Ok(notes)
}
