//! LAMB.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{
    Optimizer, Parameter, SlotSpec, TensorParameter, TensorRule, UpdateStep, WeightPlace,
};
use super::terms::{moved, norm};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::numeric::vector;
use crate::optimizers::schedules::LearningRate;

/// `u = m̂/(√v̂ + ε)` with Adam's `m` and `v`, both corrected; `w -= ‖w‖/‖u‖·lr·u`, the quotient
/// being 1 where either norm is 0.
///
/// Keras: `keras.optimizers.Lamb`. Paper: <https://arxiv.org/abs/1904.00962>. State: momentum,
/// velocity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lamb {
    /// Learning rate, or a schedule of it. Default: 0.001.
    pub learning_rate: LearningRate,
    /// β₁, at least 0 and less than 1. Default: 0.9.
    pub beta_1: f64,
    /// β₂, at least 0 and less than 1. Default: 0.999.
    pub beta_2: f64,
    /// ε. Default: 1e-7.
    pub epsilon: f64,
}

impl Default for Lamb {
    fn default() -> Self {
        Lamb { learning_rate: 0.001.into(), beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Optimizer for Lamb {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        ["momentum", "velocity"].map(|name| SlotSpec::zeros(name, weight)).into()
    }

    fn scratch(&self, weight: &WeightPlace<'_>) -> usize {
        weight.shape.iter().product()
    }

    fn begin(&self, step: &mut UpdateStep, _: &mut [f32]) {
        step.factors[0] = step.bias_correction(self.beta_1);
        step.factors[1] = step.bias_correction(self.beta_2);
    }

    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        let [correction_1, correction_2, ..] = step.factors;
        let (rest_1, rest_2) = ((1.0 - self.beta_1) as f32, (1.0 - self.beta_2) as f32);
        let epsilon = self.epsilon as f32;
        let [m, v] = slots else { return Ok(()) };
        let direction = &mut *weight.scratch;
        vector::update(direction, weight.gradient, [m, v], |_, g, [m, v]| {
            let m = m + (g - m) * rest_1;
            let v = v + (g * g - v) * rest_2;
            (m / correction_1 / ((v / correction_2).sqrt() + epsilon), [m, v])
        });
        let (of_w, of_u) = (vector::norm(weight.values), vector::norm(direction));
        let ratio = if of_w > 0.0 && of_u > 0.0 { of_w / of_u } else { 1.0 };
        let rate = ratio * step.learning_rate;
        vector::update(weight.values, direction, [], |w, u, []| (w - rate * u, []));
        Ok(())
    }

    fn by_tensors(&self) -> Option<&dyn TensorRule> {
        Some(self)
    }

    fn check(&self) -> Result<(), Problem> {
        self.learning_rate.check()?;
        checks::below_one("beta_1", self.beta_1)?;
        checks::below_one("beta_2", self.beta_2)?;
        checks::positive("epsilon", self.epsilon)
    }
}

impl TensorRule for Lamb {
    fn update_tensors(
        &self,
        step: &UpdateStep,
        weight: &TensorParameter<'_>,
        slots: &mut [Tensor],
    ) -> candle_core::Result<Tensor> {
        let (values, gradient) = (&weight.values, &weight.gradient);
        let [m, v] = slots else { return Ok(values.clone()) };
        *m = moved(m, gradient, (1.0 - self.beta_1) as f32)?;
        *v = moved(v, &gradient.sqr()?, (1.0 - self.beta_2) as f32)?;
        let [of_m, of_v, ..] = step.factors.map(f64::from);
        let u = ((&*m / of_m)? / ((&*v / of_v)?.sqrt()? + self.epsilon)?)?;
        let (of_w, of_u) = (norm(values)?, norm(&u)?);
        let are_there = (of_w.gt(0.0)? * of_u.gt(0.0)?)?;
        let ratio = are_there.where_cond(&(&of_w / &of_u)?, &of_w.ones_like()?)?;
        values - u.broadcast_mul(&(ratio * f64::from(step.learning_rate))?)?
    }
}
