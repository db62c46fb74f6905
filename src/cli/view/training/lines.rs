//! A line for each epoch; or, where quiet, the result and warnings alone.

use lanthorn::callbacks::Logs;
use lanthorn::training::Event;

use super::super::folds;
use super::super::streams::{say, stderr_width};
use super::super::{diagnostic, result};
use super::ending::{course, spoken, table};
use super::style::{ViewStyle, grouped, words};

/// Shows a line for each epoch.
pub(super) struct Lines {
    is_silent: bool,
    /// Whether lines are shortened to the width of a terminal, and thinned out over many epochs.
    is_short: bool,
    name: String,
    /// Which fold of how many, in a cross-validation; no number for the model of all rows.
    fold: Option<(Option<usize>, usize)>,
    failure: Option<anyhow::Error>,
}

impl Lines {
    pub(super) fn new() -> Lines {
        Lines {
            is_silent: false,
            is_short: false,
            name: "model".to_string(),
            fold: None,
            failure: None,
        }
    }

    /// Shows lines as wide as the terminal, at most about a hundred.
    pub(super) fn on_a_terminal() -> Lines {
        Lines { is_short: true, ..Lines::new() }
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
            Event::RunEnd { .. } if self.fold.is_some() && self.is_silent => {}
            Event::RunEnd { epochs, logs, stopped, best_epoch, averaged, best, .. }
                if self.fold.is_some() =>
            {
                let course = course(stopped.as_deref(), *best_epoch, *averaged, best.as_ref());
                let is_of_validation = |(key, _): &(&str, f64)| key.starts_with("val_");
                let shown: Logs = logs.iter().filter(is_of_validation).collect();
                let shown = if shown.iter().next().is_none() { logs } else { &shown };
                say(&format!("{}: {epochs} epochs{course}, {}", self.of_fold(), words(shown)));
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
            Event::RunEnd { .. } => self.end(event),
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
            Event::Epoch { epoch, epochs, .. } if self.is_short && !is_shown(*epoch, *epochs) => {}
            Event::Epoch { epoch, epochs, logs, seconds, seconds_per_step, .. } => {
                let width = epochs.to_string().len();
                let per_step = duration(*seconds_per_step);
                let head =
                    format!("Epoch {epoch:>width$}/{epochs} - {seconds:.0}s - {per_step}/step");
                say(&if self.is_short {
                    shortened(&head, logs, stderr_width())
                } else {
                    format!("{head} - {}", words(logs))
                });
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

    /// The end: the result on stdout, the time and the next command beside it.
    fn end(&mut self, event: &Event) {
        let Event::RunEnd {
            epochs,
            logs,
            stopped,
            best_epoch,
            averaged,
            decisions,
            model,
            best,
            baseline,
            seconds,
            samples_per_second,
            next,
        } = event
        else {
            return;
        };
        if !self.is_silent {
            let (time, speed) = (spoken(*seconds), grouped(*samples_per_second));
            say(&format!("{epochs} epochs in {time}, {speed} samples/s"));
        }
        let course = course(stopped.as_deref(), *best_epoch, *averaged, best.as_ref());
        let (name, model) = (&self.name, model.display());
        let table = table(logs, baseline.as_ref());
        let lines = decisions.iter().flat_map(|decisions| decisions.lines());
        let decided: String = lines.map(|line| line + "\n").collect();
        let text = format!("{name}: {epochs} epochs{course}\n{table}{decided}saved {model}\n");
        self.failure = result(&text).err();
        if !self.is_silent {
            say(&format!("next: {next}"));
        }
    }
}

/// Whether an epoch of many has its line: at most about a hundred of them, the first and the last too.
pub(super) fn is_shown(epoch: usize, epochs: usize) -> bool {
    const MOST: usize = 100;
    let mut every = 1;
    let mut factors = [2, 5, 10].into_iter().cycle();
    let mut decade = 1;
    while epochs / every > MOST {
        let factor = factors.next().unwrap_or(10);
        every = decade * factor;
        if factor == 10 {
            decade = every;
        }
    }
    epoch == 1 || epoch == epochs || epoch.is_multiple_of(every)
}

/// A line in at most so many columns: the losses stand before what else there is room for.
pub(super) fn shortened(head: &str, logs: &Logs, width: usize) -> String {
    let rank = |key: &str| match key {
        "loss" => 0,
        "val_loss" => 1,
        key if key.starts_with("val_") => 2,
        _ => 3,
    };
    let mut keys: Vec<&str> = logs.iter().map(|(key, _)| key).collect();
    keys.sort_by_key(|key| rank(key)); // stable
    let line = |kept: &[&str]| {
        let logs = logs.iter().filter(|(key, _)| kept.contains(key)).collect::<Logs>();
        let words = words(&logs);
        if words.is_empty() { head.to_string() } else { format!("{head} - {words}") }
    };
    let fits = |count: &usize| line(&keys[..*count]).chars().count() < width;
    let count = (0..=keys.len()).rev().find(fits).unwrap_or(0);
    line(&keys[..count])
}

/// As Keras writes the time of a step: `2s`, `14ms`, `48us`.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.0}s"),
        s if s >= 1e-3 => format!("{:.0}ms", s * 1e3),
        s => format!("{:.0}us", s * 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_epochs_are_thinned_out() {
        for (epochs, lines) in [(100, 100), (101, 51), (1000, 101), (2500, 51), (100_000, 101)] {
            let shown = (1..=epochs).filter(|epoch| is_shown(*epoch, epochs)).count();
            assert!(shown.abs_diff(lines) <= 1, "{epochs}: {shown}");
        }
    }

    #[test]
    fn a_line_keeps_the_losses_where_there_is_no_room_for_all() {
        let logs = [("accuracy", 0.5), ("loss", 0.25), ("val_accuracy", 0.5), ("val_loss", 0.5)];
        let logs = Logs::from_iter(logs);
        assert_eq!(
            shortened("Epoch 1/9", &logs, 44),
            "Epoch 1/9 - loss: 0.2500 - val_loss: 0.5000"
        );
        assert_eq!(shortened("Epoch 1/9", &logs, 5), "Epoch 1/9");
        assert_eq!(shortened("Epoch 1/9", &logs, 200), format!("Epoch 1/9 - {}", words(&logs)));
    }
}
