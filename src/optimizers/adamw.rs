//! AdamW, as candle and PyTorch have it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::numeric::vector;
use crate::optimizers::schedules::LearningRate;

/// `w = (1 - lr·λ)w`, `m = β₁m + (1-β₁)g`, `v = β₂v + (1-β₂)g²`, `w -= lr·m̂/(√v̂ + ε)` with
/// `m̂ = m/(1-β₁ᵗ)`, `v̂ = v/(1-β₂ᵗ)`; λ is `weight_decay`, 0.01 where it isn't given.
///
/// Unlike Keras, this is candle's (`candle_nn::AdamW`) and PyTorch's AdamW, equation and defaults;
/// Keras's own AdamW is `adam` with `weight_decay: 0.004`. Paper:
/// <https://arxiv.org/abs/1711.05101>. State: momentum, velocity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdamW {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// β₁, at least 0 and less than 1. Default: 0.9.
    pub beta_1: f64,
    /// β₂, at least 0 and less than 1. Default: 0.999.
    pub beta_2: f64,
    /// ε. Default: 1e-8.
    pub epsilon: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        AdamW { learning_rate: 0.001.into(), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }
    }
}

impl Optimizer for AdamW {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        ["momentum", "velocity"].map(|name| SlotSpec::zeros(name, weight)).into()
    }

    fn weight_decay(&self, given: Option<f64>, _: &WeightPlace<'_>) -> Option<f64> {
        Some(given.unwrap_or(0.01))
    }

    fn decay(&self, values: &mut [f32], decay: f32, learning_rate: f32) {
        let keep = kept(decay, learning_rate);
        vector::map(values, |w| w * keep);
    }

    fn begin(&self, step: &mut UpdateStep, _: &mut [f32]) {
        // in f64, as candle does
        let scale = |beta: f64| (1.0 / (1.0 - beta.powi(step.t as i32))) as f32;
        let (scale_m, scale_v) = (scale(self.beta_1), scale(self.beta_2));
        [step.factors[0], step.factors[1]] = [scale_m, scale_v];
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (lr, epsilon) = (step.learning_rate, self.epsilon as f32);
        let [scale_m, scale_v, ..] = step.factors;
        let (beta_1, beta_2) = (self.beta_1 as f32, self.beta_2 as f32);
        let (rest_1, rest_2) = ((1.0 - self.beta_1) as f32, (1.0 - self.beta_2) as f32);
        weight.pass(slots, |w, g, [m, v]| {
            let m = m * beta_1 + g * rest_1;
            let v = v * beta_2 + g * g * rest_2;
            let adjusted = m * scale_m / ((v * scale_v).sqrt() + epsilon);
            (w - adjusted * lr, [m, v])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(
            "s0 = s0 * c2 + g * c3; s1 = s1 * c4 + g * g * c5;
            w = w - s0 * c0 / (sqrtf(s1 * c1) + c6) * lr;",
        )
    }

    fn decay_in_c(&self) -> &'static str {
        "w = w * c7;"
    }

    fn numbers(&self, step: &UpdateStep, decay: f32) -> Vec<f32> {
        let [scale_m, scale_v, ..] = step.factors;
        let [beta_1, rest_1] = [self.beta_1 as f32, (1.0 - self.beta_1) as f32];
        let [beta_2, rest_2] = [self.beta_2 as f32, (1.0 - self.beta_2) as f32];
        let (epsilon, keep) = (self.epsilon as f32, kept(decay, step.learning_rate));
        vec![scale_m, scale_v, beta_1, rest_1, beta_2, rest_2, epsilon, keep]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("beta_1", self.beta_1)?;
        checks::below_one("beta_2", self.beta_2)?;
        checks::positive("epsilon", self.epsilon)
    }
}

/// What a decay leaves of a weight.
fn kept(decay: f32, learning_rate: f32) -> f32 {
    (1.0 - f64::from(learning_rate) * f64::from(decay)) as f32
}
