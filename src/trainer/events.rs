//! What happens in a training, as data: the trainer tells every
//! [`Listener`](crate::training::Listener) each [`Event`] as it happens: a view draws it, `--json`
//! prints it, the keeper of a run carries out what callbacks want written.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use crate::decisions::Decisions;
use crate::diagnostics::Diagnostic;
use crate::history::folds::FoldScores;
use crate::history::logs::Logs;
use crate::history::results::{Baseline, BestEpoch, RunMetrics};

/// Something that happens in a training. As JSON it is an object whose key `event` names it.
#[allow(clippy::large_enum_variant)] // the large one is told once a run, by reference
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A run starts, or goes on.
    RunStart {
        /// The run's name.
        name: String,
        /// The run's folder.
        folder: String,
        /// How many parameters the model has.
        parameters: usize,
        /// How many samples are trained on.
        samples: usize,
        /// How many samples are validated on.
        validation_samples: usize,
        /// Epochs that are done already.
        epoch: usize,
        /// The epoch at which training ends.
        epochs: usize,
    },
    /// An epoch starts, or goes on in its middle.
    EpochStart {
        /// The epoch, from 1.
        epoch: usize,
        /// The epoch at which training ends.
        epochs: usize,
        /// Its batches.
        steps: usize,
    },
    /// A batch is done; the trainer has the logs so far.
    Batch,
    /// An epoch is done, its validation included.
    Epoch {
        /// The epoch, from 1.
        epoch: usize,
        /// The epoch at which training ends.
        epochs: usize,
        /// The loss and the metrics.
        logs: Logs,
        /// How long it took.
        seconds: f64,
        /// How long its batches took, validation left out.
        train_seconds: f64,
        /// How many of its batches were trained; a resumed run has trained the others before.
        steps: usize,
        /// The time of a step, validation included; the first step is left out, as in Keras.
        #[serde(skip)]
        seconds_per_step: f64,
    },
    /// The last epoch is done; averaged or best weights have not yet replaced the raw ones.
    TrainingEnd,
    /// A callback says something.
    Message {
        /// What it says.
        message: String,
    },
    /// A callback wants the model saved under a name in the run's folder.
    Save {
        /// The file's name.
        name: String,
    },
    /// A callback wants a file in the run's folder to hold this text.
    Write {
        /// The file's name.
        name: String,
        /// All that it shall hold.
        text: String,
    },
    /// A callback wants a text added at the end of a file in the run's folder.
    Append {
        /// The file's name.
        name: String,
        /// What is added.
        text: String,
    },
    /// A run has ended.
    RunEnd {
        /// Epochs that are done.
        epochs: usize,
        /// The loss and the metrics of the model's weights.
        logs: Logs,
        /// Why a callback stopped it, where one did.
        stopped: Option<String>,
        /// The epoch (from 1) whose weights the model has, where they are not the last one's.
        best_epoch: Option<usize>,
        /// Whether the weights are the averages of `use_ema`.
        averaged: bool,
        /// The calibration, thresholds and intervals that were decided, where any were asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        decisions: Option<Box<Decisions>>,
        /// The model's file.
        model: PathBuf,
        /// The best epoch, whether its weights were put back or not.
        best: Option<BestEpoch>,
        /// What always predicting the same reaches.
        baseline: Option<Baseline>,
        /// How long the training took, over all its sessions.
        seconds: f64,
        /// Samples trained on in a second.
        samples_per_second: f64,
        /// A command to go on with.
        next: String,
    },
    /// A run was interrupted.
    #[serde(rename = "run_end")]
    Interrupted {
        /// Always true.
        interrupted: bool,
        /// The epoch that was interrupted, from 1.
        epoch: usize,
        /// Its batches that are done.
        batch: usize,
        /// The command that goes on with the run.
        resume: String,
    },
    /// A fold of a cross-validation starts, or goes on.
    FoldStart {
        /// The fold, from 1; none for the model of all rows.
        fold: Option<usize>,
        /// How many there are.
        folds: usize,
    },
    /// A cross-validation has ended.
    CvEnd {
        /// Its folder.
        folder: String,
        /// The loss and the metrics of each fold.
        folds: Vec<FoldScores>,
        /// Their means.
        mean: Logs,
        /// Their standard deviations.
        std: Logs,
        /// The table of all metrics.
        metrics: PathBuf,
        /// The predictions out of fold.
        predictions: PathBuf,
        /// The model of all rows, where one was asked for.
        model: Option<PathBuf>,
    },
    /// A warning or an error.
    #[serde(untagged)]
    Diagnostic(Diagnostic),
}

