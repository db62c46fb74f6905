//! `lanthorn export`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::artifact::Model;
use lanthorn::config::{Config, Format};
use lanthorn::exchange::keras::{self, write_json};
use lanthorn::exchange::of_model;
use lanthorn::exchange::onnx;
use lanthorn::exchange::portable::Portable;
use lanthorn::exchange::torch;
use lanthorn::exchange::verify::{self, Written};
use lanthorn::files::{atomic_write, to_safetensors};
use lanthorn::plan::Plan;
use lanthorn::sequential::Sequential;
use lanthorn::spec::Spec;
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
    wants_ending(arguments.to, &arguments.out)?;
    let difference = if arguments.to == To::Config && !is_model(&arguments.model) {
        of_configuration(arguments)?
    } else {
        of_model(arguments)?
    };
    if common.json {
        let document = json!({ "written": arguments.out, "largest_difference": difference });
        return view::json(&document);
    }
    let mut text = format!("wrote {}\n", arguments.out.display());
    if let Some(difference) = difference {
        text += &format!("read back: the largest difference is {difference:e}\n");
    }
    view::result(&text)
}

/// The architecture of a configuration, whose weights are not trained.
fn of_configuration(arguments: &ExportArguments) -> Result<Option<f32>> {
    let plan = Plan::open(&arguments.model, &[])?;
    let text = architecture(arguments, &plan.config, &plan.spec)?;
    atomic_write(&arguments.out, &text)?;
    if !arguments.verify {
        return Ok(None);
    }
    let model = Sequential::build(&plan.spec.model, plan.spec.seed, &Device::Cpu)?;
    let samples = verify::samples(&model, None, None)?;
    let difference = verify::difference(Written::Config, &arguments.out, &model, &samples)?;
    proven(arguments, difference, 1e-5)
}

fn of_model(arguments: &ExportArguments) -> Result<Option<f32>> {
    let (out, model) = (&arguments.out, Model::load(&arguments.model, &Device::Cpu)?);
    match arguments.to {
        To::Torch => torch_folder(arguments, &model)?,
        _ => atomic_write(out, &bytes(arguments, &model)?)?,
    }
    if !arguments.verify {
        return Ok(None);
    }
    let written = match arguments.to {
        To::Config => Written::Config,
        To::Weights => Written::Weights,
        To::Torch => Written::Torch,
        To::Keras => Written::Keras,
        To::KerasWeights => Written::KerasWeights,
        To::KerasJson => Written::KerasJson,
        To::Onnx => {
            let is_raw = !arguments.without_preprocessing && model.preprocessing.is_some();
            let tolerance = verify::tolerance(&model.sequential);
            let difference = onnx::difference(out, model, is_raw)?;
            return proven(arguments, difference, tolerance);
        }
    };
    let (test, preprocessing) = (model.self_test.as_ref(), model.preprocessing.as_ref());
    let samples = verify::samples(&model.sequential, test, preprocessing)?;
    proven(arguments, verify::difference(written, out, &model.sequential, &samples)?, 1e-5)
}

/// An error where the written file gives other numbers.
fn proven(arguments: &ExportArguments, difference: f32, tolerance: f32) -> Result<Option<f32>> {
    let is_whole = arguments.dtype == Dtype::F32;
    if difference <= if is_whole { tolerance } else { 0.1 } {
        return Ok(Some(difference));
    }
    let out = arguments.out.display();
    let message = format!("{out} gives other numbers: they differ by {difference}");
    Err(match is_whole {
        true => Error::Internal(message),
        false => Error::run(message).with_help("leave `--dtype` out: f32 keeps every bit"),
    }
    .into())
}

fn architecture(arguments: &ExportArguments, config: &Config, spec: &Spec) -> Result<Vec<u8>> {
    let mut model = config.model.clone();
    model.input_shape = Some(spec.model.input.dims().to_vec());
    let format = Format::of(&arguments.out)?;
    Ok(format.write(&json!({ "model": model }))?.into_bytes())
}

/// What an importer must know: the order of the features behind a flattened image.
fn weights_metadata(flatten: &str) -> serde_json::Value {
    use lanthorn::artifact::{FORMAT_MAJOR, FORMAT_MINOR};
    let format = json!({ "kind": "weights", "major": FORMAT_MAJOR, "minor": FORMAT_MINOR });
    json!({ "format": format, "flatten": flatten })
}

/// The state dict and model.py in a folder.
fn torch_folder(arguments: &ExportArguments, model: &Model) -> Result<()> {
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
    if arguments.to == To::Config {
        return architecture(arguments, &model.config, &model.spec);
    }
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
            onnx::write(&portable, tables.as_ref())?
        }
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
