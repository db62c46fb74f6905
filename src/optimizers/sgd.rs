//! Stochastic gradient descent, with momentum.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `w -= lr·g`; with momentum `m = μm - lr·g`, `w += m`, or `w += μm - lr·g` (nesterov).
///
/// Keras: `keras.optimizers.SGD`. State: momentum, where it is not 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sgd {
    /// Learning rate, or a schedule of it. Default: 0.01.
    pub learning_rate: LearningRate,
    /// μ, between 0 and 1. Default: 0.
    pub momentum: f64,
    /// Whether to use Nesterov momentum. Default: false.
    pub nesterov: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Sgd { learning_rate: 0.01.into(), momentum: 0.0, nesterov: false }
    }
}

impl Optimizer for Sgd {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        if self.momentum == 0.0 { Vec::new() } else { vec![SlotSpec::zeros("momentum", weight)] }
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (lr, momentum) = (step.learning_rate, self.momentum as f32);
        match (slots.is_empty(), self.nesterov) {
            (true, _) => weight.pass(slots, |w, g, []| (w - lr * g, [])),
            (false, false) => weight.pass(slots, |w, g, [m]| {
                let m = momentum * m - lr * g;
                (w + m, [m])
            }),
            (false, true) => weight.pass(slots, |w, g, [m]| {
                let m = momentum * m - lr * g;
                (w + (momentum * m - lr * g), [m])
            }),
        }
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(match (self.momentum == 0.0, self.nesterov) {
            (true, _) => "w = w - lr * g;",
            (false, false) => "s0 = c0 * s0 - lr * g; w = w + s0;",
            (false, true) => "s0 = c0 * s0 - lr * g; w = w + (c0 * s0 - lr * g);",
        })
    }

    fn numbers(&self, _: &UpdateStep, _: f32) -> Vec<f32> {
        vec![self.momentum as f32]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::fraction("momentum", self.momentum)
    }
}
