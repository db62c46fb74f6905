//! `lanthorn export`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::{DType, Device};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::exchange::formats::{
    Container, EXPORT_FORMATS, ExportFormat, ExportOption, ExportOptions, Exported,
};
use lanthorn::model::{Model, Network, Training, model_path};
use lanthorn::runtime::{Local, create_folders};
use lanthorn::sections::Config;
use lanthorn::training::{Plan, Spec};
use serde_json::json;

use super::common::{CommonArguments, load_model, tables_of};
use super::output::{OutputFile, OutputKind};
use super::summary::is_model;
use super::view;

#[derive(Args)]
pub(crate) struct ExportArguments {
    /// A run folder or a model file; for the architecture alone, also a configuration
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The format to write
    #[arg(long, value_name = "WHAT", value_parser = formats())]
    to: &'static dyn ExportFormat,
    /// The file to write: .yaml, .toml or .json for the architecture, .safetensors for weights; `-`
    /// for stdout
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// For weights: the data type of the tensors in the file
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// For ONNX: include the preprocessing, so that the graph takes raw columns and returns classes;
    /// the default for a model trained on a table
    #[arg(long, conflicts_with = "without_preprocessing")]
    with_preprocessing: bool,
    /// For ONNX: write the network alone, without the preprocessing
    #[arg(long)]
    without_preprocessing: bool,
    /// Read the written file back and compare its outputs with the model's
    #[arg(long)]
    verify: bool,
}

/// The formats by their names, each with its help.
fn formats() -> impl TypedValueParser<Value = &'static dyn ExportFormat> {
    let value = |format: &&dyn ExportFormat| PossibleValue::new(format.name()).help(format.about());
    let find = |name: String| EXPORT_FORMATS.iter().copied().find(|format| format.name() == name);
    PossibleValuesParser::new(EXPORT_FORMATS.iter().map(value))
        .try_map(move |name| find(name).ok_or("it is not in the list"))
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dtype {
    F32,
    F16,
    Bf16,
}

pub(crate) fn run(arguments: &ExportArguments, common: &CommonArguments) -> Result<()> {
    for (is_given, flag, option) in [
        (arguments.dtype != Dtype::F32, "--dtype", ExportOption::Dtype),
        (arguments.with_preprocessing, "--with-preprocessing", ExportOption::Preprocessing),
        (arguments.without_preprocessing, "--without-preprocessing", ExportOption::Preprocessing),
    ] {
        if is_given && !arguments.to.options().contains(&option) {
            let takes = EXPORT_FORMATS.iter().filter(|format| format.options().contains(&option));
            let takes: Vec<String> = takes.map(|to| format!("`--to {}`", to.name())).collect();
            let message = format!("`{flag}` goes with {} only", takes.join(" and "));
            return Err(Error::run(message).into());
        }
    }
    match (arguments.to.container(), arguments.to.architecture(), is_model(&arguments.model)) {
        (Container::Folder, ..) => folder(arguments, common),
        (_, Some(write), false) => of_configuration(arguments, common, write),
        _ => of_model(arguments, common),
    }
}

fn options(arguments: &ExportArguments, common: &CommonArguments) -> ExportOptions {
    let dtype = match arguments.dtype {
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::Bf16 => DType::BF16,
    };
    let is_told = arguments.with_preprocessing || arguments.without_preprocessing;
    let preprocessing = is_told.then_some(arguments.with_preprocessing);
    let run = arguments.model.is_dir().then(|| arguments.model.clone());
    ExportOptions { dtype, preprocessing, run, verify_run: !common.no_verify }
}

