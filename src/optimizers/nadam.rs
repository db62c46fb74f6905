//! Nadam.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// Adam with Nesterov's momentum: `μₜ = β₁(1 - ½·0.96ᵗ)`, `Π = Π·μₜ` (1 at first),
/// `m̂ = μₜ₊₁·m/(1 - Π·μₜ₊₁) + (1-μₜ)·g/(1-Π)`, `v̂ = v/(1-β₂ᵗ)`, `w -= lr·m̂/(√v̂ + ε)`, with Adam's
/// `m` and `v`.
///
/// Keras: `keras.optimizers.Nadam`. State: momentum, velocity, and Π for all weights together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nadam {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// β₁, at least 0 and less than 1. Default: 0.9.
    pub beta_1: f64,
    /// β₂, at least 0 and less than 1. Default: 0.999.
    pub beta_2: f64,
    /// ε. Default: 1e-7.
    pub epsilon: f64,
}

impl Default for Nadam {
    fn default() -> Self {
        Nadam { learning_rate: 0.001.into(), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Optimizer for Nadam {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        ["momentum", "velocity"].map(|name| SlotSpec::zeros(name, weight)).into()
    }

    fn scalars(&self) -> &'static [f32] {
        &[1.0]
    }

    fn begin(&self, step: &mut UpdateStep, scalars: &mut [f32]) {
        let u = |t: u64| self.beta_1 as f32 * (1.0 - 0.5 * 0.96f32.powf(t as f32));
        let (now, next) = (u(step.t), u(step.t + 1));
        let [product] = scalars else { return };
        *product *= now;
        step.factors = [
            next / (1.0 - *product * next),
            (1.0 - now) / (1.0 - *product),
            step.bias_correction(self.beta_2),
            0.0,
        ];
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (lr, epsilon) = (step.learning_rate, self.epsilon as f32);
        let [of_m, of_g, correction, _] = step.factors;
        let (rest_1, rest_2) = (1.0 - self.beta_1 as f32, 1.0 - self.beta_2 as f32);
        weight.pass(slots, |w, g, [m, v]| {
            let m = m + (g - m) * rest_1;
            let v = v + (g * g - v) * rest_2;
            let m_hat = of_m * m + of_g * g;
            (w - m_hat * lr / ((v / correction).sqrt() + epsilon), [m, v])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(
            "s0 = s0 + (g - s0) * c2; s1 = s1 + (g * g - s1) * c3;
            w = w - (c0 * s0 + c1 * g) * lr / (sqrtf(s1 / c4) + c5);",
        )
    }

    fn numbers(&self, step: &UpdateStep, _: f32) -> Vec<f32> {
        let [of_m, of_g, correction, _] = step.factors;
        let [rest_1, rest_2] = [self.beta_1, self.beta_2].map(|beta| 1.0 - beta as f32);
        vec![of_m, of_g, rest_1, rest_2, correction, self.epsilon as f32]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("beta_1", self.beta_1)?;
        checks::below_one("beta_2", self.beta_2)?;
        checks::positive("epsilon", self.epsilon)
    }
}
