//! Adam.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{Optimizer, Parameter, SlotSpec, TensorParameter, UpdateStep, WeightPlace};
use super::terms::moved;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::optimizers::schedules::LearningRate;

/// `m += (g-m)(1-β₁)`, `v += (g²-v)(1-β₂)`, `α = lr·√(1-β₂ᵗ)/(1-β₁ᵗ)`, `w -= α·m/(√v + ε)`.
///
/// ε is added to the root of `v` as it is (the ε̂ of the paper, <https://arxiv.org/abs/1412.6980>):
/// PyTorch and candle add it after the correction. With `amsgrad`, the largest `v` so far is used
/// instead. With `weight_decay` this is Keras's `AdamW`.
///
/// Keras: `keras.optimizers.Adam`. State: momentum, velocity, velocity_hat with amsgrad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adam {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// β₁, at least 0 and less than 1. Default: 0.9.
    pub beta_1: f64,
    /// β₂, at least 0 and less than 1. Default: 0.999.
    pub beta_2: f64,
    /// ε. Default: 1e-7.
    pub epsilon: f64,
    /// Whether to use the largest velocity so far (AMSGrad). Default: false.
    pub amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        let learning_rate = 0.001.into();
        Adam { learning_rate, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }
    }
}

impl Optimizer for Adam {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        let mut slots =
            vec![SlotSpec::zeros("momentum", weight), SlotSpec::zeros("velocity", weight)];
        if self.amsgrad {
            slots.push(SlotSpec::zeros("velocity_hat", weight).block(1));
        }
        slots
    }

    fn begin(&self, step: &mut UpdateStep, _: &mut [f32]) {
        step.factors[0] = alpha(step, self.beta_1, self.beta_2);
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let (alpha, epsilon) = (step.factors[0], self.epsilon as f32);
        if !self.amsgrad {
            update(weight, slots, alpha, [self.beta_1, self.beta_2], epsilon);
            return Ok(());
        }
        let (rest_1, rest_2) = ((1.0 - self.beta_1) as f32, (1.0 - self.beta_2) as f32);
        weight.pass(slots, |w, g, [m, v, greatest]| {
            let m = m + (g - m) * rest_1;
            let v = v + (g * g - v) * rest_2;
            let greatest = if v > greatest { v } else { greatest };
            (w - alpha * m / (greatest.sqrt() + epsilon), [m, v, greatest])
        });
        Ok(())
    }

    fn update_in_c(&self) -> Option<&'static str> {
        Some(if self.amsgrad {
            "s0 = s0 + (g - s0) * c2; s1 = s1 + (g * g - s1) * c3; s2 = s1 > s2 ? s1 : s2;
            w = w - c0 * s0 / (sqrtf(s2) + c1);"
        } else {
            "s0 = s0 + (g - s0) * c2; s1 = s1 + (g * g - s1) * c3;
            w = w - c0 * s0 / (sqrtf(s1) + c1);"
        })
    }

    fn numbers(&self, step: &UpdateStep, _: f32) -> Vec<f32> {
        let [rest_1, rest_2] = [self.beta_1, self.beta_2].map(|beta| (1.0 - beta) as f32);
        vec![step.factors[0], self.epsilon as f32, rest_1, rest_2]
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("beta_1", self.beta_1)?;
        checks::below_one("beta_2", self.beta_2)?;
        checks::positive("epsilon", self.epsilon)
    }
}

/// `lr·√(1-β₂ᵗ)/(1-β₁ᵗ)`
pub(super) fn alpha(step: &UpdateStep, beta_1: f64, beta_2: f64) -> f32 {
    step.learning_rate * step.bias_correction(beta_2).sqrt() / step.bias_correction(beta_1)
}

/// Adam's update, of which `muon` makes use too.
pub(super) fn update(
    weight: &mut Parameter<'_>,
    slots: &mut [Vec<f32>],
    alpha: f32,
    betas: [f64; 2],
    epsilon: f32,
) {
    let [rest_1, rest_2] = betas.map(|beta| (1.0 - beta) as f32);
    weight.pass(slots, |w, g, [m, v]| {
        let m = m + (g - m) * rest_1;
        let v = v + (g * g - v) * rest_2;
        (w - alpha * m / (v.sqrt() + epsilon), [m, v])
    });
}

/// The same composed of candle's ops.
pub(super) fn update_tensors(
    weight: &TensorParameter<'_>,
    slots: &mut [Tensor],
    alpha: f32,
    betas: [f64; 2],
    epsilon: f64,
) -> candle_core::Result<Tensor> {
    let [m, v] = slots else { return Ok(weight.values.clone()) };
    let [rest_1, rest_2] = betas.map(|beta| (1.0 - beta) as f32);
    *m = moved(m, &weight.gradient, rest_1)?;
    *v = moved(v, &weight.gradient.sqr()?, rest_2)?;
    &weight.values - ((&*m * f64::from(alpha))? / (v.sqrt()? + epsilon)?)?
}
