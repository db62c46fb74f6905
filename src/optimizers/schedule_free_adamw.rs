//! Schedule-free AdamW.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `v += (g²-v)(1-β₂)`, `x = (w - (1-β₁)z)/β₁`, `z -= lr·g/(√(v/(1-β₂ᵗ)) + ε)`,
/// `x += (z-x)/t`, `w = (1-β₁)z + β₁x`: an average of the iterates in place of a schedule. Over
/// the first `warmup_steps` the learning rate rises in a straight line.
///
/// Keras: `keras.optimizers.ScheduleFreeAdamW`. Paper: <https://arxiv.org/abs/2405.15682>. State:
/// momentum (z, which starts as the weight), velocity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleFreeAdamW {
    /// Learning rate, or a schedule of it. Default: 0.0025.
    pub learning_rate: LearningRate,
    /// β₁, greater than 0 and less than 1. Default: 0.9.
    pub beta_1: f64,
    /// β₂, at least 0 and less than 1. Default: 0.999.
    pub beta_2: f64,
    /// ε. Default: 1e-8.
    pub epsilon: f64,
    /// Number of warmup steps. Default: 0.
    pub warmup_steps: u64,
}

impl Default for ScheduleFreeAdamW {
    fn default() -> Self {
        let learning_rate = 0.0025.into();
        let (beta_1, beta_2) = (0.9, 0.999);
        ScheduleFreeAdamW { learning_rate, beta_1, beta_2, epsilon: 1e-8, warmup_steps: 0 }
    }
}

impl Optimizer for ScheduleFreeAdamW {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        let momentum = SlotSpec { initial: None, ..SlotSpec::zeros("momentum", weight) };
        vec![momentum, SlotSpec::zeros("velocity", weight)]
    }

    fn begin(&self, step: &mut UpdateStep, _: &mut [f32]) {
        let t = step.t as f32;
        let warm = match self.warmup_steps {
            0 => 1.0,
            steps => (t / steps as f32).min(1.0),
        };
        step.factors[0] = step.learning_rate * warm;
        step.factors[1] = step.bias_correction(self.beta_2);
        step.factors[2] = 1.0 / t;
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let [lr, correction, share, _] = step.factors;
        let (beta_1, epsilon) = (self.beta_1 as f32, self.epsilon as f32);
        let (rest_1, rest_2) = (1.0 - beta_1, 1.0 - self.beta_2 as f32);
        weight.pass(slots, |w, g, [z, v]| {
            let v = v + (g * g - v) * rest_2;
            let x = (w - rest_1 * z) / beta_1;
            let z = z - lr * g / ((v / correction).sqrt() + epsilon);
            let x = (1.0 - share) * x + share * z;
            (rest_1 * z + beta_1 * x, [z, v])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(
            "{ float x = (w - c3 * s0) / c5;
            s1 = s1 + (g * g - s1) * c4;
            s0 = s0 - c0 * g / (sqrtf(s1 / c1) + c6);
            x = (1.0f - c2) * x + c2 * s0;
            w = c3 * s0 + c5 * x; }",
        )
    }

    fn numbers(&self, step: &UpdateStep, _: f32) -> Vec<f32> {
        let [lr, correction, share, _] = step.factors;
        let beta_1 = self.beta_1 as f32;
        let (rest_1, rest_2) = (1.0 - beta_1, 1.0 - self.beta_2 as f32);
        vec![lr, correction, share, rest_1, rest_2, beta_1, self.epsilon as f32]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::positive("beta_1", self.beta_1)?; // it is divided by
        checks::below_one("beta_1", self.beta_1)?;
        checks::below_one("beta_2", self.beta_2)?;
        checks::positive("epsilon", self.epsilon)
    }
}
