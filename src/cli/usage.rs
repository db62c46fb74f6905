//! The command line read; where it can't be, what to type.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use lanthorn::config::Format;
use serde_json::json;

use super::{Arguments, command, view};

/// The arguments; or, where they can't be read (or help was asked for), the exit code, after what
/// clap has to say and a line on what to type.
pub(crate) fn read() -> Result<Arguments, ExitCode> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let matches = command().try_get_matches_from(&typed);
    let arguments = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    arguments.map_err(|mut error| {
        let tip = tip(&error, &typed);
        if error.kind() == ErrorKind::UnknownArgument {
            error.remove(ContextKind::Suggested); // "as a value": no value of ours begins with `-`
        }
        let is_error = error.use_stderr();
        if is_error && typed.iter().any(|argument| argument == "--json") {
            // a reader of stdout that has gone away still gets the exit code
            let message = error.kind().to_string();
            let text = error.to_string();
            let message = text
                .lines()
                .next()
                .map_or(message.as_str(), |line| line.strip_prefix("error: ").unwrap_or(line));
            let _ = view::json(&json!({
                "event": "error", "code": null, "kind": "usage", "message": message,
                "help": tip.as_deref().unwrap_or_default(), "place": null,
            }));
        }
        let printed = error.print();
        if let Some(tip) = tip {
            view::answer(&format!("\n  help: {tip}"));
        }
        match printed {
            _ if is_error => ExitCode::from(2),
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                view::error(&anyhow::anyhow!("can't write to stdout: {error}"), false)
            }
            _ => ExitCode::SUCCESS,
        }
    })
}

/// What was meant, where that can be told.
fn tip(error: &clap::Error, typed: &[OsString]) -> Option<String> {
    let found = |kind: ContextKind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = found(ContextKind::InvalidSubcommand)?;
            let path = Path::new(&word);
            match (Format::of(path), path.join(lanthorn::model::MODEL).is_file()) {
                (Ok(_), _) => Some(format!(
                    "`lanthorn train {word}` trains it, `lanthorn check {word}` checks it"
                )),
                (_, true) => Some(format!("`lanthorn summary {word}` shows the run's model")),
                _ => verb(&word),
            }
        }
        ErrorKind::UnknownArgument => {
            let word = found(ContextKind::InvalidArg)?;
            let texts: Vec<_> = typed.iter().map(|argument| argument.to_string_lossy()).collect();
            let place = texts.iter().position(|text| text.split('=').next() == Some(&word));
            let given = place.and_then(|place| match texts[place].split_once('=') {
                Some((_, value)) => Some(value.to_string()),
                None => texts.get(place + 1).map(std::string::ToString::to_string),
            });
            let value =
                given.filter(|value| !value.starts_with('-')).unwrap_or_else(|| "VALUE".into());
            if ["-o", "--out", "--output"].contains(&word.as_str()) {
                return Some("the result goes to stdout: write `… > FILE`".to_string());
            }
            if word == "--config" {
                return Some(format!("the configuration is named alone: `lanthorn train {value}`"));
            }
            if let Some((name, value)) = word.split_once('=').filter(|_| !word.starts_with('-')) {
                let key = if name.contains('.') { Some(name) } else { key(name) };
                return key.map(|key| format!("did you mean `--set {key}={value}`?"));
            }
            let set = |key| format!("keys of the configuration are set by `--set {key}={value}`");
            key(&word).map(set).or_else(|| flag(&word))
        }
        ErrorKind::MissingRequiredArgument => {
            let verb =
                typed.iter().skip(1).find(|word| !word.to_string_lossy().starts_with('-'))?;
            ["train", "check", "find-lr", "data", "summary"]
                .contains(&&*verb.to_string_lossy())
                .then(|| "`lanthorn init TABLE --target COLUMN` writes a configuration".to_string())
        }
        ErrorKind::ArgumentConflict if typed.iter().any(|argument| argument == "--resume") => {
            let tip = "a run knows its configuration: `lanthorn train --resume RUN`";
            Some(format!("{tip}; changes of it are given by `--set`"))
        }
        _ => None,
    }
}

/// Our verb for another tool's.
fn verb(word: &str) -> Option<String> {
    let known = [
        ("fit", "train"),
        ("run", "train"),
        ("resume", "train --resume RUN"),
        ("test", "evaluate"),
        ("eval", "evaluate"),
        ("score", "evaluate"),
        ("infer", "predict"),
        ("inference", "predict"),
        ("validate", "check"),
        ("lint", "check"),
        ("show", "summary"),
        ("info", "inspect"),
        ("load", "import"),
        ("save", "export"),
        ("new", "init"),
        ("create", "init"),
        ("generate", "init"),
        ("rm", "runs rm RUN"),
        ("remove", "runs rm RUN"),
        ("delete", "runs rm RUN"),
    ];
    let (_, ours) = known.iter().find(|(other, _)| *other == word)?;
    let verb = ours.split(' ').next().unwrap_or(ours);
    command().find_subcommand(verb).map(|_| format!("`lanthorn {ours}`"))
}

/// Our flag, or what to do, for another tool's flag that sets no key.
fn flag(flag: &str) -> Option<String> {
    let told = match flag.trim_start_matches('-').replace('_', "-").as_str() {
        "gpu" | "gpus" | "cuda" | "use-gpu" => "write `--device cuda`",
        "workers" | "num-workers" | "jobs" | "j" | "n-jobs" => "write `--threads N`",
        "output-dir" | "out-dir" | "save-dir" | "model-dir" | "log-dir" | "run-dir" => {
            "write `--out DIR`"
        }
        "load" | "checkpoint" | "resume-from" | "from-checkpoint" => "write `--resume RUN`",
        "pretrained" | "weights" | "load-weights" => "write `--init-weights FILE`",
        "dry-run" => "`lanthorn check CONFIG` checks everything and trains nothing",
        "silent" => "write `--quiet`",
        "max-time" | "time-limit" | "timeout" => "write `--budget 5m`",
        "tui" | "live" | "dashboard" => "write `--watch`",
        "patience" | "early-stopping" => {
            "it is a callback: `fit: {callbacks: [early_stopping: {patience: 5}]}`"
        }
        "target" | "label" | "y" => "the configuration names it: `data: {target: COLUMN}`",
        "test" | "val" | "validation" | "test-data" | "val-data" => {
            "the configuration names it: `data: {validation: TABLE, test: TABLE}`"
        }
        _ => return None,
    };
    Some(told.to_string())
}

/// The configuration's key that a flag of another tool's sets.
fn key(flag: &str) -> Option<&'static str> {
    Some(match flag.trim_start_matches('-').replace('_', "-").as_str() {
        "lr" | "learning-rate" => "compile.optimizer.adam.learning_rate",
        "epochs" | "epoch" | "num-epochs" | "max-epochs" | "n-epochs" | "nb-epoch" => "fit.epochs",
        "batch-size" | "batch" | "bs" => "fit.batch_size",
        "seed" | "random-state" | "random-seed" => "seed",
        "optimizer" | "optim" | "solver" => "compile.optimizer",
        "loss" | "criterion" | "objective" => "compile.loss",
        "validation-split" | "val-split" | "test-size" | "val-size" => "fit.validation_split",
        "shuffle" => "fit.shuffle",
        "train" | "data" | "train-data" => "data.train",
        "name" => "name",
        _ => return None,
    })
}
