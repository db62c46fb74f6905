//! Adamax.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `m += (g-m)(1-β₁)`, `u = max(β₂u, |g|)`, `w -= lr·m/((1-β₁ᵗ)(u + ε))`: Adam with the infinity
/// norm (<https://arxiv.org/abs/1412.6980>, section 7).
///
/// Keras: `keras.optimizers.Adamax`. State: momentum, norm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adamax {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// β₁, at least 0 and less than 1. Default: 0.9.
    pub beta_1: f64,
    /// β₂, at least 0 and less than 1. Default: 0.999.
    pub beta_2: f64,
    /// ε. Default: 1e-7.
    pub epsilon: f64,
}

impl Default for Adamax {
    fn default() -> Self {
        Adamax { learning_rate: 0.001.into(), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Optimizer for Adamax {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        ["momentum", "norm"].map(|name| SlotSpec::zeros(name, weight)).into()
    }

    fn begin(&self, step: &mut UpdateStep, _: &mut [f32]) {
        step.factors[0] = step.bias_correction(self.beta_1);
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (lr, correction) = (step.learning_rate, step.factors[0]);
        let (rest_1, beta_2) = ((1.0 - self.beta_1) as f32, self.beta_2 as f32);
        let epsilon = self.epsilon as f32;
        weight.pass(slots, |w, g, [m, u]| {
            let m = m + (g - m) * rest_1;
            let (faded, new) = (beta_2 * u, g.abs());
            let u = if new > faded { new } else { faded };
            (w - lr * m / (correction * (u + epsilon)), [m, u])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(
            "const float faded = c1 * s1, size = fabsf(g);
            s0 = s0 + (g - s0) * c0; s1 = size > faded ? size : faded;
            w = w - lr * s0 / (c2 * (s1 + c3));",
        )
    }

    fn numbers(&self, step: &UpdateStep, _: f32) -> Vec<f32> {
        let (rest_1, beta_2) = ((1.0 - self.beta_1) as f32, self.beta_2 as f32);
        vec![rest_1, beta_2, step.factors[0], self.epsilon as f32]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("beta_1", self.beta_1)?;
        checks::below_one("beta_2", self.beta_2)?;
        checks::positive("epsilon", self.epsilon)
    }
}
