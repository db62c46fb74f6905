//! Lion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `w -= lr·sign(β₁m + (1-β₁)g)`, then `m = β₂m + (1-β₂)g`.
///
/// Keras: `keras.optimizers.Lion`. Paper: <https://arxiv.org/abs/2302.06675>. State: momentum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lion {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// β₁, at least 0 and less than 1. Default: 0.9.
    pub beta_1: f64,
    /// β₂, at least 0 and less than 1. Default: 0.99.
    pub beta_2: f64,
}

impl Default for Lion {
    fn default() -> Self {
        Lion { learning_rate: 0.001.into(), beta_1: 0.9, beta_2: 0.99 }
    }
}

impl Optimizer for Lion {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        vec![SlotSpec::zeros("momentum", weight)]
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let lr = step.learning_rate;
        let (beta_1, rest_1) = (self.beta_1 as f32, (1.0 - self.beta_1) as f32);
        let (beta_2, rest_2) = (self.beta_2 as f32, (1.0 - self.beta_2) as f32);
        weight.pass(slots, |w, g, [m]| {
            let direction = beta_1 * m + rest_1 * g;
            // not signum(), which is 1 at 0
            let up = if direction > 0.0 { lr } else { 0.0 };
            let down = if direction < 0.0 { lr } else { 0.0 };
            (w - (up - down), [beta_2 * m + rest_2 * g])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(
            "const float direction = c0 * s0 + c1 * g;
            w = w - ((direction > 0.0f ? lr : 0.0f) - (direction < 0.0f ? lr : 0.0f));
            s0 = c2 * s0 + c3 * g;",
        )
    }

    fn numbers(&self, _: &UpdateStep, _: f32) -> Vec<f32> {
        let (beta_1, rest_1) = (self.beta_1 as f32, (1.0 - self.beta_1) as f32);
        let (beta_2, rest_2) = (self.beta_2 as f32, (1.0 - self.beta_2) as f32);
        vec![beta_1, rest_1, beta_2, rest_2]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("beta_1", self.beta_1)?;
        checks::below_one("beta_2", self.beta_2)
    }
}
