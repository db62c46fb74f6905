//! Exponential decay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decay_steps::DecaySteps;
use super::schedule::Schedule;
use crate::config::checks;
use crate::error::Problem;

/// `initial · rate^(step / decay_steps)`; with `staircase`, the exponent is floored.
///
/// Keras: `keras.optimizers.schedules.ExponentialDecay`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialDecay {
    /// Learning rate at step 0.
    pub initial_learning_rate: f64,
    /// Number of steps over which the rate is multiplied by `decay_rate`; at least 1, or `auto` for all steps of the
    /// training.
    pub decay_steps: DecaySteps,
    /// Factor of the decay.
    pub decay_rate: f64,
    /// Whether to decay the rate at discrete intervals. Default: false.
    #[serde(default)]
    pub staircase: bool,
}

impl Schedule for ExponentialDecay {
    fn at(&self, step: u64) -> f32 {
        let mut p = step as f32 / self.decay_steps.count();
        if self.staircase {
            p = p.floor();
        }
        self.initial_learning_rate as f32 * (self.decay_rate as f32).powf(p)
    }

    fn check(&self) -> Result<(), Problem> {
        checks::not_negative("initial_learning_rate", self.initial_learning_rate)?;
        self.decay_steps.check()?;
        checks::not_negative("decay_rate", self.decay_rate)
    }
}
