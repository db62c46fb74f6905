//! Dynamic scaling of the loss around another optimizer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optimizer::{LossScaling, Optimizer, OptimizerEntry, Parameter, UpdateStep};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::numeric::vector;
use crate::optimizers::schedules::LearningRate;
use crate::weights::gradients::Gradients;

/// The loss is multiplied by a scale before the backward pass, and the gradients are divided by it
/// before the inner optimizer's step. If a gradient is not finite, the step is skipped and the
/// scale is halved; after `dynamic_growth_steps` consecutive finite steps it is doubled.
///
/// Keras: `keras.optimizers.LossScaleOptimizer`. State: step_counter, dynamic_scale, and the inner
/// optimizer's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossScaleOptimizer {
    /// Optimizer that updates the weights.
    pub inner_optimizer: OptimizerEntry,
    /// Initial scale. Default: 32768.
    #[serde(default = "initial_scale")]
    pub initial_scale: f64,
    /// Number of consecutive finite steps after which the scale is doubled; at least 1. Default:
    /// 2000.
    #[serde(default = "growth_steps")]
    pub dynamic_growth_steps: u64,
}

fn initial_scale() -> f64 {
    32768.0
}

fn growth_steps() -> u64 {
    2000
}

impl Optimizer for LossScaleOptimizer {
    fn learning_rate(&self) -> &LearningRate {
        self.inner_optimizer.item.learning_rate()
    }

    /// The inner optimizer's; [`super::OptimizerState`] goes straight to that one.
    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()> {
        self.inner_optimizer.item.update(step, weight, slots)
    }

    fn check(&self) -> Result<(), Problem> {
        let inner = &self.inner_optimizer;
        if inner.item.scaled().is_some() {
            let message = "`inner_optimizer` must not scale the loss once more";
            return Err(Problem::at("inner_optimizer", message));
        }
        if inner.common.loss_scale_factor.is_some() {
            let message = "`inner_optimizer` must not have a `loss_scale_factor` of its own";
            return Err(Problem::at("inner_optimizer", message)
                .help("set `initial_scale`, or use the inner optimizer alone"));
        }
        inner.check().map_err(|problem| {
            let key = format!("inner_optimizer.{}.{}", inner.kind.name, problem.key);
            Problem { key: key.trim_end_matches('.').to_string(), ..problem }
        })?;
        checks::positive("initial_scale", self.initial_scale)?;
        checks::at_least_one("dynamic_growth_steps", self.dynamic_growth_steps as f64)
    }

    fn scaled(&self) -> Option<LossScaling<'_>> {
        Some(LossScaling {
            inner: &self.inner_optimizer,
            initial_scale: self.initial_scale as f32,
            growth_steps: self.dynamic_growth_steps,
        })
    }
}

/// The scale as it changes from step to step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct DynamicScale {
    /// Finite steps since the scale last changed.
    pub(super) step_counter: u64,
    /// The scale.
    pub(super) scale: f32,
    growth_steps: u64,
}

impl DynamicScale {
    pub(super) fn new(scaled: &LossScaling<'_>) -> Self {
        let LossScaling { initial_scale, growth_steps, .. } = *scaled;
        DynamicScale { step_counter: 0, scale: initial_scale, growth_steps }
    }

    /// Divides the gradients by the scale. False where the step must be left out.
    pub(super) fn unscale(&mut self, gradients: &mut Gradients) -> bool {
        let (mut bad, is_bad) = (0.0, |g: f32| if g.is_finite() { 0.0 } else { 1.0 });
        gradients.each(|_, values| bad += vector::sum(values, is_bad));
        if bad > 0.0 {
            self.step_counter = 0;
            self.scale *= 0.5;
            return false;
        }
        let scale = self.scale;
        gradients.each(|_, values| vector::map(values, |g| g / scale));
        self.step_counter += 1;
        if self.step_counter == self.growth_steps {
            self.step_counter = 0;
            self.scale *= 2.0;
        }
        true
    }
}
