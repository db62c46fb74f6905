//! The area under a curve of decisions at many thresholds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confusion::{
    Counting, Counts, MOST_THRESHOLDS, are_even, check_columns, check_range, ratio,
};
use super::metric::{Accumulator, Metric};
use crate::activations::Activation;
use crate::config::checks::count_within;
use crate::error::Problem;
use crate::losses::checks;
use crate::target::Output;

/// The area under the ROC or the precision-recall curve, approximated by `num_thresholds` points,
/// so that its memory does not grow with the data. Keras: `keras.metrics.AUC`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Auc {
    /// Number of thresholds between 0 and 1; from 2 to 20000. Default: 200.
    #[schemars(range(min = 2, max = MOST_THRESHOLDS))]
    pub num_thresholds: usize,
    /// ROC: true positives over false positives. PR: precision over recall. PRGAIN: both as gains
    /// over chance. Default: ROC.
    pub curve: Curve,
    /// Height of the curve between two points: the mean of both (for PR, Davis and Goadrich's
    /// interpolation), the larger or the smaller one. Default: interpolation.
    pub summation_method: Summation,
    /// Thresholds between 0 and 1 to use instead; 0 and 1 are added. Default: evenly spaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Vec<f64>>,
    /// Whether to compute the area for each column and average them. Default: false, which
    /// treats all columns as one.
    pub multi_label: bool,
    /// Number of columns, for `multi_label`; checked if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_labels: Option<usize>,
    /// Weight of each column in the mean. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_weights: Option<Vec<f64>>,
    /// Whether the predictions are logits, before the sigmoid. Default: false.
    pub from_logits: bool,
}

impl Default for Auc {
    fn default() -> Self {
        Auc {
            num_thresholds: 200,
            curve: Curve::Roc,
            summation_method: Summation::Interpolation,
            thresholds: None,
            multi_label: false,
            num_labels: None,
            label_weights: None,
            from_logits: false,
        }
    }
}

/// A curve of decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Curve {
    /// True positives over false positives.
    #[default]
    #[serde(rename = "ROC", alias = "roc")]
    Roc,
    /// Precision over recall.
    #[serde(rename = "PR", alias = "pr")]
    Pr,
    /// Precision gain over recall gain.
    #[serde(rename = "PRGAIN", alias = "prgain")]
    PrGain,
}

/// How the height between two points of the curve is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Summation {
    /// The mean of both heights.
    #[default]
    Interpolation,
    /// The larger height.
    Majoring,
    /// The smaller height.
    Minoring,
}

