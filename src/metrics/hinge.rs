//! Hinge losses as metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Accumulator, Metric};
use super::rows::{Rows, average, average_with, column_mean};
use crate::error::Problem;
use crate::losses::checks;
use crate::target::Output;

/// The mean of `max(1 - y p, 0)`; y is -1 or 1; a batch of targets that are all 0 or 1 is
/// converted.
/// Keras: `keras.metrics.Hinge`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hinge {}

impl Metric for Hinge {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::binary("hinge", output)?;
        Ok(average_with(are_bits, |rows, bits, row| {
            Some(column_mean(rows, row, |y, p| margin(y, p, *bits)))
        }))
    }
}

/// The mean of `max(1 - y p, 0)²`; y is -1 or 1; a batch of targets that are all 0 or 1 is
/// converted.
/// Keras: `keras.metrics.SquaredHinge`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SquaredHinge {}

impl Metric for SquaredHinge {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::binary("squared_hinge", output)?;
        Ok(average_with(are_bits, |rows, bits, row| {
            Some(column_mean(rows, row, |y, p| margin(y, p, *bits).powi(2)))
        }))
    }
}

/// The mean of `max(max (1 - y) p - Σ y p + 1, 0)`; y is one-hot.
/// Keras: `keras.metrics.CategoricalHinge`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoricalHinge {}

impl Metric for CategoricalHinge {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::categorical("categorical_hinge", output)?;
        Ok(average(|rows, row| {
            let (mut right, mut wrong) = (0.0, f64::NEG_INFINITY);
            for (y, p) in rows.target(row).iter().zip(rows.prediction(row)) {
                let (y, p) = (f64::from(*y), f64::from(*p));
                right += y * p;
                wrong = wrong.max((1.0 - y) * p);
            }
            (wrong - right + 1.0).max(0.0)
        }))
    }
}

/// True where every target of the batch is 0 or 1.
fn are_bits(rows: &Rows<'_>) -> bool {
    (0..rows.count).all(|row| rows.target(row).iter().all(|y| *y == 0.0 || *y == 1.0))
}

fn margin(y: f64, p: f64, bits: bool) -> f64 {
    let y = if bits { 2.0 * y - 1.0 } else { y };
    (1.0 - y * p).max(0.0)
}
