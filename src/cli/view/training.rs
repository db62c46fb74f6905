//! The view of a training: a progress bar, a line an epoch, or JSON events.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanthorn::Diagnostic;
use lanthorn::artifact::{Model, Training};
use lanthorn::callbacks::Logs;
use lanthorn::config::Config;
use lanthorn::history::EpochLogs;
use lanthorn::plan::Plan;
use lanthorn::trainer::Trainer;
use lanthorn::weights_file::Fit;
use serde_json::{Value, json};

use super::keras_number;
use super::streams::{draw, reader_is_gone, say};
use crate::cli::train::resume_command;

/// How much is shown while a training runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Silent,
    Bar,
    Lines,
    Json,
}

/// A training's view.
pub(crate) struct View {
    style: Style,
    json: bool,
    bar: Option<ProgressBar>,
    epoch_started: Instant,
    first_step_ended: Option<Instant>,
    first_batch: usize,
    last_drawn: Instant,
    steps: usize,
    trained_seconds: f64,
    /// Why an event could not be written.
    failure: Option<anyhow::Error>,
}

/// What is told when a training starts.
pub(crate) struct Start {
    name: String,
    folder: String,
    parameters: usize,
    samples: usize,
    validation_samples: usize,
    epoch: usize,
    epochs: usize,
}

impl Start {
    pub(crate) fn of(plan: &Plan, trainer: &Trainer, folder: &Path) -> Result<Start> {
        let data = plan.data()?;
        Ok(Start {
            name: name(&plan.config).to_string(),
            folder: folder.display().to_string(),
            parameters: trainer.model.weights().count(),
            samples: data.train.len(),
            validation_samples: data.validation.as_ref().map_or(0, lanthorn::data::Dataset::len),
            epoch: trainer.position().epoch,
            epochs: trainer.spec().epochs,
        })
    }
}

/// The time between two drawings of the bar.
const REDRAW: Duration = Duration::from_millis(50);

impl View {
    /// The view that the flags and the configuration's `verbose` ask for: by default a bar on a
    /// terminal and a line an epoch elsewhere.
    pub(crate) fn new(json: bool, quiet: bool, verbose: bool, asked: Option<u8>) -> View {
        let terminal = std::io::stderr().is_terminal();
        let style = match (json, quiet, asked) {
            (true, ..) => Style::Json,
            (_, true, _) | (_, _, Some(0)) => Style::Silent,
            (_, _, Some(1) | None) if terminal && !verbose => Style::Bar,
            _ => Style::Lines,
        };
        let now = Instant::now();
        View {
            style,
            json,
            bar: None,
            epoch_started: now,
            first_step_ended: None,
            first_batch: 0,
            last_drawn: now,
            steps: 0,
            trained_seconds: 0.0,
            failure: None,
        }
    }

    pub(crate) fn start(&mut self, start: &Start) {
        match self.style {
            Style::Json => self.event(&json!({
                "event": "run_start", "name": start.name, "folder": start.folder,
                "parameters": start.parameters, "samples": start.samples,
                "validation_samples": start.validation_samples,
                "epoch": start.epoch, "epochs": start.epochs,
            })),
            Style::Silent => {}
            _ => {
                let validation = match start.validation_samples {
                    0 => String::new(),
                    n => format!(", validating on {n}"),
                };
                say(&format!(
                    "{}: {} parameters, training on {} samples{validation}",
                    start.name, start.parameters, start.samples
                ));
                if start.epoch > 0 && start.epoch < start.epochs {
                    say(&format!("going on after epoch {} of {}", start.epoch, start.epochs));
                }
            }
        }
    }

    /// What `--init-weights` loaded.
    pub(crate) fn loaded(&mut self, path: &Path, fit: &Fit) {
        let count = fit.fitting.len();
        self.note(&format!("loaded {count} tensors from {}", path.display()));
        for difference in fit.differences() {
            self.note(&format!("  {difference}"));
        }
    }

