//! Adadelta.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `A = ρA + (1-ρ)g²`, `δ = -√(D + ε)/√(A + ε)·g`, `D = ρD + (1-ρ)δ²`, `w += lr·δ`.
///
/// Keras: `keras.optimizers.Adadelta`, whose learning rate is 0.001 where the paper has 1
/// (<https://arxiv.org/abs/1212.5701>). State: accumulated_grad (A), accumulated_delta_var (D).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adadelta {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// ρ, at least 0 and less than 1. Default: 0.95.
    pub rho: f64,
    /// ε. Default: 1e-7.
    pub epsilon: f64,
}

impl Default for Adadelta {
    fn default() -> Self {
        Adadelta { learning_rate: 0.001.into(), rho: 0.95, epsilon: 1e-7 }
    }
}

impl Optimizer for Adadelta {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        ["accumulated_grad", "accumulated_delta_var"]
            .map(|name| SlotSpec::zeros(name, weight))
            .into()
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (lr, epsilon) = (step.learning_rate, self.epsilon as f32);
        let (rho, rest) = (self.rho as f32, (1.0 - self.rho) as f32);
        weight.pass(slots, |w, g, [a, d]| {
            let a = rho * a + rest * g * g;
            let delta = -((d + epsilon).sqrt() * g / (a + epsilon).sqrt());
            (w + lr * delta, [a, rho * d + rest * delta * delta])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(
            "s0 = c0 * s0 + c1 * g * g;
            const float delta = -(sqrtf(s1 + c2) * g / sqrtf(s0 + c2));
            s1 = c0 * s1 + c1 * delta * delta; w = w + lr * delta;",
        )
    }

    fn numbers(&self, _: &UpdateStep, _: f32) -> Vec<f32> {
        vec![self.rho as f32, (1.0 - self.rho) as f32, self.epsilon as f32]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("rho", self.rho)?;
        checks::positive("epsilon", self.epsilon)
    }
}
