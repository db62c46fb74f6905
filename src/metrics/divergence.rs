//! Kullback-Leibler divergence and Poisson loss as metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Accumulator, Metric, same_columns};
use super::rows::{average, column_mean};
use crate::error::Problem;
use crate::losses::checks;
use crate::target::Output;

/// The mean of `Σ y ln (y / p)`, y and p clipped to [1e-7, 1]. Keras: `keras.metrics.KLDivergence`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KlDivergence {}

impl Metric for KlDivergence {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::categorical("kl_divergence", output)?;
        checks::probabilities("kl_divergence", "softmax", output)?;
        let each = |y: f64, p: f64| {
            let (y, p) = (y.clamp(1e-7, 1.0), p.clamp(1e-7, 1.0));
            y * (y / p).ln()
        };
        Ok(average(move |rows, row| column_mean(rows, row, each) * rows.width as f64))
    }
}

/// The mean of `p - y ln (p + 1e-7)` over all numbers. Keras: `keras.metrics.Poisson`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poisson {}

impl Metric for Poisson {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        same_columns("poisson", output)?;
        Ok(average(|rows, row| column_mean(rows, row, |y, p| p - y * (p + 1e-7).ln())))
    }
}
