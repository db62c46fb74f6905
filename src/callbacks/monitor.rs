//! What a callback watches: a key of the logs, and the direction in which it is better.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::callback::TrainingInfo;
use crate::config::names::suggestion;
use crate::error::Problem;

/// The direction in which the watched value is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Less for losses and errors, more for accuracies and their like.
    #[default]
    Auto,
    /// Less is better.
    Min,
    /// More is better.
    Max,
}

/// A watched key with its direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Monitor {
    pub(super) key: String,
    more_is_better: bool,
    min_delta: f64,
}

impl Monitor {
    /// The key `key`, if the logs will have it. Keras takes the size of `min_delta`.
    pub(super) fn new(
        key: &str,
        mode: Mode,
        min_delta: f64,
        training: &TrainingInfo,
    ) -> Result<Self, Problem> {
        let known = more_is_better(key, training)?;
        let more_is_better = match mode {
            Mode::Auto => known,
            Mode::Min => false,
            Mode::Max => true,
        };
        Ok(Monitor { key: key.to_string(), more_is_better, min_delta: min_delta.abs() })
    }

    /// True where `value` is better than `reference` by more than `min_delta`; anything is better
    /// than nothing, and NaN is never better. Compared in f32, as Keras does.
    pub(super) fn is_better(&self, value: f64, reference: Option<f64>) -> bool {
        let Some(reference) = reference else { return true };
        if self.more_is_better {
            (value - self.min_delta) as f32 > reference as f32
        } else {
            ((value + self.min_delta) as f32) < reference as f32
        }
    }
}

/// Whether more of this key is better, or what is wrong with the key.
fn more_is_better(key: &str, training: &TrainingInfo) -> Result<bool, Problem> {
    let name = key.strip_prefix("val_").unwrap_or(key);
    let direction = match name {
        "loss" => Some(false),
        name => {
            let is_key = |metric: &str| metric == name || is_column_of(name, metric);
            training.metrics.iter().find(|(metric, _)| is_key(metric)).map(|(_, more)| *more)
        }
    };
    match direction {
        Some(_) if key.starts_with("val_") && !training.has_validation => {
            let message = format!("`monitor` is `{key}`, but no data is held back for validation");
            let help = format!("give `fit.validation_split`, or `monitor: {name}`");
            Err(Problem::at("monitor", message).help(help))
        }
        Some(direction) => Ok(direction),
        None => {
            let keys = keys(training);
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let list = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let help = suggestion(key, &keys, &format!("valid keys: {list}"));
            Err(Problem::at("monitor", format!("`monitor` is `{key}`, which isn't in the logs"))
                .help(help))
        }
    }
}

/// True for the key of one number of a metric that has several: `f1_score_2` of `f1_score`.
fn is_column_of(key: &str, metric: &str) -> bool {
    let number = key.strip_prefix(metric).and_then(|rest| rest.strip_prefix('_'));
    number.is_some_and(|number| number.parse::<usize>().is_ok())
}

/// Every key that the logs of an epoch will have.
pub(super) fn keys(training: &TrainingInfo) -> Vec<String> {
    let mut keys = vec!["loss".to_string()];
    keys.extend(training.metrics.iter().map(|(key, _)| key.clone()));
    if training.has_validation {
        keys.extend(keys.clone().iter().map(|key| format!("val_{key}")));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn training() -> TrainingInfo {
        TrainingInfo { metrics: vec![("auc".into(), true)], has_validation: true, scheduled: false }
    }

    #[test]
    fn the_direction_is_the_metrics_own_unless_it_is_given() {
        for (key, mode, more) in [
            ("val_auc", Mode::Auto, true),
            ("auc_1", Mode::Auto, true),
            ("loss", Mode::Auto, false),
            ("val_auc", Mode::Min, false),
            ("val_loss", Mode::Max, true),
        ] {
            let monitor = Monitor::new(key, mode, 0.0, &training()).unwrap();
            assert_eq!(monitor.is_better(2.0, Some(1.0)), more, "{key}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_one() {
        let problem = Monitor::new("val_los", Mode::Auto, 0.0, &training()).unwrap_err();
        assert_eq!(problem.message, "`monitor` is `val_los`, which isn't in the logs");
        assert!(problem.help.starts_with("did you mean `val_loss`?"), "{}", problem.help);
        assert_eq!(problem.key, "monitor");
    }

    #[test]
    fn a_validation_key_without_validation_is_refused() {
        let training = TrainingInfo { has_validation: false, ..training() };
        let problem = Monitor::new("val_auc", Mode::Auto, 0.0, &training).unwrap_err();
        assert!(problem.help.contains("`monitor: auc`"), "{}", problem.help);
    }

    #[test]
    fn equal_values_and_nan_are_no_improvement() {
        let monitor = Monitor::new("loss", Mode::Auto, 0.0, &training()).unwrap();
        assert!(!monitor.is_better(1.0, Some(1.0)));
        assert!(!monitor.is_better(f64::NAN, Some(1.0)));
        assert!(!monitor.is_better(1.0, Some(f64::NAN)));
        assert!(monitor.is_better(f64::NAN, None));
    }
}