impl Event {
    /// True where it is told to people and programs: not the start of an epoch, each batch, and
    /// what callbacks want done.
    pub fn is_told(&self) -> bool {
        !matches!(
            self,
            Event::EpochStart { .. }
                | Event::Batch
                | Event::TrainingEnd
                | Event::Save { .. }
                | Event::Write { .. }
                | Event::Append { .. }
        )
    }

    /// The end of a run whose model is in this file; `next` is a command to go on with.
    pub fn run_end(
        metrics: RunMetrics,
        decisions: Option<Decisions>,
        model: PathBuf,
        next: String,
    ) -> Event {
        let RunMetrics { epochs, end, stopped, weights, best, baseline, timing, .. } = metrics;
        Event::RunEnd {
            epochs,
            logs: end,
            stopped,
            best_epoch: weights.restored.then_some(weights.epoch),
            averaged: weights.averaged,
            decisions: decisions.map(Box::new),
            model,
            best,
            baseline,
            seconds: timing.seconds,
            samples_per_second: timing.samples_per_second,
            next,
        }
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// Where the training stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Epochs that are finished.
    pub epoch: usize,
    /// Batches of the current epoch that are finished.
    pub batch: usize,
    /// Batches of the whole training that are finished; keys the random streams.
    pub step: u64,
}

/// What the weights are that a training ended with, and what they are worth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ending {
    /// The loss and the metrics of these very weights.
    pub logs: Logs,
    /// The epoch (from 1) whose weights were put back, where a callback did so.
    pub best_epoch: Option<usize>,
    /// True where the weights are the averages of `use_ema`.
    pub averaged: bool,
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All epochs, or a callback stopped it and said why.
    Finished(Option<String>),
    /// A listener interrupted it.
    Interrupted,
}

/// What the time of an epoch is measured with.
pub(crate) struct Clock {
    started: Instant,
    /// When the first step ended, or the first that were done together, and how many they were.
    first_ended: Option<(Instant, usize)>,
    last_step_ended: Instant,
    /// Batches that were done before it was started.
    before: usize,
}

impl Clock {
    pub(crate) fn start(before: usize) -> Clock {
        let now = Instant::now();
        Clock { started: now, first_ended: None, last_step_ended: now, before }
    }

    /// So many batches have ended. Gives the time that they took.
    pub(crate) fn batches_ended(&mut self, count: usize) -> Duration {
        let now = Instant::now();
        let began = std::mem::replace(&mut self.last_step_ended, now);
        self.first_ended.get_or_insert((now, count));
        now - began
    }

    /// The event of an epoch that has just ended after so many batches.
    pub(crate) fn epoch(&self, epoch: usize, epochs: usize, logs: Logs, batches: usize) -> Event {
        let seconds = self.started.elapsed().as_secs_f64();
        let train_seconds = (self.last_step_ended - self.started).as_secs_f64();
        let steps = batches.saturating_sub(self.before);
        let seconds_per_step = match self.first_ended {
            Some((first, count)) if steps > count => {
                first.elapsed().as_secs_f64() / (steps - count) as f64
            }
            _ => seconds / steps.max(1) as f64,
        };
        Event::Epoch { epoch, epochs, logs, seconds, train_seconds, steps, seconds_per_step }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostics::Code;

    #[test]
    fn events_are_json_under_their_names() {
        let epoch = Event::Epoch {
            epoch: 2,
            epochs: 3,
            logs: [("loss", 0.5)].into_iter().collect(),
            seconds: 1.5,
            train_seconds: 1.0,
            steps: 7,
            seconds_per_step: 0.1,
        };
        let expected = json!({
            "event": "epoch", "epoch": 2, "epochs": 3, "logs": {"loss": 0.5},
            "seconds": 1.5, "train_seconds": 1.0, "steps": 7,
        });
        assert_eq!(serde_json::to_string(&epoch).unwrap(), expected.to_string());
        let warning = Event::Diagnostic(Diagnostic::warning(Code::Training, "it falls"));
        let warning = serde_json::to_value(&warning).unwrap();
        assert_eq!(
            (&warning["event"], &warning["message"]),
            (&json!("warning"), &json!("it falls"))
        );
        let end = Event::Interrupted { interrupted: true, epoch: 1, batch: 2, resume: "r".into() };
        assert_eq!(
            serde_json::to_string(&end).unwrap(),
            r#"{"event":"run_end","interrupted":true,"epoch":1,"batch":2,"resume":"r"}"#
        );
    }
}
