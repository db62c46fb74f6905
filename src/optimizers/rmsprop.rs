//! RMSprop.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `v = ρv + (1-ρ)g²`, `d = v + ε` (centered: `a = ρa + (1-ρ)g`, `d = v - a² + ε`),
/// `i = lr·g/√d`, `w -= i`; with momentum `m = μm + i`, `w -= m`. ε is inside the root.
///
/// Keras: `keras.optimizers.RMSprop`. State: velocity, momentum where it is not 0, average_gradient
/// where centered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RmsProp {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// ρ, at least 0 and less than 1. Default: 0.9.
    pub rho: f64,
    /// μ, between 0 and 1. Default: 0.
    pub momentum: f64,
    /// ε. Default: 1e-7.
    pub epsilon: f64,
    /// Whether to normalize gradients by their estimated variance instead of their mean square.
    /// Default: false.
    pub centered: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        let learning_rate = 0.001.into();
        RmsProp { learning_rate, rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: false }
    }
}

impl Optimizer for RmsProp {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        let mut slots = vec![SlotSpec::zeros("velocity", weight)];
        if self.momentum > 0.0 {
            slots.push(SlotSpec::zeros("momentum", weight).block(1));
        }
        if self.centered {
            slots.push(SlotSpec::zeros("average_gradient", weight).block(2));
        }
        slots
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (lr, epsilon) = (step.learning_rate, self.epsilon as f32);
        let (rho, rest) = (self.rho as f32, (1.0 - self.rho) as f32);
        let momentum = self.momentum as f32;
        let root = move |g: f32, v: f32| {
            let v = rho * v + rest * g * g;
            (v, lr * g / (v + epsilon).sqrt())
        };
        let centered_root = move |g: f32, v: f32, a: f32| {
            let (v, a) = (rho * v + rest * g * g, rho * a + rest * g);
            (v, a, lr * g / (v - a * a + epsilon).sqrt())
        };
        match (self.momentum > 0.0, self.centered) {
            (false, false) => weight.pass(slots, |w, g, [v]| {
                let (v, increment) = root(g, v);
                (w - increment, [v])
            }),
            (true, false) => weight.pass(slots, |w, g, [v, m]| {
                let (v, increment) = root(g, v);
                let m = momentum * m + increment;
                (w - m, [v, m])
            }),
            (false, true) => weight.pass(slots, |w, g, [v, a]| {
                let (v, a, increment) = centered_root(g, v, a);
                (w - increment, [v, a])
            }),
            (true, true) => weight.pass(slots, |w, g, [v, m, a]| {
                let (v, a, increment) = centered_root(g, v, a);
                let m = momentum * m + increment;
                (w - m, [v, m, a])
            }),
        }
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(match (self.momentum > 0.0, self.centered) {
            (false, false) => {
                "s0 = c0 * s0 + c1 * g * g;
                w = w - lr * g / sqrtf(s0 + c2);"
            }
            (true, false) => {
                "s0 = c0 * s0 + c1 * g * g;
                s1 = c3 * s1 + lr * g / sqrtf(s0 + c2);
                w = w - s1;"
            }
            (false, true) => {
                "s0 = c0 * s0 + c1 * g * g; s1 = c0 * s1 + c1 * g;
                w = w - lr * g / sqrtf(s0 - s1 * s1 + c2);"
            }
            (true, true) => {
                "s0 = c0 * s0 + c1 * g * g; s2 = c0 * s2 + c1 * g;
                s1 = c3 * s1 + lr * g / sqrtf(s0 - s2 * s2 + c2);
                w = w - s1;"
            }
        })
    }

    fn numbers(&self, _: &UpdateStep, _: f32) -> Vec<f32> {
        let (rho, rest) = (self.rho as f32, (1.0 - self.rho) as f32);
        vec![rho, rest, self.epsilon as f32, self.momentum as f32]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("rho", self.rho)?;
        checks::fraction("momentum", self.momentum)?;
        checks::positive("epsilon", self.epsilon)
    }
}
