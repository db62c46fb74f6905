//! `lanthorn export`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::artifact::{MODEL, Model, model_path};
use lanthorn::config::Config;
use lanthorn::exchange::keras::{self, write_json};
use lanthorn::exchange::onnx;
use lanthorn::exchange::portable::Portable;
use lanthorn::exchange::torch;
use lanthorn::exchange::verify::{self, Written};
use lanthorn::files::to_safetensors;
use lanthorn::network::Network;
use lanthorn::plan::Plan;
use lanthorn::spec::Spec;
use lanthorn::weights_file;
use serde_json::json;

use super::output::{Kind, Output};
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
    /// The file to write: .yaml, .toml or .json for the architecture, .safetensors for weights; `-`
    /// for stdout
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
    match (arguments.to, is_model(&arguments.model)) {
        (To::Torch, _) => torch_folder(arguments, common),
        (To::Config, false) => of_configuration(arguments, common),
        _ => of_model(arguments, common),
    }
}

/// Prints what was written.
fn tell(
    arguments: &ExportArguments,
    common: &Common,
    output: Option<&Output>,
    difference: Option<f32>,
) -> Result<()> {
    let mut text = match common.json {
        true => {
            format!("{}\n", json!({ "written": arguments.out, "largest_difference": difference }))
        }
        false => format!("wrote {}\n", arguments.out.display()),
    };
    if let Some(difference) = difference
        && !common.json
    {
        text += &format!("read back: the largest difference is {difference:e}\n");
    }
    match output {
        Some(output) => output.tell(&text),
        None => view::result(&text),
    }
}

/// The one file that is written, decided on before anything is computed.
fn output(arguments: &ExportArguments, inputs: &[(&Path, &str)]) -> Result<Output> {
    let kind = match arguments.to {
        To::Config | To::KerasJson => Kind::Text,
        _ => Kind::Weights,
    };
    let output = Output::at(&arguments.out, kind, inputs)?;
    if output.is_file() {
        wants_ending(arguments.to, &arguments.out)?;
    } else if arguments.verify {
        let message =
            format!("`--verify` reads the file back, which {} can't be", arguments.out.display());
        return Err(Error::run(message).with_help("name a file, or leave `--verify` out").into());
    }
    Ok(output)
}

/// The architecture of a configuration, whose weights are not trained.
fn of_configuration(arguments: &ExportArguments, common: &Common) -> Result<()> {
    let plan = Plan::open(&arguments.model, &[])?;
    let tables = super::tables_of(&plan);
    let mut inputs = vec![(arguments.model.as_path(), "the configuration that is read")];
    inputs.extend(tables.iter().map(|path| (path.as_path(), "a table of the configuration")));
    let output = output(arguments, &inputs)?;
    output.write(&architecture(&output, &plan.config, &plan.spec)?)?;
    let mut difference = None;
    if arguments.verify {
        let model = Network::build(&plan.spec.model, plan.spec.seed, &Device::Cpu)?;
        let samples = verify::samples(&model, None, None)?;
        let found = verify::difference(Written::Config, &arguments.out, &model, &samples)?;
        difference = proven(arguments, found, 1e-5)?;
    }
    tell(arguments, common, Some(&output), difference)
}

fn of_model(arguments: &ExportArguments, common: &Common) -> Result<()> {
    let file = model_path(&arguments.model)?;
    let output = output(arguments, &[(&file, "the model that is exported")])?;
    let model = Model::load(&arguments.model, &Device::Cpu)?;
    output.write(&bytes(arguments, &output, &model)?)?;
    let difference = match arguments.verify {
        true => read_back(arguments, model)?,
        false => None,
    };
    tell(arguments, common, Some(&output), difference)
}

/// Reads the written file back, and compares.
fn read_back(arguments: &ExportArguments, model: Model) -> Result<Option<f32>> {
    let out = &arguments.out;
    let written = match arguments.to {
        To::Config => Written::Config,
        To::Weights => Written::Weights,
        To::Torch => Written::Torch,
        To::Keras => Written::Keras,
        To::KerasWeights => Written::KerasWeights,
        To::KerasJson => Written::KerasJson,
        To::Onnx => {
            let is_raw = !arguments.without_preprocessing && model.preprocessing.is_some();
            let tolerance = verify::tolerance(&model.network);
            let difference = onnx::difference(out, model, is_raw)?;
            return proven(arguments, difference, tolerance);
        }
    };
    let (test, preprocessing) = (model.self_test.as_ref(), model.preprocessing.as_ref());
    let samples = verify::samples(&model.network, test, preprocessing)?;
    proven(arguments, verify::difference(written, out, &model.network, &samples)?, 1e-5)
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

fn architecture(output: &Output, config: &Config, spec: &Spec) -> Result<Vec<u8>> {
    let mut model = config.model.clone();
    model.input_shape = Some(spec.model.input.dims().to_vec());
    Ok(output.format()?.write(&json!({ "model": model }))?.into_bytes())
}

/// What an importer must know: the order of the features behind a flattened image.
fn weights_metadata(flatten: &str) -> serde_json::Value {
    use lanthorn::artifact::{FORMAT_MAJOR, FORMAT_MINOR};
    let format = json!({ "kind": "weights", "major": FORMAT_MAJOR, "minor": FORMAT_MINOR });
    json!({ "format": format, "flatten": flatten })
}

/// The state dict and model.py in a folder.
fn torch_folder(arguments: &ExportArguments, common: &Common) -> Result<()> {
    let out = &arguments.out;
    if out == Path::new("-") || out.exists() && !out.is_dir() {
        let what = if out.is_file() { "is a file" } else { "is none" };
        let message = format!("PyTorch's files go into a folder, but {} {what}", out.display());
        return Err(Error::run(message).with_help("name a folder: `-o DIR`").into());
    }
    let file = model_path(&arguments.model)?;
    let inputs = [(&*file, "the model that is exported")];
    let model = Model::load(&arguments.model, &Device::Cpu)?;
    let portable = Portable::of(&model, None)?;
    let weights = weights_file::to_file(model.network.weights())?;
    let files = torch::write(&portable, weights)?;
    fs_err::create_dir_all(out)?;
    let state = Output::at(&out.join(MODEL), Kind::Weights, &inputs)?;
    let code = Output::at(&out.join("model.py"), Kind::Text, &inputs)?;
    let tensors = typed(files.state, arguments.dtype)?;
    state.write(&to_safetensors(&tensors, Some(&weights_metadata("channels_first")))?)?;
    code.write(files.code.as_bytes())?;
    let difference = match arguments.verify {
        true => read_back(arguments, model)?,
        false => None,
    };
    tell(arguments, common, None, difference)
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

/// The bytes of the one file that is written.
fn bytes(arguments: &ExportArguments, output: &Output, model: &Model) -> Result<Vec<u8>> {
    if arguments.to == To::Config {
        return architecture(output, &model.config, &model.spec);
    }
    if arguments.to == To::Weights {
        let tensors = weights_file::to_file(model.network.weights())?;
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
            if arguments.with_preprocessing && portable.preprocessing.is_none() {
                let message = "`--with-preprocessing`: the model has no preprocessing";
                let help = "leave the flag out: the network alone is written";
                return Err(Error::run(message).with_help(help).into());
            }
            onnx::write(&portable, !arguments.without_preprocessing)?
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
