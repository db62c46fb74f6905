//! `lanthorn export`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::artifact::Model;
use lanthorn::config::Format;
use lanthorn::exchange::keras::{self, write_json};
use lanthorn::exchange::of_model;
use lanthorn::exchange::portable::Portable;
use lanthorn::exchange::torch;
use lanthorn::files::{TensorFile, atomic_write, to_safetensors};
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
    /// For weights: the numbers' type in the file
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// For ONNX: write the preprocessing too, raw columns in and classes out; the default for a
    /// model trained on a table
    #[arg(long, conflicts_with = "without_preprocessing")]
    with_preprocessing: bool,
    /// For ONNX: write the network alone, without the preprocessing
    #[arg(long)]
    without_preprocessing: bool,
    /// Read the file back, compute with it, and compare
    #[arg(long)]
    verify: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// The architecture alone, for `model: {from: FILE}`
    Config,
    /// The weights alone, named and laid out as PyTorch and candle have them
    Weights,
    /// A folder for PyTorch: the state dict, channels-first, and a model.py around it
    Torch,
    /// Keras's .keras: architecture, compile settings, weights, optimizer state
    Keras,
    /// Keras's .weights.h5
    KerasWeights,
    /// What Keras's `model_from_json` takes
    KerasJson,
    /// An ONNX graph; for a model trained on a table, raw columns in and classes out
    Onnx,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dtype {
    F32,
    F16,
    Bf16,
}

pub(crate) fn run(arguments: &ExportArguments, common: &Common) -> Result<()> {
    if arguments.dtype != Dtype::F32 && !matches!(arguments.to, To::Weights | To::Torch) {
        return Err(Error::run("`--dtype` goes with `--to weights` and `--to torch` only").into());
    }
    for (is_given, flag) in [
        (arguments.with_preprocessing, "--with-preprocessing"),
        (arguments.without_preprocessing, "--without-preprocessing"),
    ] {
        if is_given && arguments.to != To::Onnx {
            return Err(Error::run(format!("`{flag}` goes with `--to onnx` only")).into());
        }
    }
    let verified = match arguments.to {
        To::Config => {
            atomic_write(&arguments.out, &architecture(arguments)?)?;
            None
        }
        _ => {
            wants_ending(arguments.to, &arguments.out)?;
            let model = Model::load(&arguments.model, &Device::Cpu)?;
            match arguments.to {
                To::Torch => torch(arguments, &model)?,
                _ => atomic_write(&arguments.out, &bytes(arguments, &model)?)?,
            }
            if arguments.verify { verify(arguments, &model)? } else { None }
        }
    };
    if arguments.verify && verified.is_none() {
        view::warning(
            "there is no reader of ours that computes with this file: it is not verified",
        );
    }
    if common.json {
        let document = json!({ "written": arguments.out, "largest_difference": verified });
        return view::json(&document);
    }
    let mut text = format!("wrote {}\n", arguments.out.display());
    if let Some(difference) = verified {
        text += &format!("read back: the largest difference is {difference:e}\n");
    }
    view::result(&text)
}

fn architecture(arguments: &ExportArguments) -> Result<Vec<u8>> {
    let format = Format::of(&arguments.out)?;
    let (mut model, input) = if is_model(&arguments.model) {
        let model = Model::load(&arguments.model, &Device::Cpu)?;
        (model.config.model, model.spec.model.input)
    } else {
        let plan = Plan::open(&arguments.model, &[])?;
        (plan.config.model, plan.spec.model.input)
    };
    model.input_shape = Some(input.dims().to_vec());
    Ok(format.write(&json!({ "model": model }))?.into_bytes())
}

/// What an importer must know: the order of the features behind a flattened image.
fn weights_metadata(flatten: &str) -> serde_json::Value {
    use lanthorn::artifact::{FORMAT_MAJOR, FORMAT_MINOR};
    let format = json!({ "kind": "weights", "major": FORMAT_MAJOR, "minor": FORMAT_MINOR });
    json!({ "format": format, "flatten": flatten })
}

/// The state dict and model.py in a folder.
fn torch(arguments: &ExportArguments, model: &Model) -> Result<()> {
    let out = &arguments.out;
    if out.is_file() {
        let message = format!("PyTorch's files go into a folder, but {} is a file", out.display());
        return Err(Error::run(message).into());
    }
    let portable = Portable::of(model, None)?;
    let file = weights_file::to_file(model.sequential.weights())?;
    let files = torch::write(&portable, file, of_model::tables(model)?.as_ref())?;
    std::fs::create_dir_all(out)?;
    let state = typed(files.state, arguments.dtype)?;
    let state = to_safetensors(&state, Some(&weights_metadata("channels_first")))?;
    atomic_write(&out.join("model.safetensors"), &state)?;
    Ok(atomic_write(&out.join("model.py"), files.code.as_bytes())?)
}

fn typed(mut tensors: Vec<(String, Tensor)>, dtype: Dtype) -> Result<Vec<(String, Tensor)>> {
    let dtype = match dtype {
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::Bf16 => DType::BF16,
    };
    for (_, tensor) in &mut tensors {
        *tensor = tensor.to_dtype(dtype).map_err(Error::from)?;
    }
    Ok(tensors)
}

