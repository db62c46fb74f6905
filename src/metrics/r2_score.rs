//! The coefficient of determination.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::metric::{Accumulator, Metric, MetricBatch, same_columns};
use super::rows::Rows;
use crate::error::Problem;
use crate::target::Output;

/// `1 - Σ w (y - p)² / (Σ w y² - (Σ w y)² / Σ w)` of each column: the fraction of the target's
/// variance that is explained; 1 is perfect, 0 is as good as predicting the mean. Keras:
/// `keras.metrics.R2Score`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct R2Score {
    /// How the scores of the columns are averaged. Default: uniform_average.
    #[serde(deserialize_with = "null_is_none")]
    pub class_aggregation: ClassAggregation,
    /// Number of features, for the adjusted score `1 - (1 - r²)(n - 1) / (n - k - 1)` with n
    /// samples. Default: 0, not adjusted.
    pub num_regressors: usize,
}

/// How the scores of several columns become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClassAggregation {
    /// The mean.
    #[default]
    UniformAverage,
    /// The mean weighted by each column's variance.
    VarianceWeightedAverage,
    /// A number for each column; Keras's None.
    None,
}

fn null_is_none<'de, D: Deserializer<'de>>(from: D) -> Result<ClassAggregation, D::Error> {
    let aggregation = Option::<ClassAggregation>::deserialize(from)?;
    Ok(aggregation.unwrap_or(ClassAggregation::None))
}

impl Metric for R2Score {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("r2_score", output)?;
        if output.shape.rank() > 1 {
            let message =
                format!("`r2_score` wants one row of numbers a sample, got {}", output.shape);
            return Err(Problem::at("", message));
        }
        let columns = vec![[0.0; 4]; output.shape.last().max(1)];
        Ok(Box::new(R2Sums { config: self.clone(), columns, numbers: 0.0 }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

#[derive(Clone)]
struct R2Sums {
    config: R2Score,
    /// Σ w, Σ w y, Σ w y², Σ w (y - p)² of each column.
    columns: Vec<[f64; 4]>,
    /// How many numbers were added, whatever their weight.
    numbers: f64,
}

impl Accumulator for R2Sums {
    fn update(&mut self, batch: &MetricBatch<'_>) {
        let rows = Rows::of(batch);
        for row in 0..rows.count {
            let weight = rows.weight(row);
            let pairs = rows.target(row).iter().zip(rows.prediction(row));
            for (column, (y, p)) in self.columns.iter_mut().zip(pairs) {
                let (y, p) = (f64::from(*y), f64::from(*p));
                column[0] += weight;
                column[1] += weight * y;
                column[2] += weight * y * y;
                column[3] += weight * (y - p).powi(2);
                self.numbers += 1.0;
            }
        }
    }

    fn result(&self) -> Vec<f64> {
        let variance = |[count, sum, squares, _]: &[f64; 4]| squares - sum * sum / count;
        let score = |column: &[f64; 4]| {
            let score = 1.0 - column[3] / variance(column);
            if score.is_infinite() { 0.0 } else { score }
        };
        let scores: Vec<f64> = self.columns.iter().map(score).collect();
        let scores = match self.config.class_aggregation {
            ClassAggregation::UniformAverage => {
                vec![scores.iter().sum::<f64>() / scores.len() as f64]
            }
            ClassAggregation::VarianceWeightedAverage => {
                let variances: Vec<f64> = self.columns.iter().map(variance).collect();
                let total: f64 = scores.iter().zip(&variances).map(|(s, v)| s * v).sum();
                vec![total / variances.iter().sum::<f64>()]
            }
            ClassAggregation::None => scores,
        };
        let (n, k) = (self.numbers, self.config.num_regressors as f64);
        if k == 0.0 || k >= n - 1.0 {
            return scores; // too few numbers to adjust by, as in Keras
        }
        scores.iter().map(|score| 1.0 - (1.0 - score) * (n - 1.0) / (n - k - 1.0)).collect()
    }

    fn state(&self) -> Vec<f64> {
        let numbers = std::iter::once(self.numbers);
        numbers.chain(self.columns.iter().flatten().copied()).collect()
    }

    fn set_state(&mut self, state: &[f64]) {
        let Some((numbers, rest)) = state.split_first() else { return };
        self.numbers = *numbers;
        for (value, saved) in self.columns.iter_mut().flatten().zip(rest) {
            *value = *saved;
        }
    }
}
