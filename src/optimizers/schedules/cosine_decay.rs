//! Cosine decay, with an optional warmup.

use std::f32::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decay_steps::DecaySteps;
use super::schedule::Schedule;
use crate::config::checks;
use crate::error::Problem;

/// `initial · ((1 - α) · ½ (1 + cos(π · min(step, decay_steps) / decay_steps)) + α)`.
///
/// With `warmup_target`, the rate first rises in a straight line from `initial_learning_rate` to
/// the target over `warmup_steps`, then falls from the target over `decay_steps`.
///
/// Keras: `keras.optimizers.schedules.CosineDecay`. Paper: SGDR, <https://arxiv.org/abs/1608.03983>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CosineDecay {
    /// Learning rate at step 0.
    pub initial_learning_rate: f64,
    /// Number of steps of the decay; at least 1, or `auto` for all steps of the
    /// training.
    pub decay_steps: DecaySteps,
    /// α: the final rate as a fraction of the rate at the start of the decay. Default: 0.
    #[serde(default)]
    pub alpha: f64,
    /// Learning rate at the end of the warmup. Default: no warmup.
    #[serde(default)]
    pub warmup_target: Option<f64>,
    /// Number of warmup steps. Default: 0.
    #[serde(default)]
    pub warmup_steps: f64,
}

impl Schedule for CosineDecay {
    fn at(&self, step: u64) -> f32 {
        let (step, decay_steps) = (step as f32, self.decay_steps.count());
        let initial = self.initial_learning_rate as f32;
        let Some(target) = self.warmup_target else {
            return self.fall(step.min(decay_steps), initial);
        };
        let (target, warmup_steps) = (target as f32, self.warmup_steps as f32);
        let step = step.min(decay_steps + warmup_steps);
        if step < warmup_steps {
            return step / warmup_steps * (target - initial) + initial;
        }
        self.fall(step - warmup_steps, target)
    }

    fn check(&self) -> Result<(), Problem> {
        checks::not_negative("initial_learning_rate", self.initial_learning_rate)?;
        self.decay_steps.check()?;
        checks::fraction("alpha", self.alpha)?;
        checks::not_negative("warmup_target", self.warmup_target.unwrap_or(0.0))?;
        checks::not_negative("warmup_steps", self.warmup_steps)?;
        if self.warmup_steps > 0.0 && self.warmup_target.is_none() {
            let message = "`warmup_steps` needs a `warmup_target`";
            let help = "add the rate that the warmup rises to, or remove `warmup_steps`";
            return Err(Problem::at("warmup_steps", message).help(help));
        }
        Ok(())
    }
}

impl CosineDecay {
    fn fall(&self, step: f32, from: f32) -> f32 {
        let alpha = self.alpha as f32;
        let cosine = 0.5 * (1.0 + (PI * (step / self.decay_steps.count())).cos());
        from * ((1.0 - alpha) * cosine + alpha)
    }
}
