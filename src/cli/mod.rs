//! The command line: one file a verb. Only `view` prints.

mod check;
mod convert;
mod evaluate;
mod export;
mod import;
mod inspect;
mod output;
mod predict;
mod schema;
mod signals;
mod summary;
mod train;
pub(crate) mod usage;
pub(crate) mod view;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use candle_core::Device;
use clap::{Args, Parser, Subcommand};
use lanthorn::Error;
use lanthorn::model::Model;
use lanthorn::runtime::threads;
use lanthorn::training::Plan;

/// Keras-style Sequential models, declared in one YAML or TOML file, trained on candle
#[derive(Parser)]
#[command(name = "lanthorn", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

impl Arguments {
    /// True with `--json`.
    pub(crate) fn wants_json(&self) -> bool {
        self.common.json
    }
}

/// What every verb takes.
#[derive(Args)]
pub(crate) struct Common {
    /// Device to compute on: cpu, cuda, cuda:1, metal
    #[arg(long, global = true, default_value = "cpu", value_name = "DEVICE")]
    device: String,
    /// Number of threads; it does not change the results [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Accept models and checkpoints even if their checksum says that they were changed
    #[arg(long, global = true)]
    no_verify: bool,
    /// Print JSON on stdout: one event per line for train, one document for other commands
    #[arg(long, global = true)]
    json: bool,
    /// Print results only, no progress
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Print more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Train the model of a configuration, or resume a run
    Train(train::TrainArguments),
    /// Read a configuration and its data, check everything, and show the first rows
    Check(check::CheckArguments),
    /// Show the layers, shapes and parameters of a configuration or a model
    Summary(summary::SummaryArguments),
    /// Compute the loss and the metrics of a model on a table
    Evaluate(evaluate::EvaluateArguments),
    /// Predict each row of a table, as CSV
    Predict(predict::PredictArguments),
    /// Write a model, its architecture or its weights for Keras, PyTorch, candle or ONNX
    Export(export::ExportArguments),
    /// Make a model from a file of Keras, PyTorch or candle
    Import(import::ImportArguments),
    /// Convert Keras code, Keras JSON or a configuration to a configuration
    Convert(convert::ConvertArguments),
    /// Show the tensors and metadata of any safetensors file
    Inspect(inspect::InspectArguments),
    /// Print the JSON Schema of configurations, for editors
    Schema(schema::SchemaArguments),
    /// Print a completion script for a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

/// Runs a verb; its exit code where it ended by a signal, success otherwise.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { verb, common } = arguments;
    signals::survive_file_size_limit();
    let count = common.threads.map_or_else(threads::default_count, usize::from);
    // SAFETY: `main` comes here first; no other thread runs yet.
    #[allow(unsafe_code)]
    unsafe {
        threads::tell_candle(count);
    }
    if let Some(problem) = threads::start(count) {
        view::warning(&problem);
    }
    threads::within(|| dispatch(verb, &common))
}

fn dispatch(verb: Verb, common: &Common) -> Result<ExitCode> {
    match verb {
        Verb::Train(own) => return train::run(&own, common),
        Verb::Check(own) => check::run(&own, common)?,
        Verb::Summary(own) => summary::run(&own, common)?,
        Verb::Evaluate(own) => evaluate::run(&own, common)?,
        Verb::Predict(own) => predict::run(&own, common)?,
        Verb::Export(own) => export::run(&own, common)?,
        Verb::Import(own) => import::run(&own, common)?,
        Verb::Convert(own) => convert::run(&own, common)?,
        Verb::Inspect(own) => inspect::run(&own, common)?,
        Verb::Schema(own) => schema::run(&own)?,
        Verb::Completions { shell } => {
            use clap::CommandFactory;
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "lanthorn", &mut script);
            view::result(&String::from_utf8_lossy(&script))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The tables that a plan has read.
fn tables_of(plan: &Plan) -> Vec<PathBuf> {
    let Some(data) = &plan.config.data else { return Vec::new() };
    let named = [Some(&data.train), data.validation.as_ref(), data.test.as_ref()];
    named.into_iter().flatten().map(|path| plan.folder.join(path)).collect()
}

/// A configuration file with overrides, as several verbs take it.
#[derive(Args)]
pub(crate) struct ConfigFile {
    /// The configuration: .yaml, .toml or .json
    #[arg(value_name = "CONFIG")]
    path: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
}

/// `--set` overrides.
#[derive(Args)]
pub(crate) struct Overrides {
    /// Override a key, such as `fit.epochs=60` or `model.layers[0].dense.units=16`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Common {
    /// The device that `--device` names.
    fn device(&self) -> Result<Device> {
        let (kind, index) = match self.device.split_once(':') {
            Some((kind, index)) => (kind, index.parse::<usize>().ok()),
            None => (self.device.as_str(), Some(0)),
        };
        let Some(index) = index else { return Err(unknown_device(&self.device)) };
        match kind {
            "cpu" if self.device == "cpu" => Ok(Device::Cpu),
            "cuda" if !candle_core::utils::cuda_is_available() => Err(missing_device("cuda")),
            "metal" if !candle_core::utils::metal_is_available() => Err(missing_device("metal")),
            "cuda" => Device::new_cuda(index).map_err(|error| no_device(&self.device, &error)),
            "metal" => Device::new_metal(index).map_err(|error| no_device(&self.device, &error)),
            _ => Err(unknown_device(&self.device)),
        }
    }
}

/// The model of a verb that uses one, with a warning where a newer one is to be had.
fn load_model(path: &Path, device: &Device, common: &Common) -> Result<Model> {
    let model = match common.no_verify {
        false => Model::load(path, device)?,
        true => Model::load_unverified(path, device)?,
    };
    if let Some(warning) = lanthorn::training::standing(path, &model) {
        view::warning(&warning);
    }
    Ok(model)
}

fn unknown_device(found: &str) -> anyhow::Error {
    Error::run(format!("unknown device `{found}`"))
        .with_help("valid devices: `cpu`, `cuda`, `cuda:N`, `metal`")
        .into()
}

fn missing_device(kind: &str) -> anyhow::Error {
    Error::run(format!("this build has no {kind} support"))
        .with_help(format!(
            "build with `cargo build --release --features {kind}`, or use `--device cpu`"
        ))
        .into()
}

fn no_device(name: &str, error: &candle_core::Error) -> anyhow::Error {
    Error::run(format!("device `{name}` can't be used: {error}"))
        .with_help("look which devices the machine has, or use `--device cpu`")
        .into()
}
