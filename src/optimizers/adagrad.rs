//! Adagrad.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `a += g²`, `w -= lr·g/√(a + ε)`.
///
/// Keras: `keras.optimizers.Adagrad`. State: accumulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adagrad {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// Initial value of the accumulator. Default: 0.1.
    pub initial_accumulator_value: f64,
    /// ε. Default: 1e-7.
    pub epsilon: f64,
}

impl Default for Adagrad {
    fn default() -> Self {
        let learning_rate = 0.001.into();
        Adagrad { learning_rate, initial_accumulator_value: 0.1, epsilon: 1e-7 }
    }
}

impl Optimizer for Adagrad {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        vec![SlotSpec::zeros("accumulator", weight).initial(self.initial_accumulator_value)]
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (lr, epsilon) = (step.learning_rate, self.epsilon as f32);
        weight.pass(slots, |w, g, [a]| {
            let a = a + g * g;
            (w - lr * g / (a + epsilon).sqrt(), [a])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some("s0 = s0 + g * g; w = w - lr * g / sqrtf(s0 + c0);")
    }

    fn numbers(&self, _: &UpdateStep, _: f32) -> Vec<f32> {
        vec![self.epsilon as f32]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::not_negative("initial_accumulator_value", self.initial_accumulator_value)?;
        checks::positive("epsilon", self.epsilon)
    }
}