/// Prints what was written.
fn tell(
    arguments: &ExportArguments,
    common: &CommonArguments,
    output: Option<&OutputFile>,
    difference: Option<f32>,
) -> Result<()> {
    let mut text = if common.json {
        format!("{}\n", json!({ "written": arguments.out, "largest_difference": difference }))
    } else {
        format!("wrote {}\n", arguments.out.display())
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
fn output(arguments: &ExportArguments, inputs: &[(&Path, &str)]) -> Result<OutputFile> {
    let kind = match arguments.to.container() {
        Container::Text => OutputKind::Config,
        Container::Binary | Container::Folder => OutputKind::Weights,
    };
    let output = OutputFile::at(&arguments.out, kind, inputs)?;
    if output.is_file() {
        wants_ending(arguments)?;
    } else if arguments.verify {
        let message =
            format!("`--verify` reads the file back, which {} can't be", arguments.out.display());
        return Err(Error::run(message).with_help("name a file, or leave `--verify` out").into());
    }
    Ok(output)
}

/// The architecture of a configuration, whose weights are not trained.
fn of_configuration(
    arguments: &ExportArguments,
    common: &CommonArguments,
    write: fn(&Config, &Spec) -> Exported,
) -> Result<()> {
    let plan = Plan::open(&arguments.model, &[])?;
    let tables = tables_of(&plan);
    let mut inputs = vec![(arguments.model.as_path(), "the configuration that is read")];
    inputs.extend(tables.iter().map(|path| (path.as_path(), "a table of the configuration")));
    let output = output(arguments, &inputs)?;
    write_to(&output, &write(&plan.config, &plan.spec))?;
    let mut difference = None;
    if arguments.verify {
        let Plan { config, spec, .. } = plan;
        let network = Network::build(&spec.model, spec.seed, &Device::Cpu)?;
        let training = Training::default();
        let (preprocessing, self_test, decisions) = (None, None, None);
        let model = Model { config, preprocessing, training, self_test, decisions, network, spec };
        difference = Some(read_back(arguments, common, model)?);
    }
    tell(arguments, common, Some(&output), difference)
}

fn of_model(arguments: &ExportArguments, common: &CommonArguments) -> Result<()> {
    let file = model_path(&arguments.model)?;
    let output = output(arguments, &[(&file, "the model that is exported")])?;
    let model = load_model(&arguments.model, &Device::Cpu, common)?;
    write_to(&output, &arguments.to.write(&model, &options(arguments, common))?)?;
    let difference = arguments.verify.then(|| read_back(arguments, common, model)).transpose()?;
    tell(arguments, common, Some(&output), difference)
}

/// A model that takes several files.
fn folder(arguments: &ExportArguments, common: &CommonArguments) -> Result<()> {
    let out = &arguments.out;
    if out == Path::new("-") || out.exists() && !out.is_dir() {
        let what = if out.is_file() { "is a file" } else { "is none" };
        let to = arguments.to.name();
        let message = format!("`--to {to}` writes a folder, but {} {what}", out.display());
        return Err(Error::run(message).with_help("name a folder: `-o DIR`").into());
    }
    let file = model_path(&arguments.model)?;
    let inputs = [(&*file, "the model that is exported")];
    let model = load_model(&arguments.model, &Device::Cpu, common)?;
    let Exported::Files(files) = arguments.to.write(&model, &options(arguments, common))? else {
        return Err(Error::Internal(format!("`{}` wrote no files", arguments.to.name())).into());
    };
    create_folders(&Local, out)?;
    let output = |(name, bytes): (&str, Vec<u8>)| {
        Ok((OutputFile::at(&out.join(name), OutputKind::Weights, &inputs)?, bytes))
    };
    let outputs = files.into_iter().map(output).collect::<Result<Vec<_>>>()?;
    outputs.iter().try_for_each(|(output, bytes)| output.write(bytes))?;
    let difference = arguments.verify.then(|| read_back(arguments, common, model)).transpose()?;
    tell(arguments, common, None, difference)
}

fn write_to(output: &OutputFile, exported: &Exported) -> Result<()> {
    match exported {
        Exported::Config(config) => output.write(output.format()?.write(config)?.as_bytes()),
        Exported::Bytes(bytes) => output.write(bytes),
        Exported::Files(_) => Err(Error::Internal("several files for one".into()).into()),
    }
}

/// Reads the written file back; an error where it gives other numbers.
fn read_back(arguments: &ExportArguments, common: &CommonArguments, model: Model) -> Result<f32> {
    let is_whole = arguments.dtype == Dtype::F32;
    let tolerance = if is_whole { arguments.to.tolerance(&model.network) } else { 0.1 };
    let difference = arguments.to.difference(&arguments.out, model, &options(arguments, common))?;
    if difference <= tolerance {
        return Ok(difference);
    }
    let message = format!(
        "{} gives other numbers: they differ by {difference:e} of the largest, over {tolerance:e}",
        arguments.out.display()
    );
    let help = if is_whole {
        "don't use the file; `lanthorn predict` gives the model's own numbers"
    } else {
        "leave `--dtype` out: f32 keeps every bit"
    };
    Err(Error::run(message).with_help(help).into())
}

/// What the tools that read such a file want its name to end with.
fn wants_ending(arguments: &ExportArguments) -> Result<()> {
    let path = &arguments.out;
    let Some((ending, why)) = arguments.to.ending() else { return Ok(()) };
    if path.to_string_lossy().ends_with(ending) {
        return Ok(());
    }
    let message = format!("{why}, but the file is {}", path.display());
    Err(Error::run(message).with_help(format!("name it `…{ending}`")).into())
}