    pub(crate) fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        match self.style {
            Style::Json => self.event(&diagnostic.to_json()),
            _ => super::diagnostic(diagnostic),
        }
    }

    pub(crate) fn note(&mut self, message: &str) {
        match self.style {
            Style::Json => self.event(&json!({ "event": "message", "message": message })),
            Style::Silent => {}
            _ => say(message.trim_start()),
        }
    }

    pub(crate) fn epoch_begins(&mut self, trainer: &Trainer, epoch: usize, steps: usize) {
        self.epoch_started = Instant::now();
        self.first_step_ended = None;
        self.first_batch = trainer.position().batch;
        self.steps = steps;
        if self.style == Style::Bar {
            let bar = ProgressBar::with_draw_target(
                Some(steps as u64),
                ProgressDrawTarget::stderr_with_hz(20),
            );
            let template = "{prefix} {bar:20} {pos}/{len} {eta} {wide_msg}";
            let style = ProgressStyle::with_template(template);
            bar.set_style(
                style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─"),
            );
            bar.set_prefix(format!("Epoch {}/{}", epoch + 1, trainer.spec().epochs));
            draw(Some(bar.clone()));
            self.bar = Some(bar);
        }
    }

    pub(crate) fn batch_ended(&mut self, trainer: &Trainer) {
        if trainer.position().batch == self.steps {
            self.trained_seconds = self.epoch_started.elapsed().as_secs_f64();
        }
        let Some(bar) = &self.bar else {
            if self.first_step_ended.is_none() {
                self.first_step_ended = Some(Instant::now());
            }
            return;
        };
        let now = Instant::now();
        self.first_step_ended.get_or_insert(now);
        if now - self.last_drawn >= REDRAW {
            self.last_drawn = now;
            bar.set_position(trainer.position().batch as u64);
            bar.set_message(words(&trainer.running_logs()));
        }
    }

    pub(crate) fn epoch_ended(&mut self, trainer: &Trainer, epoch: &EpochLogs) {
        let seconds = self.epoch_started.elapsed().as_secs_f64();
        match self.style {
            Style::Silent => {}
            Style::Json => self.event(&json!({
                "event": "epoch", "epoch": epoch.epoch, "epochs": trainer.spec().epochs,
                "logs": epoch.logs, "seconds": seconds,
                "train_seconds": self.trained_seconds, "steps": self.steps - self.first_batch,
            })),
            Style::Bar | Style::Lines => {
                self.close();
                let epochs = trainer.spec().epochs;
                let width = epochs.to_string().len();
                let per_step = self.seconds_per_step();
                say(&format!(
                    "Epoch {:>width$}/{epochs} - {seconds:.0}s - {}/step - {}",
                    epoch.epoch,
                    duration(per_step),
                    words(&epoch.logs)
                ));
            }
        }
    }

    /// The time of a step, validation included; the first step is left out, as in Keras.
    fn seconds_per_step(&self) -> f64 {
        let steps = self.steps.saturating_sub(self.first_batch);
        match self.first_step_ended {
            Some(first) if steps > 1 => first.elapsed().as_secs_f64() / (steps - 1) as f64,
            _ => self.epoch_started.elapsed().as_secs_f64() / steps.max(1) as f64,
        }
    }

    /// Takes the bar away before something else is printed.
    pub(crate) fn close(&mut self) {
        self.bar = None;
        draw(None);
    }

    /// True where the training should stop, since nobody reads what it tells, or its events can't
    /// be written.
    pub(crate) fn wants_to_stop(&self) -> bool {
        self.failure.is_some() || reader_is_gone()
    }

    /// Why an event could not be written.
    pub(crate) fn take_failure(&mut self) -> Option<anyhow::Error> {
        self.failure.take()
    }

    pub(crate) fn finish(&mut self, model: &Model, path: &Path) -> Result<()> {
        self.close();
        let training = &model.training;
        if self.json {
            self.event(&json!({
                "event": "run_end", "epochs": training.epochs, "logs": training.logs,
                "stopped": training.stopped, "best_epoch": training.best_epoch,
                "averaged": training.averaged, "model": path,
            }));
            return self.take_failure().map_or(Ok(()), Err);
        }
        let logs: Vec<String> = training
            .logs
            .iter()
            .map(|(key, value)| format!("{key} {}", keras_number(value)))
            .collect();
        super::result(&format!(
            "{}: {} epochs{}{}\nsaved {}\n",
            name(&model.config),
            training.epochs,
            course(training),
            logs.join(", "),
            path.display()
        ))
    }

    pub(crate) fn interrupted(&mut self, trainer: &Trainer, folder: &Path) {
        self.close();
        let position = trainer.position();
        let resume = resume_command(folder);
        if self.json {
            self.event(&json!({
                "event": "run_end", "interrupted": true, "epoch": position.epoch + 1,
                "batch": position.batch, "resume": resume,
            }));
            return;
        }
        let (epoch, batch) = (position.epoch + 1, position.batch);
        say(&format!(
            "interrupted in epoch {epoch} after batch {batch}; saved. Go on with:\n  {resume}"
        ));
    }

    /// Writes an event; after one that could not be written, no other.
    fn event(&mut self, event: &Value) {
        if self.failure.is_none() {
            self.failure = super::json(event).err();
        }
    }
}

/// `accuracy: 0.9210 - loss: 0.2143`
fn words(logs: &Logs) -> String {
    let words: Vec<String> =
        logs.iter().map(|(key, value)| format!("{key}: {}", keras_number(value))).collect();
    words.join(" - ")
}

/// What the reader must know of the numbers that follow: why the training stopped, and whose weights
/// they are.
fn course(training: &Training) -> String {
    let stopped = training.stopped.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    match (training.best_epoch, training.averaged) {
        (Some(best), _) => format!("{stopped}, weights restored from the best epoch, {best}: "),
        (None, true) => format!("{stopped}, averaged weights (`use_ema`): "),
        (None, false) => format!("{stopped}, "),
    }
}

/// As Keras writes the time of a step: `2s`, `14ms`, `48us`.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.0}s"),
        s if s >= 1e-3 => format!("{:.0}ms", s * 1e3),
        s => format!("{:.0}us", s * 1e6),
    }
}

/// The name under which a configuration is known here.
fn name(config: &Config) -> &str {
    config.name.as_deref().unwrap_or("model")
}
