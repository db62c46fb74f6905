//! F-scores: precision and recall of each class in one number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confusion::check_columns;
use super::metric::{Accumulator, Metric, MetricBatch};
use super::rows::Rows;
use crate::error::Problem;
use crate::losses::checks;
use crate::target::Output;

/// How the scores of the classes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Average {
    /// The counts of all classes in one score.
    Micro,
    /// The mean of the scores.
    Macro,
    /// The mean weighted by how often each class is there.
    Weighted,
}

/// `2 P R / (P + R)` of each class, P its precision and R its recall. Keras: `keras.metrics.F1Score`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct F1Score {
    /// How to average the classes: micro, macro or weighted. Default: none, one number for each
    /// class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<Average>,
    /// Predictions above it count as positive; greater than 0 and at most 1. Default: none, the
    /// largest column is the prediction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

impl Metric for F1Score {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        start("f1_score", self.average, 1.0, self.threshold, output)
    }

    fn threshold(&self) -> Option<f64> {
        self.threshold
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// `(1 + beta²) P R / (beta² P + R)` of each class, P its precision and R its recall; 1e-7 is added
/// to each divisor. Keras: `keras.metrics.FBetaScore`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FBetaScore {
    /// How to average the classes: micro, macro or weighted. Default: none, one number for each
    /// class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<Average>,
    /// Weight of recall relative to precision; greater than 0. Default: 1.
    pub beta: f64,
    /// Predictions above it count as positive; greater than 0 and at most 1. Default: none, the
    /// largest column is the prediction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

impl Default for FBetaScore {
    fn default() -> Self {
        FBetaScore { average: None, beta: 1.0, threshold: None }
    }
}

impl Metric for FBetaScore {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::positive("beta", self.beta)?;
        start("fbeta_score", self.average, self.beta, self.threshold, output)
    }

    fn threshold(&self) -> Option<f64> {
        self.threshold
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

fn start(
    name: &str,
    average: Option<Average>,
    beta: f64,
    threshold: Option<f64>,
    output: &Output<'_>,
) -> Result<Box<dyn Accumulator>, Problem> {
    check_columns(name, output)?;
    if output.shape.rank() != 1 {
        let message = format!("`{name}` wants one row of classes a sample, got {}", output.shape);
        return Err(Problem::at("", message));
    }
    match threshold {
        Some(threshold) if !(threshold > 0.0 && threshold <= 1.0) => {
            let message = format!("`threshold` must be over 0 and at most 1, got {threshold}");
            return Err(Problem::at("threshold", message));
        }
        Some(_) => checks::probabilities(name, "sigmoid", output)?,
        None if output.shape.last() == 1 => {
            let message = format!("`{name}` over 1 unit needs a `threshold`");
            let help = "give `threshold: 0.5`; without one the largest column is what is \
                        predicted, and there is only one";
            return Err(Problem::at("", message).help(help));
        }
        None => {}
    }
    let classes = if average == Some(Average::Micro) { 1 } else { output.shape.last() };
    let cells = vec![[0.0; 3]; classes];
    Ok(Box::new(FCounts { average, beta, threshold: threshold.map(|t| t as f32), cells }))
}

#[derive(Clone)]
struct FCounts {
    average: Option<Average>,
    beta: f64,
    threshold: Option<f32>,
    /// True positives, false positives, false negatives: of each class, or of all in one.
    cells: Vec<[f64; 3]>,
}

impl Accumulator for FCounts {
    fn update(&mut self, batch: &MetricBatch<'_>) {
        let rows = Rows::of(batch);
        let micro = self.average == Some(Average::Micro);
        for row in 0..rows.count {
            let weight = rows.weight(row);
            let scores = rows.prediction(row);
            let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for (column, score) in scores.iter().enumerate() {
                let is_predicted = match self.threshold {
                    Some(threshold) => *score > threshold,
                    None => *score >= largest && score.abs() > 1e-9,
                };
                let y = f64::from(rows.column(row, column));
                let p = f64::from(u8::from(is_predicted));
                let Some(cell) = self.cells.get_mut(if micro { 0 } else { column }) else { return };
                cell[0] += weight * p * y;
                cell[1] += weight * p * (1.0 - y);
                cell[2] += weight * (1.0 - p) * y;
            }
        }
    }

    fn result(&self) -> Vec<f64> {
        let beta = self.beta * self.beta;
        let score = |[tp, fp, fn_]: &[f64; 3]| {
            let (precision, recall) = (tp / (tp + fp + 1e-7), tp / (tp + fn_ + 1e-7));
            (1.0 + beta) * precision * recall / (beta * precision + recall + 1e-7)
        };
        let scores: Vec<f64> = self.cells.iter().map(score).collect();
        match self.average {
            None => scores,
            Some(Average::Weighted) => {
                let there: Vec<f64> = self.cells.iter().map(|[tp, _, fn_]| tp + fn_).collect();
                let total = there.iter().sum::<f64>() + 1e-7;
                vec![scores.iter().zip(&there).map(|(score, n)| score * n / total).sum()]
            }
            Some(_) => vec![scores.iter().sum::<f64>() / scores.len() as f64],
        }
    }

    fn state(&self) -> Vec<f64> {
        self.cells.iter().flatten().copied().collect()
    }

    fn set_state(&mut self, state: &[f64]) {
        for (value, saved) in self.cells.iter_mut().flatten().zip(state) {
            *value = *saved;
        }
    }
}
