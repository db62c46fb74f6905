//! `EventLog`: events.jsonl, by which another process follows a training: a line for the run's start,
//! one for each epoch, and at the end either where the epoch at hand stands or how the run ended.
//!
//! It holds no times, and each line but the last is a function of the configuration and the history:
//! a run that was interrupted and resumed has the same bytes as one that was not.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::disk::{self, Disk};
use crate::error::Result;
use crate::history::logs::Logs;
use crate::history::{EpochLogs, HistoryTable};
use crate::optimizers::schedules::LearningRate;
use crate::trainer::Trainer;
use crate::trainer::events::Position;
use crate::training::plan::Plan;

/// The name of the events in a run folder.
pub const EVENTS: &str = "events.jsonl";

/// What a run's events.jsonl holds, and how much of it is on disk.
pub(crate) struct EventLog {
    start: String,
    /// The learning rate at the end of each epoch.
    rates: Vec<f32>,
    /// The bytes of the lines that stay, and the epochs among them; None where the file has to be
    /// written anew.
    written: Option<(u64, usize)>,
}

/// An epoch's line.
#[derive(Serialize)]
struct EpochLine {
    event: &'static str,
    epoch: usize,
    logs: Logs,
    learning_rate: f32,
}

impl EventLog {
    /// That of a run of this plan, with no epoch yet.
    pub(crate) fn new(plan: &Plan) -> EventLog {
        let rows = |part: Option<&crate::data::Dataset>| part.map_or(0, crate::data::Dataset::len);
        let data = plan.data.as_ref();
        let samples = rows(data.map(|data| &data.train));
        let fit = &plan.config.fit;
        let start = json!({
            "event": "run_start",
            "name": plan.config.name,
            "seed": plan.config.seed,
            "samples": samples,
            "validation_samples": rows(data.and_then(|data| data.validation.as_ref())),
            "batch_size": fit.batch_size,
            "steps": samples.div_ceil(fit.batch_size.max(1)),
            "epochs": fit.epochs,
        });
        EventLog { start: format!("{start}\n"), rates: Vec::new(), written: None }
    }

    /// Adds the learning rates of epochs that the history has got.
    pub(crate) fn add(&mut self, rates: &[f32]) {
        self.rates.extend_from_slice(rates);
    }

    /// Makes the file the lines of all epochs of the history, then `last`.
    pub(crate) fn write(
        &mut self,
        disk: &dyn Disk,
        folder: &Path,
        history: &HistoryTable,
        last: &str,
    ) -> Result<()> {
        let path = folder.join(EVENTS);
        let before = self.written.take(); // after an error, the file is written anew
        let (mut text, from) = match before {
            Some((_, epochs)) => (String::new(), epochs),
            None => (self.start.clone(), 0),
        };
        for epoch in from..history.epochs() {
            text += &self.line(epoch, history.logs(epoch))?;
        }
        let standing = before.map_or(0, |(bytes, _)| bytes) + text.len() as u64;
        text += last;
        match before {
            Some((bytes, _)) if std::fs::metadata(&path).is_ok_and(|file| file.len() >= bytes) => {
                disk::replace_end(disk, &path, bytes, &text)?;
            }
            Some(_) => return self.write(disk, folder, history, last), // somebody removed it
            None => disk::replace(disk, &path, text.as_bytes())?,
        }
        self.written = Some((standing, history.epochs()));
        Ok(())
    }

    fn line(&self, epoch: usize, logs: Logs) -> Result<String> {
        let learning_rate = self.rates.get(epoch).copied().unwrap_or_default();
        let line = EpochLine { event: "epoch", epoch: epoch + 1, logs, learning_rate };
        let text = serde_json::to_string(&line);
        let text = text.map_err(|error| crate::error::Error::Internal(error.to_string()))?;
        Ok(text + "\n")
    }
}

/// The learning rates at the end of epochs of a training: what callbacks have set is in their logs,
/// what a schedule says follows from the step.
pub(crate) fn learning_rates(trainer: &Trainer, epochs: &[EpochLogs], steps: usize) -> Vec<f32> {
    let rate = trainer.spec().optimizer.item.learning_rate();
    let at = |epoch: &EpochLogs| match (rate, epoch.logs.get("learning_rate")) {
        (LearningRate::Constant(_), Some(set)) => set as f32,
        (LearningRate::Constant(rate), None) => *rate as f32,
        (schedule, _) => schedule.at(((epoch.epoch * steps) as u64).saturating_sub(1)),
    };
    epochs.iter().map(at).collect()
}

/// The line of where the epoch at hand stands.
pub(crate) fn progress_line(trainer: &Trainer) -> String {
    let Position { epoch, batch, .. } = trainer.position();
    let logs = trainer.running_logs().unwrap_or_default(); // else the next step tells why
    let rate = trainer.optimizer().learning_rate();
    let line = json!({
        "event": "progress", "epoch": epoch + 1, "batch": batch, "logs": logs, "learning_rate": rate,
    });
    format!("{line}\n")
}
