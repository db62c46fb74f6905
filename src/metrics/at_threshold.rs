//! The best of one rate at a threshold where another is high enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confusion::{Counting, Counts, MOST_THRESHOLDS, check_columns, ratio};
use super::metric::{Accumulator, Metric};
use crate::config::checks::count_within;
use crate::error::Problem;
use crate::losses::checks;
use crate::target::Output;

/// The best `TP / (TP + FN)` over all thresholds at which `TN / (TN + FP)` is at least
/// `specificity`; 0 if there is none. Keras: `keras.metrics.SensitivityAtSpecificity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivityAtSpecificity {
    /// Value to reach, between 0 and 1.
    pub specificity: f64,
    /// Number of thresholds between 0 and 1; from 1 to 20000. Default: 200.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 1, max = MOST_THRESHOLDS))]
    pub num_thresholds: usize,
    /// Consider only this class, counted from 0. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_id: Option<usize>,
}

impl Metric for SensitivityAtSpecificity {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let names = ("sensitivity_at_specificity", "specificity");
        let least = self.specificity;
        let counting = counting(names, least, self.num_thresholds, self.class_id, output)?;
        Ok(counting.then(move |counts| best(counts, sensitivity, specificity, least)))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// The best `TN / (TN + FP)` over all thresholds at which `TP / (TP + FN)` is at least
/// `sensitivity`; 0 if there is none. Keras: `keras.metrics.SpecificityAtSensitivity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecificityAtSensitivity {
    /// Value to reach, between 0 and 1.
    pub sensitivity: f64,
    /// Number of thresholds between 0 and 1; from 1 to 20000. Default: 200.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 1, max = MOST_THRESHOLDS))]
    pub num_thresholds: usize,
    /// Consider only this class, counted from 0. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_id: Option<usize>,
}

impl Metric for SpecificityAtSensitivity {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let names = ("specificity_at_sensitivity", "sensitivity");
        let least = self.sensitivity;
        let counting = counting(names, least, self.num_thresholds, self.class_id, output)?;
        Ok(counting.then(move |counts| best(counts, specificity, sensitivity, least)))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// The best `TP / (TP + FP)` over all thresholds at which `TP / (TP + FN)` is at least `recall`; 0
/// if there is none. Keras: `keras.metrics.PrecisionAtRecall`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecisionAtRecall {
    /// Value to reach, between 0 and 1.
    pub recall: f64,
    /// Number of thresholds between 0 and 1; from 1 to 20000. Default: 200.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 1, max = MOST_THRESHOLDS))]
    pub num_thresholds: usize,
    /// Consider only this class, counted from 0. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_id: Option<usize>,
}

impl Metric for PrecisionAtRecall {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let names = ("precision_at_recall", "recall");
        let least = self.recall;
        let counting = counting(names, least, self.num_thresholds, self.class_id, output)?;
        Ok(counting.then(move |counts| best(counts, precision, sensitivity, least)))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// The best `TP / (TP + FN)` over all thresholds at which `TP / (TP + FP)` is at least `precision`;
/// 0 if there is none. Keras: `keras.metrics.RecallAtPrecision`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallAtPrecision {
    /// Value to reach, between 0 and 1.
    pub precision: f64,
    /// Number of thresholds between 0 and 1; from 1 to 20000. Default: 200.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 1, max = MOST_THRESHOLDS))]
    pub num_thresholds: usize,
    /// Consider only this class, counted from 0. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_id: Option<usize>,
}

impl Metric for RecallAtPrecision {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let names = ("recall_at_precision", "precision");
        let least = self.precision;
        let counting = counting(names, least, self.num_thresholds, self.class_id, output)?;
        Ok(counting.then(move |counts| best(counts, sensitivity, precision, least)))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

fn two_hundred() -> usize {
    200
}

fn counting(
    (name, key): (&str, &str),
    least: f64,
    num_thresholds: usize,
    class_id: Option<usize>,
    output: &Output<'_>,
) -> Result<Counting, Problem> {
    checks::within(key, least, 0.0, 1.0)?;
    count_within("num_thresholds", num_thresholds, 1..=MOST_THRESHOLDS)?;
    check_columns(name, output)?;
    checks::probabilities(name, "sigmoid", output)?;
    let thresholds = match num_thresholds {
        1 => vec![0.5],
        n => (0..n).map(|i| (i as f64 / (n - 1) as f64) as f32).collect(),
    };
    Counting::over(thresholds, num_thresholds > 1, output).only_class(class_id)
}

/// The best of `rate` where `other` is at least `least`, compared in f32 as in Keras.
fn best(
    counts: &Counts,
    rate: fn(&Counts, usize) -> f64,
    other: fn(&Counts, usize) -> f64,
    least: f64,
) -> Vec<f64> {
    let fitting = (0..counts.thresholds).filter(|at| other(counts, *at) as f32 >= least as f32);
    vec![fitting.map(|at| rate(counts, at)).fold(0.0, f64::max)]
}

fn sensitivity(counts: &Counts, at: usize) -> f64 {
    ratio(counts.tp[at], counts.tp[at] + counts.fn_[at])
}

fn specificity(counts: &Counts, at: usize) -> f64 {
    ratio(counts.tn[at], counts.tn[at] + counts.fp[at])
}

fn precision(counts: &Counts, at: usize) -> f64 {
    ratio(counts.tp[at], counts.tp[at] + counts.fp[at])
}
