//! `lanthorn runs`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::config::names::did_you_mean;
use lanthorn::training::{RunSummary, runs_in, sort_runs};
use serde_json::json;

use super::common::CommonArguments;
use super::view::{self, table};

#[derive(Args)]
pub(crate) struct RunsArguments {
    /// The folder that holds the runs
    #[arg(value_name = "DIR", default_value = "runs")]
    folder: PathBuf,
    /// Loss or metric to sort by, the best first [default: val_loss where there is one, else loss]
    #[arg(long, value_name = "METRIC")]
    sort: Option<String>,
    /// Print a CSV file with all metrics
    #[arg(long)]
    csv: bool,
}

pub(crate) fn run(arguments: &RunsArguments, common: &CommonArguments) -> Result<()> {
    let mut runs = runs_in(&arguments.folder)?;
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
    let names: Vec<String> = names.map(str::to_string).collect();
    if arguments.csv {
        let rows = runs.iter().map(|run| row(run, &order, |value| value.to_string()));
        return view::result(&csv_of(&names, rows)?);
    }
    let rows: Vec<Vec<String>> =
        runs.iter().map(|run| row(run, &order, view::keras_number)).collect();
    view::result(&table::plain(&names, &rows))
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
    let help = match did_you_mean(metric, &keys) {
        Some(near) => format!("did you mean `{near}`? the runs have {}", keys.join(", ")),
        None => format!("the runs have {}", keys.join(", ")),
    };
    Error::run(format!("no run has the metric `{metric}`")).with_help(help)
}
