//! The command line: one file a verb. Only `view` prints.

mod check;
mod command;
mod common;
mod convert;
mod data;
mod device;
mod diff;
mod evaluate;
mod examples;
mod explain;
mod export;
mod find_lr;
mod folds;
mod import;
mod init;
mod inspect;
mod one_run;
mod output;
mod places;
mod predict;
mod report;
mod require;
mod runs;
mod runs_rm;
mod runs_tag;
mod schema;
mod signals;
mod summary;
mod thresholds;
mod train;
pub(crate) mod usage;
pub(crate) mod view;
mod watch;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Command, CommandFactory, Parser, Subcommand};
use lanthorn::runtime::threads;

use common::CommonArguments;

/// Keras-style Sequential models, declared in one YAML or TOML file, trained on candle
#[derive(Parser)]
#[command(name = "lanthorn", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: CommonArguments,
}

impl Arguments {
    /// True with `--json`, or with `--format json`.
    pub(crate) fn wants_json(&self) -> bool {
        self.common.json || matches!(&self.verb, Verb::Check(own) if own.wants_json())
    }

    /// Whether a table is gone through in little memory, a piece after the other.
    pub(crate) fn is_of_a_stream(&self) -> bool {
        matches!(self.verb, Verb::Predict(_))
    }
}

#[derive(Subcommand)]
enum Verb {
    /// Train the model of a configuration, or resume a run
    Train(train::TrainArguments),
    /// Write a first configuration for a table, with the reason for each choice
    Init(init::InitArguments),
    /// Try increasing learning rates, plot the loss, and suggest one
    #[command(name = "find-lr")]
    FindLr(find_lr::FindLrArguments),
    /// Read a configuration and its data, check everything, and show the first rows
    Check(check::CheckArguments),
    /// Describe the columns and show the numbers that the model sees, or write them to a file
    Data(data::DataArguments),
    /// Show the layers, shapes and parameters of a configuration or a model
    Summary(summary::SummaryArguments),
    /// Compute the loss and the metrics of a model on a table
    Evaluate(evaluate::EvaluateArguments),
    /// Write a report of a run as a web page: curves, scores, thresholds, important features, worst
    /// errors
    Report(report::ReportArguments),
    /// Predict each row of a table and print CSV
    Predict(predict::PredictArguments),
    /// Write a model, its architecture or its weights for Keras, PyTorch, candle or ONNX
    Export(export::ExportArguments),
    /// Make a model from a Keras, PyTorch or candle file
    Import(import::ImportArguments),
    /// Convert Keras code or Keras JSON to a configuration, or a configuration to another format
    Convert(convert::ConvertArguments),
    /// Show the tensors and metadata of any safetensors file
    Inspect(inspect::InspectArguments),
    /// Follow the training of a run from another terminal
    Watch(watch::WatchArguments),
    /// List the runs in a folder with their metrics, the best first; or remove some
    Runs(runs::RunsArguments),
    /// Compare two runs or models: where their configurations and metrics differ
    Diff(diff::DiffArguments),
    /// Explain a name, a key of the configuration or the code of an error
    Explain(explain::ExplainArguments),
    /// Print the JSON Schema of configurations, for editors
    Schema(schema::SchemaArguments),
    /// Print a completion script for a shell
    Completions(command::CompletionsArguments),
    /// Print a manual page, or write all of them into a folder
    Man(command::ManArguments),
}

/// The commands, as they are parsed and as `--help` shows them.
pub(crate) fn command() -> Command {
    command::with_examples(Arguments::command())
}

/// Runs a verb; its exit code where it ended by a signal, success otherwise.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { verb, common } = arguments;
    let started = Instant::now();
    view::set_loudness(common.quiet, common.verbose);
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
    let done = threads::within(|| dispatch(verb, &common));
    view::detail(&spent(started.elapsed(), count, &common.device));
    done
}

/// What the call has taken, for `-v`.
fn spent(time: Duration, threads: usize, device: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let memory =
        peak.map_or(String::new(), |kib| format!(", {} MiB of memory", kib.div_ceil(1024)));
    let threads = if threads == 1 { "1 thread".to_string() } else { format!("{threads} threads") };
    format!("took {:.2} s on {device}, {threads}{memory}", time.as_secs_f64())
}

fn dispatch(verb: Verb, common: &CommonArguments) -> Result<ExitCode> {
    match verb {
        Verb::Train(own) => return train::run(&own, common),
        Verb::Init(own) => init::run(&own, common)?,
        Verb::FindLr(own) => find_lr::run(&own, common)?,
        Verb::Check(own) => return check::run(&own, common),
        Verb::Data(own) => data::run(&own, common)?,
        Verb::Summary(own) => summary::run(&own, common)?,
        Verb::Evaluate(own) => return evaluate::run(&own, common),
        Verb::Report(own) => report::run(&own, common)?,
        Verb::Predict(own) => predict::run(&own, common)?,
        Verb::Export(own) => export::run(&own, common)?,
        Verb::Import(own) => import::run(&own, common)?,
        Verb::Convert(own) => convert::run(&own, common)?,
        Verb::Inspect(own) => inspect::run(&own, common)?,
        Verb::Watch(own) => return watch::run(&own, common),
        Verb::Runs(own) => runs::run(&own, common)?,
        Verb::Diff(own) => diff::run(&own, common)?,
        Verb::Explain(own) => explain::run(&own)?,
        Verb::Schema(own) => schema::run(&own)?,
        Verb::Completions(own) => command::completions(&own, self::command())?,
        Verb::Man(own) => command::man(&own, self::command())?,
    }
    Ok(ExitCode::SUCCESS)
}
