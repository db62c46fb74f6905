//! Stochastic gradient descent, with momentum.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Optimizer, Parameter, Slot, Step};
use crate::schedules::LearningRate;

/// `w -= lr·g`; with momentum `m = μm - lr·g`, `w += m`, or `w += μm - lr·g` (nesterov).
///
/// Keras: `keras.optimizers.SGD`. State: momentum, where it is not 0.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sgd {
    /// The learning rate, or its schedule. Default: 0.01.
    pub learning_rate: LearningRate,
    /// μ. Default: 0.
    pub momentum: f32,
    /// Whether the look-ahead form is used. Default: false.
    pub nesterov: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Sgd { learning_rate: LearningRate::Constant(0.01), momentum: 0.0, nesterov: false }
    }
}

impl Optimizer for Sgd {
    fn learning_rate(&self) -> &LearningRate {
        &self.learning_rate
    }

    fn slots(&self, _: &str, shape: &[usize]) -> Vec<Slot> {
        if self.momentum == 0.0 {
            return Vec::new();
        }
        vec![Slot { name: "momentum", shape: shape.to_vec(), initial: 0.0 }]
    }

    fn update(&self, step: &Step, weight: &mut Parameter<'_>, slots: &mut [Vec<f32>]) {
        let lr = step.learning_rate;
        let Some(momentum) = slots.first_mut() else {
            for (w, g) in weight.values.iter_mut().zip(weight.gradient) {
                *w -= lr * g;
            }
            return;
        };
        for ((w, g), m) in weight.values.iter_mut().zip(weight.gradient).zip(momentum) {
            *m = self.momentum * *m - lr * g;
            *w += if self.nesterov { self.momentum * *m - lr * g } else { *m };
        }
    }
}
