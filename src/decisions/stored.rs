//! `Decisions`: what was decided, as the model keeps it.

use serde::{Deserialize, Serialize};

use crate::sections::ThresholdRule;

/// What was decided, in the model's metadata.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    /// The rows that the decisions were made on.
    #[serde(default)]
    pub rows: usize,
    /// Whether these rows were kept apart by `fit.calibration_split`; else they are the validation
    /// data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// What the last layer's kernel and bias were divided by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// From which probabilities on classes or labels are predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<StoredThreshold>,
    /// How far the true values are from the predictions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<StoredInterval>,
    /// Why nothing could be decided, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// ClassThresholds and what they were chosen by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredThreshold {
    /// The rule.
    pub rule: ThresholdRule,
    /// The second of two classes, or the labels; `error` of an autoencoder.
    pub names: Vec<String>,
    /// From this probability on each of them is predicted; above this error a row is an anomaly.
    pub values: Vec<f32>,
    /// What the rule came to on the rows, for each: the F1, Youden's J, the total cost, or the
    /// fraction of the rows that are anomalies.
    pub scores: Vec<f64>,
}

/// Intervals of a regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredInterval {
    /// The fraction of true values that they are to hold.
    pub level: f64,
    /// How far they reach below and above each predicted number, in its own unit.
    pub half_widths: Vec<f64>,
}

impl Decisions {
    /// What was decided, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let part = if self.apart { "rows kept apart" } else { "validation rows" };
        let on = format!("on {} {part}", self.rows);
        if let Some(why) = &self.failure {
            lines.push(format!("nothing was decided {on}: {why}"));
        }
        if let Some(temperature) = self.temperature {
            lines.push(format!("calibrated {on}: temperature {temperature:.4}"));
        }
        if let Some(threshold) = &self.threshold {
            let each = threshold.names.iter().zip(&threshold.values).zip(&threshold.scores);
            let rule = threshold.rule.name();
            lines.extend(each.map(|((name, value), score)| match threshold.rule {
                ThresholdRule::Quantile(quantile) => format!(
                    "threshold {on}: a row is an anomaly where its `{name}` is above {value:.4} \
                     (quantile {quantile}; {:.1} % of them)",
                    100.0 * score
                ),
                _ => format!("threshold {on}: `{name}` from {value:.4} on ({rule} {score:.4})"),
            }));
        }
        if let Some(StoredInterval { level, half_widths }) = &self.intervals {
            let widths: Vec<String> =
                half_widths.iter().map(|width| format!("{width:.4}")).collect();
            lines.push(format!(
                "intervals {on}: ± {} hold {level} of the values",
                widths.join(", ")
            ));
        }
        lines
    }
}

impl StoredInterval {
    /// The lower and the upper end for one of the predicted numbers.
    pub fn around(&self, prediction: f32, column: usize) -> (f32, f32) {
        let half = self.half_widths.get(column).copied().unwrap_or(f64::NAN);
        let prediction = f64::from(prediction);
        ((prediction - half) as f32, (prediction + half) as f32)
    }

    /// The fraction of the true values within the intervals, and their mean width; `targets` in their
    /// own unit.
    pub fn coverage(&self, predictions: &[f32], targets: &[f64]) -> (f64, f64) {
        let columns = self.half_widths.len().max(1);
        let within =
            predictions.iter().zip(targets).enumerate().filter(|(i, (p, y))| {
                (f64::from(**p) - **y).abs() <= self.half_widths[i % columns]
            });
        let width = 2.0 * self.half_widths.iter().sum::<f64>() / columns as f64;
        (within.count() as f64 / targets.len().max(1) as f64, width)
    }
}
