//! Errors of numbers: squared, absolute, in percent, of logarithms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Accumulator, Metric, same_columns};
use super::rows::{average, average_then, column_mean};
use crate::error::Problem;
use crate::target::Output;

/// `Σ w·mean (y - p)² / Σ w` over the samples. Keras: `keras.metrics.MeanSquaredError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanSquaredError {}

impl Metric for MeanSquaredError {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("mean_squared_error", output)?;
        Ok(average(|rows, row| column_mean(rows, row, |y, p| (y - p).powi(2))))
    }
}

/// `√(Σ w·mean (y - p)² / Σ w)`. Keras: `keras.metrics.RootMeanSquaredError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootMeanSquaredError {}

impl Metric for RootMeanSquaredError {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("root_mean_squared_error", output)?;
        Ok(average_then(|rows, row| column_mean(rows, row, |y, p| (y - p).powi(2)), f64::sqrt))
    }
}

/// `Σ w·mean |y - p| / Σ w` over the samples. Keras: `keras.metrics.MeanAbsoluteError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanAbsoluteError {}

impl Metric for MeanAbsoluteError {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("mean_absolute_error", output)?;
        Ok(average(|rows, row| column_mean(rows, row, |y, p| (y - p).abs())))
    }
}

/// `100 · mean |(y - p) / max(|y|, 1e-7)|`. Keras: `keras.metrics.MeanAbsolutePercentageError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanAbsolutePercentageError {}

impl Metric for MeanAbsolutePercentageError {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("mean_absolute_percentage_error", output)?;
        let each = |y: f64, p: f64| 100.0 * (y - p).abs() / y.abs().max(1e-7);
        Ok(average(move |rows, row| column_mean(rows, row, each)))
    }
}

/// `mean (ln (1 + max(p, 1e-7)) - ln (1 + max(y, 1e-7)))²`.
/// Keras: `keras.metrics.MeanSquaredLogarithmicError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanSquaredLogarithmicError {}

impl Metric for MeanSquaredLogarithmicError {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("mean_squared_logarithmic_error", output)?;
        let log = |x: f64| x.max(1e-7).ln_1p();
        let each = move |y: f64, p: f64| (log(p) - log(y)).powi(2);
        Ok(average(move |rows, row| column_mean(rows, row, each)))
    }
}

/// `mean ln cosh (p - y)`. Keras: `keras.metrics.LogCoshError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogCoshError {}

impl Metric for LogCoshError {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("logcosh", output)?;
        let each = |y: f64, p: f64| {
            let size = (p - y).abs();
            size + (-2.0 * size).exp().ln_1p() - std::f64::consts::LN_2
        };
        Ok(average(move |rows, row| column_mean(rows, row, each)))
    }
}
