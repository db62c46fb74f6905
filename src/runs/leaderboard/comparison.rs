//! Runs: what the folders of runs hold, read from the headers of their files alone.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::run_notes::RunNotes;
use crate::disk::files::TensorFile;
use crate::error::{Error, Result};
use crate::history::folds::{CV, fold_folder};
use crate::history::logs::Logs;
use crate::history::{HISTORY, History};
use crate::metrics::more_is_better;
use crate::model::artifact::{MODEL, Training};
use crate::sections::run_config::CONFIG;
use crate::trainer::checkpoint::CHECKPOINT;

/// What a run has come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its folder.
    pub run: PathBuf,
    /// Epochs that were trained.
    pub epochs: usize,
    /// The epoch (from 1) whose weights the model has, where they are not the last one's.
    pub best_epoch: Option<usize>,
    /// How it stands.
    pub state: RunState,
    /// The loss and the metrics of its model, by their names.
    pub metrics: Logs,
    /// Its tags and its note.
    #[serde(flatten)]
    pub notes: RunNotes,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Its training has ended.
    Finished,
    /// A callback stopped it before its last epoch.
    Stopped,
    /// It was interrupted, and its model is of that moment.
    Interrupted,
    /// It has a checkpoint and no model: it is training, or was killed.
    Unfinished,
    /// All folds of a cross-validation are trained; the metrics are their means.
    CrossValidated,
}

impl RunState {
    /// `finished`, as it is shown.
    pub fn name(self) -> &'static str {
        match self {
            RunState::Finished => "finished",
            RunState::Stopped => "stopped early",
            RunState::Interrupted => "interrupted",
            RunState::Unfinished => "unfinished",
            RunState::CrossValidated => "cross-validated",
        }
    }
}

/// The runs in a folder, by their names.
pub fn runs_in(folder: &Path) -> Result<Vec<RunSummary>> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        let message = format!("can't read {}: {error}", folder.display());
        Error::run(message)
            .with_help("name the folder that holds the runs; it is `runs` by default")
    })?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders.retain(|path| path.join(CONFIG).is_file());
    Ok(folders.into_iter().map(|folder| summary_of(&folder)).collect())
}

/// Sorts runs by a metric, the best first; those without it come last.
pub fn sort_runs(runs: &mut [RunSummary], metric: &str) {
    let sign = if more_is_better(metric) { -1.0 } else { 1.0 };
    let value = |run: &RunSummary| {
        let value = run.metrics.get(metric).filter(|value| !value.is_nan());
        value.map_or(f64::INFINITY, |value| sign * value)
    };
    runs.sort_by(|a, b| value(a).total_cmp(&value(b)));
}

/// What a run's folder says. Notes that can't be read are none.
pub(crate) fn summary_of(folder: &Path) -> RunSummary {
    let notes = RunNotes::read(folder).unwrap_or_default();
    RunSummary { notes, ..summary(folder.to_path_buf()) }
}

fn summary(run: PathBuf) -> RunSummary {
    let notes = RunNotes::default();
    if let Some(metrics) = means(&run.join(CV)) {
        let first = summary(fold_folder(&run, 1));
        return RunSummary { run, state: RunState::CrossValidated, metrics, ..first };
    }
    let model = TensorFile::metadata(&run.join(MODEL));
    let training: Option<Training> =
        model.and_then(|model| serde_json::from_value(model["training"].clone()).ok());
    if let Some(training) = training {
        let state = match (&training.interrupted, &training.stopped) {
            (Some(_), _) => RunState::Interrupted,
            (None, Some(_)) => RunState::Stopped,
            (None, None) => RunState::Finished,
        };
        let Training { epochs, best_epoch, logs, .. } = training;
        return RunSummary { run, epochs, best_epoch, state, metrics: logs, notes };
    }
    let checkpoint = TensorFile::metadata(&run.join(CHECKPOINT)).unwrap_or_default();
    let epochs = checkpoint["position"]["epoch"].as_u64().unwrap_or(0) as usize;
    let history = std::fs::read_to_string(run.join(HISTORY)).ok();
    let history = history.and_then(|text| History::from_csv(&text)).unwrap_or_default();
    let metrics = history.epochs.last().map(|epoch| epoch.logs.clone()).unwrap_or_default();
    RunSummary { run, epochs, best_epoch: None, state: RunState::Unfinished, metrics, notes }
}

/// The means over the folds of a cross-validation, from its table.
fn means(path: &Path) -> Option<Logs> {
    let mut table = csv::Reader::from_path(path).ok()?;
    let column = table.headers().ok()?.iter().position(|name| name == "mean")?;
    let mean = |row: csv::StringRecord| {
        Some((row.get(0)?.to_string(), row.get(column)?.parse::<f64>().ok()?))
    };
    table.records().map(|row| mean(row.ok()?)).collect()
}
