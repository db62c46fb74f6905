//! FTRL: follow the regularized leader.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `n' = n + g²`, `z += g + 2·shrinkage·w - (n'⁻ᵖ - n⁻ᵖ)/lr·w`,
/// `q = n'⁻ᵖ/lr + 2(l2 + β/(2lr))`, `w = (clip(z, -l1, l1) - z)/q`, with p the
/// `learning_rate_power`.
///
/// Keras: `keras.optimizers.Ftrl`. State: accumulator (n), linear (z).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ftrl {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// p; 0 or less. Default: -0.5.
    pub learning_rate_power: f64,
    /// Initial value of n. Default: 0.1.
    pub initial_accumulator_value: f64,
    /// l1. Default: 0.
    pub l1_regularization_strength: f64,
    /// l2. Default: 0.
    pub l2_regularization_strength: f64,
    /// Shrinkage: an L2 penalty that does not change n. Default: 0.
    pub l2_shrinkage_regularization_strength: f64,
    /// β. Default: 0.
    pub beta: f64,
}

impl Default for Ftrl {
    fn default() -> Self {
        Ftrl {
            learning_rate: 0.001.into(),
            learning_rate_power: -0.5,
            initial_accumulator_value: 0.1,
            l1_regularization_strength: 0.0,
            l2_regularization_strength: 0.0,
            l2_shrinkage_regularization_strength: 0.0,
            beta: 0.0,
        }
    }
}

impl Optimizer for Ftrl {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        let accumulator = SlotSpec::zeros("accumulator", weight);
        let accumulator = accumulator.initial(self.initial_accumulator_value);
        vec![accumulator, SlotSpec::zeros("linear", weight)]
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        if self.learning_rate_power == -0.5 {
            self.pass(step, weight, slots, f32::sqrt); // many times faster than a power
        } else {
            let power = -self.learning_rate_power as f32;
            self.pass(step, weight, slots, |n| n.powf(power));
        }
        Ok(())
    }

    /// With the default power; others differ in their last bits from one device to another.
    fn update_in_c(&self) -> Option<&'static str> {
        (self.learning_rate_power == -0.5).then_some(
            "{ float n = s0 + g * g, root = sqrtf(n);
            s1 = s1 + (g + c1 * w - (root - sqrtf(s0)) / lr * w); s0 = n;
            w = ((s1 < -c0 ? -c0 : (s1 > c0 ? c0 : s1)) - s1) / (root / lr + 2.0f * c2); }",
        )
    }

    fn numbers(&self, step: &UpdateStep, _: f32) -> Vec<f32> {
        self.strengths(step.learning_rate).into()
    }

    fn check(&self) -> Result<(), Problem> {
        if let LearningRate::Constant(rate) = self.learning_rate {
            checks::positive("learning_rate", rate)?; // ftrl divides by it
        }
        self.learning_rate.check()?;
        if self.learning_rate_power > 0.0 || !self.learning_rate_power.is_finite() {
            let power = self.learning_rate_power;
            let message = format!("`learning_rate_power` must be 0 or less, got {power}");
            return Err(Problem::at("learning_rate_power", message));
        }
        for (key, value) in [
            ("initial_accumulator_value", self.initial_accumulator_value),
            ("l1_regularization_strength", self.l1_regularization_strength),
            ("l2_regularization_strength", self.l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", self.l2_shrinkage_regularization_strength),
            ("beta", self.beta),
        ] {
            checks::not_negative(key, value)?;
        }
        Ok(())
    }
}

impl Ftrl {
    /// l1, twice the shrinkage, and l2 with β's part.
    fn strengths(&self, lr: f32) -> [f32; 3] {
        let l1 = self.l1_regularization_strength as f32;
        let l2 = self.l2_regularization_strength as f32 + self.beta as f32 / (2.0 * lr);
        let shrinkage = (2.0 * self.l2_shrinkage_regularization_strength) as f32;
        [l1, shrinkage, l2]
    }

    fn pass(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
        power: impl Fn(f32) -> f32 + Copy + Send + Sync,
    ) {
        let lr = step.learning_rate;
        let [l1, shrinkage, l2] = self.strengths(lr);
        weight.pass(slots, |w, g, [n, z]| {
            let new = n + g * g;
            let z = z + (g + shrinkage * w - (power(new) - power(n)) / lr * w);
            let quadratic = power(new) / lr + 2.0 * l2;
            ((z.clamp(-l1, l1) - z) / quadratic, [new, z])
        });
    }
}
