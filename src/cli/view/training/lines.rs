//! A line for each epoch; or, where quiet, the result and warnings alone.

use lanthorn::training::Event;

use super::super::folds;
use super::super::streams::say;
use super::super::{diagnostic, keras_number, result};
use super::style::{ViewStyle, words};

/// Shows a line for each epoch.
pub(super) struct Lines {
    is_silent: bool,
    name: String,
    /// Which fold of how many, in a cross-validation; no number for the model of all rows.
    fold: Option<(Option<usize>, usize)>,
    failure: Option<anyhow::Error>,
}

impl Lines {
    pub(super) fn new() -> Lines {
        Lines { is_silent: false, name: "model".to_string(), fold: None, failure: None }
    }

    /// Shows warnings and the end.
    pub(super) fn silent() -> Lines {
        Lines { is_silent: true, ..Lines::new() }
    }
}

impl ViewStyle for Lines {
    fn show(&mut self, event: &Event) {
        if let Event::RunStart { name, .. } = event {
            self.name.clone_from(name);
        }
        match event {
            Event::Diagnostic(warning) => diagnostic(warning),
            Event::FoldStart { fold, folds } => {
                self.fold = Some((*fold, *folds));
                if !self.is_silent {
                    say(&self.of_fold());
                }
            }
            Event::RunEnd { epochs, logs, stopped, best_epoch, averaged, .. }
                if self.fold.is_some() =>
            {
                if !self.is_silent {
                    let course = course(stopped.as_deref(), *best_epoch, *averaged);
                    let is_of_validation = |(key, _): &(&str, f64)| key.starts_with("val_");
                    let shown = logs.iter().filter(is_of_validation).collect();
                    say(&format!("{}: {epochs} epochs{course}{}", self.of_fold(), words(&shown)));
                }
            }
            Event::CvEnd { folds, mean, std, metrics, predictions, model, .. } => {
                let table = folds::table(folds, mean, std);
                let mut text = format!("{}: {} folds\n{table}", self.name, folds.len());
                text += &format!("saved {} and {}\n", metrics.display(), predictions.display());
                if let Some(model) = model {
                    text += &format!("the model of all rows is in {}\n", model.display());
                }
                self.failure = result(&text).err();
            }
            Event::RunEnd { epochs, logs, stopped, best_epoch, averaged, model } => {
                let course = course(stopped.as_deref(), *best_epoch, *averaged);
                let logs: Vec<String> = logs
                    .iter()
                    .map(|(key, value)| format!("{key} {}", keras_number(value)))
                    .collect();
                let (name, logs, model) = (&self.name, logs.join(", "), model.display());
                let text = format!("{name}: {epochs} epochs{course}{logs}\nsaved {model}\n");
                self.failure = result(&text).err();
            }
            Event::Interrupted { epoch, batch, resume, .. } => say(&format!(
                "interrupted in epoch {epoch} after batch {batch}; saved. Go on with:\n  {resume}"
            )),
            _ if self.is_silent => {}
            Event::RunStart {
                name,
                parameters,
                samples,
                validation_samples,
                epoch,
                epochs,
                ..
            } => {
                let validation = match validation_samples {
                    0 => String::new(),
                    n => format!(", validating on {n}"),
                };
                say(&format!(
                    "{name}: {parameters} parameters, training on {samples} samples{validation}"
                ));
                if *epoch > 0 && epoch < epochs {
                    say(&format!("going on after epoch {epoch} of {epochs}"));
                }
            }
            Event::Message { message } => say(message.trim_start()),
            Event::Epoch { epoch, epochs, logs, seconds, seconds_per_step, .. } => {
                let width = epochs.to_string().len();
                let (per_step, logs) = (duration(*seconds_per_step), words(logs));
                say(&format!(
                    "Epoch {epoch:>width$}/{epochs} - {seconds:.0}s - {per_step}/step - {logs}"
                ));
            }
            _ => {}
        }
    }

    fn failure(&mut self) -> &mut Option<anyhow::Error> {
        &mut self.failure
    }
}

impl Lines {
    /// `fold 2 of 5`.
    fn of_fold(&self) -> String {
        match self.fold {
            Some((Some(fold), folds)) => format!("fold {fold} of {folds}"),
            _ => "all rows".to_string(),
        }
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

/// What the reader must know of the numbers that follow: why the training stopped, and whose weights
/// they are.
fn course(stopped: Option<&str>, best_epoch: Option<usize>, averaged: bool) -> String {
    let stopped = stopped.map(|why| format!(" ({why})")).unwrap_or_default();
    match (best_epoch, averaged) {
        (Some(best), _) => format!("{stopped}, weights restored from the best epoch, {best}: "),
        (None, true) => format!("{stopped}, averaged weights (`use_ema`): "),
        (None, false) => format!("{stopped}, "),
    }
}
