//! Cosine decay with warm restarts.

use std::f32::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schedule::Schedule;
use crate::config::checks;
use crate::error::Problem;

/// Cosine decays one after the other: period `i` is `first_decay_steps · t_mul^i` steps long and
/// starts at `initial · m_mul^i`; none falls below `initial · α`.
///
/// Keras: `keras.optimizers.schedules.CosineDecayRestarts`. Paper: SGDR,
/// <https://arxiv.org/abs/1608.03983>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CosineDecayRestarts {
    /// Learning rate at step 0.
    pub initial_learning_rate: f64,
    /// Number of steps of the first period; at least 1.
    pub first_decay_steps: f64,
    /// Length of each period relative to the previous one. Default: 2.
    #[serde(default = "twice")]
    pub t_mul: f64,
    /// Initial rate of each period relative to the previous one. Default: 1.
    #[serde(default = "as_high")]
    pub m_mul: f64,
    /// α: the lowest rate as a fraction of the initial one. Default: 0.
    #[serde(default)]
    pub alpha: f64,
}

fn twice() -> f64 {
    2.0
}

fn as_high() -> f64 {
    1.0
}

impl Schedule for CosineDecayRestarts {
    fn at(&self, step: u64) -> f32 {
        let (t_mul, alpha) = (self.t_mul as f32, self.alpha as f32);
        let done = step as f32 / self.first_decay_steps as f32; // first periods since the start
        let (period, fraction) = if t_mul == 1.0 {
            (done.floor(), done - done.floor())
        } else {
            // periods 0…i-1 are (1 - t_mul^i) / (1 - t_mul) first periods long
            let period = ((1.0 - done * (1.0 - t_mul)).ln() / t_mul.ln()).floor();
            let before = (1.0 - t_mul.powf(period)) / (1.0 - t_mul);
            (period, (done - before) / t_mul.powf(period))
        };
        let height = (self.m_mul as f32).powf(period);
        let cosine = 0.5 * height * (1.0 + (PI * fraction).cos());
        self.initial_learning_rate as f32 * ((1.0 - alpha) * cosine + alpha)
    }

    fn check(&self) -> Result<(), Problem> {
        checks::not_negative("initial_learning_rate", self.initial_learning_rate)?;
        checks::at_least_one("first_decay_steps", self.first_decay_steps)?;
        // below 1 the periods shrink to nothing after finitely many steps
        checks::at_least_one("t_mul", self.t_mul)?;
        checks::positive("m_mul", self.m_mul)?;
        checks::fraction("alpha", self.alpha)
    }
}
