//! How alike the numbers of one sample are: cosine similarity and correlations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::crossentropy::last_axis;
use super::metric::{Accumulator, Metric, same_columns};
use super::rows::{Rows, average, column_mean};
use crate::error::Problem;
use crate::target::Output;

/// The mean of `Σ ŷ p̂`, where x̂ is x divided by its norm (at least 1e-7): 1 for the same
/// direction. The loss of this name has the opposite sign. Keras: `keras.metrics.CosineSimilarity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CosineSimilarity {
    /// Axis of the vectors; only the last. Default: -1.
    pub axis: i64,
}

impl Default for CosineSimilarity {
    fn default() -> Self {
        CosineSimilarity { axis: -1 }
    }
}

impl Metric for CosineSimilarity {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        last_axis(self.axis, output)?;
        same_columns("cosine_similarity", output)?;
        Ok(average(|rows, row| {
            let sum = |each: fn(f64, f64) -> f64| column_mean(rows, row, each) * rows.width as f64;
            let length = |square: f64| square.max(1e-14).sqrt();
            sum(|y, p| y * p) / (length(sum(|y, _| y * y)) * length(sum(|_, p| p * p)))
        }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// The mean over samples of the correlation of y and p over a sample's columns.
/// Keras: `keras.metrics.PearsonCorrelation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PearsonCorrelation {
    /// Axis of the correlation; only the last. Default: -1.
    pub axis: i64,
}

impl Default for PearsonCorrelation {
    fn default() -> Self {
        PearsonCorrelation { axis: -1 }
    }
}

impl Metric for PearsonCorrelation {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        several_columns("pearson_correlation", self.axis, output)?;
        Ok(average(|rows, row| {
            let Moments { mean_y, mean_p, variance_y, variance_p } = Moments::of(rows, row);
            let covariance = column_mean(rows, row, |y, p| (y - mean_y) * (p - mean_p));
            covariance / (variance_y * variance_p).sqrt()
        }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// The mean over samples of Keras's concordance over a sample's columns,
/// `mean 2 (y - p̄)(p - p̄) / (var y + var p + (ȳ - p̄)² + 1e-7)`: 1 where they are equal.
/// Keras: `keras.metrics.ConcordanceCorrelation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConcordanceCorrelation {
    /// Axis of the correlation; only the last. Default: -1.
    pub axis: i64,
}

impl Default for ConcordanceCorrelation {
    fn default() -> Self {
        ConcordanceCorrelation { axis: -1 }
    }
}

impl Metric for ConcordanceCorrelation {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        several_columns("concordance_correlation", self.axis, output)?;
        Ok(average(|rows, row| {
            let Moments { mean_y, mean_p, variance_y, variance_p } = Moments::of(rows, row);
            // Keras takes the mean of p from y, too: the mean of the product is the same
            let covariance = column_mean(rows, row, |y, p| (y - mean_p) * (p - mean_p));
            2.0 * covariance / (variance_y + variance_p + (mean_y - mean_p).powi(2) + 1e-7)
        }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

struct Moments {
    mean_y: f64,
    mean_p: f64,
    variance_y: f64,
    variance_p: f64,
}

impl Moments {
    fn of(rows: &Rows<'_>, row: usize) -> Moments {
        let mean_y = column_mean(rows, row, |y, _| y);
        let mean_p = column_mean(rows, row, |_, p| p);
        let variance_y = column_mean(rows, row, |y, _| (y - mean_y).powi(2));
        let variance_p = column_mean(rows, row, |_, p| (p - mean_p).powi(2));
        Moments { mean_y, mean_p, variance_y, variance_p }
    }
}

fn several_columns(name: &str, axis: i64, output: &Output<'_>) -> Result<(), Problem> {
    last_axis(axis, output)?;
    same_columns(name, output)?;
    if output.shape.last() < 2 {
        let message = format!("`{name}` is over the columns of a sample, but there is only 1");
        return Err(Problem::at("", message).help("use `r2_score` for the fit over all samples"));
    }
    Ok(())
}
