//! Regularizers: penalties on weights and outputs, by Keras's names.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// A penalty added to the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Regularizer {
    /// `l2 · Σ w²`
    L2 {
        /// The factor. Default: 0.01.
        #[serde(default = "one_hundredth")]
        l2: f64,
    },
}

fn one_hundredth() -> f64 {
    0.01
}

impl Regularizer {
    /// The penalty on `w`, a scalar.
    pub fn penalty(&self, w: &Tensor) -> Result<Tensor> {
        match self {
            Regularizer::L2 { l2 } => Ok((w.sqr()?.sum_all()? * *l2)?),
        }
    }
}
