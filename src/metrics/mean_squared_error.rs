//! Mean squared error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Accumulator, Batch, Metric};
use crate::error::Problem;
use crate::losses::Output;

/// `Σ w·mean (y - p)² / Σ w` over the samples. Keras: `keras.metrics.MeanSquaredError`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanSquaredError {}

impl Metric for MeanSquaredError {
    fn accumulator(&self, _: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        Ok(Box::new(State::default()))
    }
}

#[derive(Default)]
struct State {
    total: f64,
    count: f64,
}

impl Accumulator for State {
    fn update(&mut self, batch: &Batch<'_>) {
        for (y, p) in batch.target.iter().zip(batch.prediction) {
            self.total += f64::from(y - p).powi(2);
            self.count += 1.0;
        }
    }
    fn result(&self) -> Vec<f64> {
        vec![if self.count == 0.0 { 0.0 } else { self.total / self.count }]
    }
    fn state(&self) -> Vec<f64> {
        vec![self.total, self.count]
    }
    fn set_state(&mut self, state: &[f64]) {
        (self.total, self.count) = (state[0], state[1]);
    }
}
