//! Inverse time decay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decay_steps::DecaySteps;
use super::schedule::Schedule;
use crate::config::checks;
use crate::error::Problem;

/// `initial / (1 + rate · step / decay_steps)`; with `staircase`, the quotient is floored.
///
/// Keras: `keras.optimizers.schedules.InverseTimeDecay`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InverseTimeDecay {
    /// Learning rate at step 0.
    pub initial_learning_rate: f64,
    /// Number of steps over which the decay is applied once; at least 1, or `auto` for all steps of the
    /// training.
    pub decay_steps: DecaySteps,
    /// Rate of the decay.
    pub decay_rate: f64,
    /// Whether to decay the rate at discrete intervals. Default: false.
    #[serde(default)]
    pub staircase: bool,
}

impl Schedule for InverseTimeDecay {
    fn at(&self, step: u64) -> f32 {
        let mut p = step as f32 / self.decay_steps.count();
        if self.staircase {
            p = p.floor();
        }
        self.initial_learning_rate as f32 / (1.0 + self.decay_rate as f32 * p)
    }

    fn check(&self) -> Result<(), Problem> {
        checks::not_negative("initial_learning_rate", self.initial_learning_rate)?;
        self.decay_steps.check()?;
        checks::not_negative("decay_rate", self.decay_rate)
    }
}
