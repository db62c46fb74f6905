//! Constraints: projections of weights after every optimizer step, by Keras's names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A projection after every optimizer step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Constraint {
    /// `max(w, 0)`
    NonNeg,
}

impl Constraint {
    /// Projects a weight of this shape in place (row-major).
    pub fn project(&self, values: &mut [f32], _shape: &[usize]) {
        match self {
            Constraint::NonNeg => values.iter_mut().for_each(|w| *w = w.max(0.0)),
        }
    }
}