/// The one file that is written.
fn bytes(arguments: &ExportArguments, model: &Model) -> Result<Vec<u8>> {
    if arguments.to == To::Weights {
        let tensors = weights_file::to_file(model.sequential.weights())?;
        let metadata = weights_metadata("channels_last");
        return Ok(to_safetensors(&typed(tensors, arguments.dtype)?, Some(&metadata))?);
    }
    let path = &arguments.model;
    let portable = Portable::of(model, path.is_dir().then_some(path.as_path()))?;
    Ok(match arguments.to {
        To::Keras => keras::write_keras(&portable)?,
        To::KerasWeights => keras::write_weights(&portable)?,
        To::KerasJson => {
            let mut text = serde_json::to_string_pretty(&write_json::model(&portable)?)?;
            text.push('\n');
            text.into_bytes()
        }
        _ => {
            let tables = match arguments.without_preprocessing {
                true => None,
                false => of_model::tables(model)?,
            };
            if arguments.with_preprocessing && tables.is_none() {
                let message = "`--with-preprocessing`: the model has no preprocessing";
                let help = "leave the flag out: the network alone is written";
                return Err(Error::run(message).with_help(help).into());
            }
            lanthorn::exchange::onnx::write(&portable, tables.as_ref())?
        }
    })
}

/// Reads the written file by our own reader, computes with it, and gives the largest difference to
/// the model; None where we have no such reader.
fn verify(arguments: &ExportArguments, model: &Model) -> Result<Option<f32>> {
    let out = &arguments.out;
    let other = match arguments.to {
        To::Keras => of_model::from_keras(&keras::KerasFile::read(out)?, out)?.0,
        To::KerasWeights => {
            let other = fresh(model)?;
            of_model::load_keras_weights(&other.sequential, &keras::KerasFile::read(out)?, out)?;
            other
        }
        To::Weights => {
            let other = fresh(model)?;
            let file = TensorFile::read(out)?;
            weights_file::load(other.sequential.weights(), &file.tensors, out, false)?;
            other
        }
        To::Torch => {
            let other = fresh(model)?;
            let path = out.join("model.safetensors");
            let tensors = TensorFile::read(&path)?.tensors;
            let weights = other.sequential.weights();
            let orders = torch::orders(&Portable::of_layers(&model.sequential));
            let ours = torch::with_own_flatten(weights, tensors, &orders)?;
            weights_file::load(weights, &ours, &path, true)?;
            other
        }
        To::Config | To::KerasJson | To::Onnx => return Ok(None),
    };
    let x = rows(model)?;
    let numbers = |model: &Model| -> Result<Vec<f32>> {
        let y = model.sequential.predict(&x)?;
        Ok(y.flatten_all().and_then(|y| y.to_vec1()).map_err(Error::from)?)
    };
    let (ours, theirs) = (numbers(model)?, numbers(&other)?);
    let difference = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let limit = if arguments.dtype == Dtype::F32 { 1e-5 } else { 0.1 };
    if ours.len() != theirs.len() || difference.is_nan() || difference > limit {
        let message = format!("{} gives other numbers: they differ by {difference}", out.display());
        return Err(Error::Internal(message).into());
    }
    Ok(Some(difference))
}

/// What both compute with: fixed numbers, and the rows of its data that the model keeps.
fn rows(model: &Model) -> Result<Tensor> {
    let input = &model.spec.model.input;
    let mut values: Vec<f32> =
        (0..8 * input.elements()).map(|i| (i * 37 % 19) as f32 / 19.0).collect();
    if let (Some(test), Some(preprocessing)) = (&model.self_test, &model.preprocessing) {
        for row in &test.rows {
            let cells = test.columns.iter().map(String::as_str);
            let cells: Vec<_> = cells.zip(row.iter().map(String::as_str)).collect();
            values.extend(preprocessing.row(&cells)?);
        }
    }
    let shape = input.with_batch(values.len() / input.elements().max(1));
    Ok(Tensor::from_vec(values, shape, &Device::Cpu).map_err(Error::from)?)
}

/// The same architecture with other weights.
fn fresh(model: &Model) -> Result<Model> {
    let spec = model.spec.clone();
    let sequential =
        lanthorn::sequential::Sequential::build(&spec.model, spec.seed ^ 1, &Device::Cpu)?;
    Ok(Model {
        config: model.config.clone(),
        preprocessing: model.preprocessing.clone(),
        training: model.training.clone(),
        self_test: None,
        sequential,
        spec,
    })
}

/// What the tools that read such a file want its name to end with.
fn wants_ending(to: To, path: &Path) -> Result<()> {
    let (ending, why) = match to {
        To::Weights => (".safetensors", "weights are written as safetensors"),
        To::Keras => (".keras", "Keras loads such a model from a .keras file"),
        To::KerasWeights => (".weights.h5", "Keras loads weights from a .weights.h5 file"),
        To::Onnx => (".onnx", "ONNX tools expect an .onnx file"),
        To::Config | To::Torch | To::KerasJson => return Ok(()),
    };
    if path.to_string_lossy().ends_with(ending) {
        return Ok(());
    }
    let message = format!("{why}, but the file is {}", path.display());
    Err(Error::run(message).with_help(format!("name it `…{ending}`")).into())
}
