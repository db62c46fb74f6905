//! Polynomial decay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decay_steps::DecaySteps;
use super::schedule::Schedule;
use crate::config::checks;
use crate::error::Problem;

/// `(initial - end) · (1 - min(step, decay_steps) / decay_steps)^power + end`.
///
/// With `cycle`, `decay_steps` is multiplied by `max(1, ⌈step / decay_steps⌉)` instead: the rate
/// rises again after each `decay_steps`, and falls more slowly.
///
/// Keras: `keras.optimizers.schedules.PolynomialDecay`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolynomialDecay {
    /// Learning rate at step 0.
    pub initial_learning_rate: f64,
    /// Number of steps from the initial to the final rate; at least 1, or `auto` for all steps of the
    /// training.
    pub decay_steps: DecaySteps,
    /// Final learning rate. Default: 0.0001.
    #[serde(default = "end")]
    pub end_learning_rate: f64,
    /// Exponent; 1 for a linear decay. Default: 1.
    #[serde(default = "straight")]
    pub power: f64,
    /// Whether to start again after `decay_steps`. Default: false.
    #[serde(default)]
    pub cycle: bool,
}

fn end() -> f64 {
    0.0001
}

fn straight() -> f64 {
    1.0
}

impl Schedule for PolynomialDecay {
    fn at(&self, step: u64) -> f32 {
        let (mut step, mut decay_steps) = (step as f32, self.decay_steps.count());
        if self.cycle {
            decay_steps *= if step == 0.0 { 1.0 } else { (step / decay_steps).ceil() };
        } else {
            step = step.min(decay_steps);
        }
        let (initial, end) = (self.initial_learning_rate as f32, self.end_learning_rate as f32);
        (initial - end) * (1.0 - step / decay_steps).powf(self.power as f32) + end
    }

    fn check(&self) -> Result<(), Problem> {
        checks::not_negative("initial_learning_rate", self.initial_learning_rate)?;
        self.decay_steps.check()?;
        checks::not_negative("end_learning_rate", self.end_learning_rate)?;
        checks::positive("power", self.power)
    }
}
