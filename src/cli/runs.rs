//! `lanthorn runs`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use lanthorn::Error;
use lanthorn::config::Document;
use lanthorn::config::names::suggestion;
use lanthorn::runs::{CONFIG, RunFilter, RunSummary, runs_in, sort_runs};
use lanthorn::sections::Config;
use serde_json::{Value, json};

use super::common::CommonArguments;
use super::runs_rm::{self, RemoveArguments};
use super::runs_tag::{self, TagArguments};
use super::view::{self, table};

/// The column of the tags: after the state of the run.
const TAGS_AT: usize = 4;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunsArguments {
    #[command(subcommand)]
    action: Option<RunsAction>,
    /// The folder that holds the runs
    #[arg(value_name = "DIR", default_value = "runs")]
    folder: PathBuf,
    /// Loss or metric to sort by, the best first [default: val_loss if there is one, else loss]
    #[arg(long, value_name = "METRIC")]
    sort: Option<String>,
    /// List only runs that meet this, such as `val_loss<0.3`, `tag=baseline` or `fit.batch_size=32`;
    /// can be repeated
    #[arg(long, value_name = "CONDITION")]
    filter: Vec<RunFilter>,
    /// Print a CSV file with all metrics
    #[arg(long)]
    csv: bool,
}

/// What is done with runs, other than listing them.
#[derive(Subcommand)]
enum RunsAction {
    /// Show the tags and the note of a run, or change them
    Tag(TagArguments),
    /// Remove runs, after asking for confirmation
    Rm(RemoveArguments),
}

pub(crate) fn run(arguments: &RunsArguments, common: &CommonArguments) -> Result<()> {
    match &arguments.action {
        Some(RunsAction::Tag(own)) => runs_tag::run(own, common),
        Some(RunsAction::Rm(own)) => runs_rm::run(own, common),
        None => list(arguments, common),
    }
}

fn list(arguments: &RunsArguments, common: &CommonArguments) -> Result<()> {
    let mut runs = runs_in(&arguments.folder)?;
    filter(&mut runs, &arguments.filter)?;
    let keys: BTreeSet<String> =
        runs.iter().flat_map(|run| run.metrics.iter().map(|(key, _)| key.to_string())).collect();
    let sort = match &arguments.sort {
        Some(metric) if !runs.is_empty() && !keys.contains(metric) => {
            return Err(unknown(metric, &keys).into());
        }
        Some(metric) => metric.as_str(),
        None if keys.contains("val_loss") => "val_loss",
        None => "loss",
    };
    sort_runs(&mut runs, sort);
    if common.json {
        return view::json(&json!(runs));
    }
    if runs.is_empty() {
        return view::result(&format!("no runs in {}\n", arguments.folder.display()));
    }
    let mut order: Vec<&str> = keys.iter().map(String::as_str).collect();
    order.sort_by_key(|key| (*key != sort, !key.starts_with("val_")));
    let names = ["run", "state", "epochs", "best"].into_iter().chain(order.iter().copied());
    let mut names: Vec<String> = names.map(str::to_string).collect();
    if arguments.csv {
        names.extend(["tags", "note"].map(str::to_string));
        let rows = runs.iter().map(|run| {
            let note = run.notes.note.clone().unwrap_or_default();
            let mut cells = row(run, &order, |value| value.to_string());
            cells.extend([run.notes.tags.join(","), note]);
            cells
        });
        return view::result(&csv_of(&names, rows)?);
    }
    let mut rows: Vec<Vec<String>> =
        runs.iter().map(|run| row(run, &order, view::keras_number)).collect();
    if runs.iter().any(|run| !run.notes.tags.is_empty()) {
        names.insert(TAGS_AT, "tags".to_string());
        let tagged = rows.iter_mut().zip(&runs);
        tagged.for_each(|(row, run)| row.insert(TAGS_AT, run.notes.tags.join(",")));
    }
    view::result(&table::plain(&names, &rows))
}

/// Leaves the runs that meet every condition; an error where no run knows a key.
fn filter(runs: &mut Vec<RunSummary>, filters: &[RunFilter]) -> Result<()> {
    if filters.is_empty() || runs.is_empty() {
        return Ok(());
    }
    let config = |run: &RunSummary| -> Value {
        let document = Document::open(&run.run.join(CONFIG));
        let config = document.and_then(|document| document.config::<Config>());
        config.map(|config| json!(config)).unwrap_or_default()
    };
    let configs: Vec<Value> = runs.iter().map(config).collect();
    for filter in filters {
        let mut all = runs.iter().zip(&configs);
        if !all.any(|(run, config)| filter.meets(run, config).is_some()) {
            let message = format!("no run has the key `{}`", filter.key);
            let help = "filter by a metric, `run`, `state`, `epochs`, `tag`, or a key of the \
                        configuration, such as `fit.batch_size`";
            return Err(Error::run(message).with_help(help).into());
        }
    }
    let meets_all = |(run, config): (&RunSummary, &Value)| {
        filters.iter().all(|filter| filter.meets(run, config) == Some(true))
    };
    let mut kept = runs.iter().zip(&configs).map(meets_all).collect::<Vec<_>>().into_iter();
    runs.retain(|_| kept.next().unwrap_or(false));
    Ok(())
}

/// The cells of a run.
fn row(run: &RunSummary, keys: &[&str], number: impl Fn(f64) -> String) -> Vec<String> {
    let name = run.run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let best = run.best_epoch.map_or_else(String::new, |epoch| epoch.to_string());
    let mut row = vec![name, run.state.name().to_string(), run.epochs.to_string(), best];
    row.extend(keys.iter().map(|key| run.metrics.get(key).map_or_else(String::new, &number)));
    row
}

fn csv_of(names: &[String], rows: impl Iterator<Item = Vec<String>>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn unknown(metric: &str, keys: &BTreeSet<String>) -> Error {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let help = suggestion(metric, &keys, &format!("the runs have {}", keys.join(", ")));
    Error::run(format!("no run has the metric `{metric}`")).with_help(help)
}
