//! Cosine similarity.

use candle_core::{D, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks;
use super::loss::Loss;
use super::terms::{EPSILON, at_least, axis_last};
use crate::error::{Problem, Result};
use crate::target::Output;

/// `-Σ ŷ p̂` over `axis`, where x̂ is x divided by its norm (at least 1e-7): -1 for the same
/// direction, 1 for the opposite one. Keras: `keras.losses.CosineSimilarity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CosineSimilarity {
    /// Axis of the vectors. Default: -1.
    pub axis: i64,
}

impl Default for CosineSimilarity {
    fn default() -> Self {
        CosineSimilarity { axis: -1 }
    }
}

impl Loss for CosineSimilarity {
    fn per_sample(&self, target: &Tensor, prediction: &Tensor) -> Result<Tensor> {
        let target = unit(&axis_last(target, self.axis)?)?;
        let prediction = unit(&axis_last(prediction, self.axis)?)?;
        Ok((target * prediction)?.sum(D::Minus1)?.neg()?)
    }

    fn check(&self, output: &Output<'_>) -> Result<(), Problem> {
        checks::axis(self.axis, output)?;
        checks::same_columns("cosine_similarity", output)
    }
}

/// Vectors over the last axis divided by their length.
fn unit(x: &Tensor) -> Result<Tensor> {
    let squares = x.sqr()?.sum_keepdim(D::Minus1)?;
    Ok(x.broadcast_div(&at_least(&squares, EPSILON * EPSILON)?.sqrt()?)?)
}