impl Metric for Auc {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        check_columns("auc", output)?;
        self.check_scores(output)?;
        let (thresholds, even) = self.thresholds()?;
        let mut counting = Counting::over(thresholds, even, output);
        let columns = counting.columns;
        for (key, count) in [
            ("num_labels", self.num_labels),
            ("label_weights", self.label_weights.as_ref().map(Vec::len)),
        ] {
            if let Some(count) = count.filter(|count| *count != columns) {
                let message = format!("`{key}` is for {count} columns, but there are {columns}");
                return Err(Problem::at(key, message));
            }
        }
        if self.num_labels.is_some() && !self.multi_label {
            let message = "`num_labels` is of use with `multi_label: true` only";
            return Err(Problem::at("num_labels", message).help("remove it"));
        }
        let weights = self.label_weights.clone().unwrap_or_default();
        counting.outside = true;
        counting.from_logits = self.from_logits;
        counting.by_column = self.multi_label;
        if !self.multi_label {
            counting.column_weights.clone_from(&weights);
        }
        let (curve, summation) = (self.curve, self.summation_method);
        Ok(counting.then(move |counts| {
            let areas = (0..counts.groups).map(|group| match (curve, summation) {
                (Curve::Pr, Summation::Interpolation) => interpolated(counts, group),
                _ => riemann(&points(counts, group, curve), summation),
            });
            if counts.groups == 1 || weights.is_empty() {
                return vec![areas.sum::<f64>() / counts.groups as f64];
            }
            let total = areas.zip(&weights).map(|(area, weight)| area * weight).sum();
            vec![ratio(total, weights.iter().sum())]
        }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

impl Auc {
    /// A linear last layer gives scores, all of which would be cut to 0 and 1.
    fn check_scores(&self, output: &Output<'_>) -> Result<(), Problem> {
        if !self.from_logits && output.activation == Some(&Activation::Linear) {
            let message = "`auc` wants probabilities, but the last layer is linear";
            let help =
                "give the last layer `activation: sigmoid`, or the metric `from_logits: true`";
            return Err(Problem::at("", message).help(help));
        }
        checks::logits("auc", self.from_logits, "sigmoid", output)
    }

    fn thresholds(&self) -> Result<(Vec<f32>, bool), Problem> {
        let mut inner: Vec<f64> = match &self.thresholds {
            Some(thresholds) => {
                check_range("thresholds", thresholds)?;
                thresholds.clone()
            }
            None => {
                count_within("num_thresholds", self.num_thresholds, 2..=MOST_THRESHOLDS)?;
                let last = (self.num_thresholds - 1) as f64;
                (1..self.num_thresholds - 1).map(|i| i as f64 / last).collect()
            }
        };
        inner.sort_by(f64::total_cmp);
        let ends = |low: f64, high: f64| -> Vec<f32> {
            let all = std::iter::once(low).chain(inner.iter().copied()).chain([high]);
            all.map(|threshold| threshold as f32).collect()
        };
        let even = self.thresholds.is_none() || are_even(&ends(0.0, 1.0));
        Ok((ends(-1e-7, 1.0 + 1e-7), even))
    }
}

/// The curve's points, the highest recall first.
fn points(counts: &Counts, group: usize, curve: Curve) -> Vec<(f64, f64)> {
    let point = |at: usize| {
        let cell = at * counts.groups + group;
        let (tp, fp) = (counts.tp[cell], counts.fp[cell]);
        let (tn, fn_) = (counts.tn[cell], counts.fn_[cell]);
        let recall = ratio(tp, tp + fn_);
        match curve {
            Curve::Roc => (ratio(fp, fp + tn), recall),
            Curve::Pr => (recall, ratio(tp, tp + fp)),
            Curve::PrGain if tp == 0.0 => (0.0, 1.0),
            Curve::PrGain => {
                let scale = ratio(tp + fn_, tn + fp);
                ((1.0 - scale * fn_ / tp).max(0.0), 1.0 - scale * fp / tp)
            }
        }
    };
    (0..counts.thresholds).map(point).collect()
}

fn riemann(points: &[(f64, f64)], summation: Summation) -> f64 {
    let area = |pair: &[(f64, f64)]| {
        let [(x, y), (next_x, next_y)] = *pair else { return 0.0 };
        let height = match summation {
            Summation::Interpolation => f64::midpoint(y, next_y),
            Summation::Majoring => y.max(next_y),
            Summation::Minoring => y.min(next_y),
        };
        (x - next_x) * height
    };
    points.windows(2).map(area).sum()
}

/// The area under the precision-recall curve whose true positives are linear in the positives
/// between two points. Davis and Goadrich, The Relationship Between Precision-Recall and ROC Curves.
fn interpolated(counts: &Counts, group: usize) -> f64 {
    let area = |at: usize| {
        let (cell, next) = (at * counts.groups + group, (at + 1) * counts.groups + group);
        let positives = |cell: usize| counts.tp[cell] + counts.fp[cell];
        let (p, next_p) = (positives(cell), positives(next));
        let tp_step = counts.tp[cell] - counts.tp[next];
        let slope = ratio(tp_step, (p - next_p).max(0.0));
        let intercept = counts.tp[next] - slope * next_p;
        let log = if p > 0.0 && next_p > 0.0 { (p / next_p).ln() } else { 0.0 };
        let all = (counts.tp[next] + counts.fn_[next]).max(0.0);
        ratio(slope * (tp_step + intercept * log), all)
    };
    (0..counts.thresholds - 1).map(area).sum()
}
