//! metrics.json: what a training came to, computed at its end. The only file of a run that holds times
//! and the machine.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::diagnostics::{Code, Diagnostic};
use crate::error::Result;
use crate::history::History;
use crate::history::results::{
    Baseline, BestEpoch, DataUsed, FinalWeights, Machine, RunMetrics, Timing,
};
use crate::metrics::more_is_better;
use crate::model::artifact::{Interrupted, Training};
use crate::trainer::events::Position;
use crate::training::plan::Plan;

use crate::threads;
use crate::trainer::Trainer;

/// The name of the metrics in a run folder.
pub const METRICS: &str = "metrics.json";

/// A session of a training: when it began, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    pub(crate) started: std::time::Instant,
    pub(crate) begin: Position,
}

impl RunMetrics {
    /// Of a training that has ended or was interrupted; `folder` may hold the metrics of an earlier
    /// session.
    pub(crate) fn of(
        plan: &Plan,
        trainer: &Trainer,
        training: &Training,
        fingerprint: u64,
        session: Session,
        folder: &Path,
    ) -> Result<RunMetrics> {
        let data = plan.data()?;
        let samples = data.train.len();
        let position = trainer.position();
        let took = session.started.elapsed();
        let trained =
            |at: Position| at.epoch * samples + samples.min(at.batch * plan.config.fit.batch_size);
        let samples_trained = trained(position).saturating_sub(trained(session.begin));
        Ok(RunMetrics {
            version: env!("CARGO_PKG_VERSION"),
            name: plan.config.name.clone(),
            seed: plan.config.seed,
            state: state(training),
            epochs: training.epochs,
            stopped: training.stopped.clone(),
            end: training.logs.clone(),
            weights: FinalWeights {
                epoch: training.best_epoch.unwrap_or(training.epochs),
                averaged: training.averaged,
                restored: training.best_epoch.is_some(),
            },
            best: BestEpoch::of(&trainer.history, monitor(plan).as_deref()),
            baseline: Baseline::of(plan)?,
            data: DataUsed {
                train: plan.config.data.as_ref().map(|data| data.train.to_string()),
                fingerprint: format!("{fingerprint:016x}"),
                samples,
                validation_samples: data.validation.as_ref().map_or(0, crate::data::Dataset::len),
            },
            timing: Timing::of(took, samples_trained, samples, folder),
            machine: Machine::here(),
        })
    }

    /// What to tell where the model is no better than always predicting the same, by the first of its
    /// metrics, or by the loss where it has none.
    pub fn warning(&self) -> Option<Diagnostic> {
        let baseline = self.baseline.as_ref()?;
        let is_loss = |key: &str| key.strip_prefix("val_").unwrap_or(key) == "loss";
        let metric = baseline.logs.iter().find(|(key, _)| !is_loss(key));
        let (key, constant) = metric.or_else(|| baseline.logs.iter().next())?;
        let reached = self.end.get(key)?;
        let is_better = if more_is_better(key) { reached > constant } else { reached < constant };
        if is_better || self.state == "interrupted" {
            return None;
        }
        let is_above = |(other, constant): &(&str, f64)| {
            let reached = self.end.get(other).unwrap_or(f64::NAN);
            more_is_better(other) && reached > constant + (1.0 - constant) / 2.0
        };
        if let Some((other, _)) = baseline.logs.iter().find(is_above) {
            let message = format!(
                "by `{key}` the model is no better than {}: {reached:.4} and {constant:.4}; by \
                 `{other}` it is",
                baseline.prediction
            );
            let help = format!(
                "where one class is rare, judge by `{other}`, and choose from which probability on it \
                 is predicted: `fit: {{threshold: f1}}`"
            );
            return Some(Diagnostic::warning(Code::Training, message).with_help(help));
        }
        let message = format!(
            "the model has learned nothing that helps: its `{key}` is {reached:.4}, and {} has {constant:.4}",
            baseline.prediction
        );
        let help = "train for more epochs, try another learning rate, scale the features; see \
                    docs/troubleshooting.md";
        Some(Diagnostic::warning(Code::Training, message).with_help(help))
    }

    /// The last line of events.jsonl: no times, nothing of the machine.
    pub(crate) fn event(&self) -> Value {
        json!({
            "event": "run_end",
            "state": self.state,
            "epochs": self.epochs,
            "logs": self.end,
            "stopped": self.stopped,
            "weights": self.weights,
            "best": self.best,
            "baseline": self.baseline,
        })
    }

    /// The text of metrics.json.
    pub(crate) fn text(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| crate::error::Error::Internal(error.to_string()))?;
        Ok(text + "\n")
    }
}

fn state(training: &Training) -> &'static str {
    match (training.interrupted, &training.stopped) {
        (Some(Interrupted { .. }), _) => "interrupted",
        (None, Some(_)) => "stopped",
        (None, None) => "finished",
    }
}

/// What the first callback that has a monitor monitors.
fn monitor(plan: &Plan) -> Option<String> {
    plan.config.fit.callbacks.iter().find_map(|callback| callback.item.monitored())
}

impl BestEpoch {
    /// The first of the best epochs by `monitor`, or else by `val_loss`, or else by `loss`.
    pub fn of(history: &History, monitor: Option<&str>) -> Option<BestEpoch> {
        let keys = [monitor, Some("val_loss"), Some("loss")];
        let is_there =
            |key: &&str| history.epochs.iter().any(|epoch| epoch.logs.get(key).is_some());
        let key = keys.into_iter().flatten().find(is_there)?;
        let sign = if more_is_better(key) { -1.0 } else { 1.0 };
        let mut best: Option<(f64, usize)> = None;
        for (index, epoch) in history.epochs.iter().enumerate() {
            let Some(value) = epoch.logs.get(key).filter(|value| !value.is_nan()) else { continue };
            if best.is_none_or(|(least, _)| sign * value < least) {
                best = Some((sign * value, index));
            }
        }
        let epoch = &history.epochs[best?.1];
        Some(BestEpoch { epoch: epoch.epoch, monitor: key.to_string(), logs: epoch.logs.clone() })
    }
}

impl Timing {
    fn of(took: Duration, trained: usize, samples: usize, folder: &Path) -> Timing {
        let before = std::fs::read(folder.join(METRICS)).ok();
        let before: Option<Value> = before.and_then(|text| serde_json::from_slice(&text).ok());
        let before = before.map(|before| before["timing"].clone()).unwrap_or_default();
        let seconds = took.as_secs_f64();
        let epochs = trained as f64 / samples.max(1) as f64;
        let rate = |count: f64, per: f64| if per > 0.0 { count / per } else { 0.0 };
        Timing {
            seconds: seconds + before["seconds"].as_f64().unwrap_or(0.0),
            sessions: 1 + before["sessions"].as_u64().unwrap_or(0),
            seconds_per_epoch: rate(seconds, epochs),
            samples_per_second: rate(trained as f64, seconds),
        }
    }
}

impl Machine {
    fn here() -> Machine {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Machine {
            cpu: name.map(|(_, name)| name.trim().to_string()),
            threads: threads::count(),
            os: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
        }
    }
}
