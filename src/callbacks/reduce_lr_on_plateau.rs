//! A smaller learning rate where nothing gets better.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::callback::{
    Callback, Hook, Requests, TrainingInfo, check_verbose, load, save, val_loss,
};
use super::learning_rate_scheduler::not_with_a_schedule;
use super::monitor::{Mode, Monitor};
use crate::error::Problem;
use crate::history::logs::{Exact, Logs};

/// Multiplies the learning rate by `factor` after `patience` epochs without improvement, then waits
/// for `cooldown` epochs. Adds `learning_rate` to the logs. An improvement beats the best value so
/// far by more than `min_delta`. Keras: `keras.callbacks.ReduceLROnPlateau`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReduceLrOnPlateau {
    /// Quantity to monitor: a key of the logs. Default: val_loss.
    pub monitor: String,
    /// Factor by which to multiply the learning rate; greater than 0 and less than 1. Default: 0.1.
    pub factor: f64,
    /// Number of epochs without improvement after which the rate is reduced. Default: 10.
    pub patience: usize,
    /// 1 to print a message when it acts. Default: 0.
    pub verbose: u8,
    /// Whether smaller (`min`) or larger (`max`) values are better. Default: auto, which depends on
    /// the metric.
    pub mode: Mode,
    /// Smallest change that counts as an improvement; its sign does not matter. Default: 1e-4.
    pub min_delta: f64,
    /// Number of epochs to wait after a reduction. Default: 0.
    pub cooldown: usize,
    /// Lower bound of the learning rate. Default: 0.
    pub min_lr: f64,
}

impl Default for ReduceLrOnPlateau {
    fn default() -> Self {
        ReduceLrOnPlateau {
            monitor: val_loss(),
            factor: 0.1,
            patience: 10,
            verbose: 0,
            mode: Mode::Auto,
            min_delta: 1e-4,
            cooldown: 0,
            min_lr: 0.0,
        }
    }
}

impl Callback for ReduceLrOnPlateau {
    fn start(&self, training: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
        check_verbose(self.verbose)?;
        not_with_a_schedule("reduce_lr_on_plateau", training)?;
        if !(self.factor > 0.0 && self.factor < 1.0) {
            let message = format!("`factor` must be over 0 and under 1, got {}", self.factor);
            return Err(Problem::at("factor", message));
        }
        if self.min_lr.is_nan() || self.min_lr < 0.0 {
            let message = format!("`min_lr` must be at least 0, got {}", self.min_lr);
            return Err(Problem::at("min_lr", message));
        }
        let monitor = Monitor::new(&self.monitor, self.mode, self.min_delta, training)?;
        Ok(Box::new(PlateauHook {
            config: self.clone(),
            monitor,
            state: PlateauState::default(),
            warned: false,
        }))
    }
}

#[derive(Clone)]
struct PlateauHook {
    config: ReduceLrOnPlateau,
    monitor: Monitor,
    state: PlateauState,
    warned: bool,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct PlateauState {
    best: Option<Exact>,
    wait: usize,
    cooldown: usize,
}

impl Hook for PlateauHook {
    fn on_train_begin(&mut self, _: &mut Requests) {
        self.state = PlateauState::default();
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, requests: &mut Requests) {
        if let Some(rate) = requests.learning_rate {
            logs.insert("learning_rate", f64::from(rate));
        }
        let Some(value) = logs.get(&self.monitor.key) else {
            if !std::mem::replace(&mut self.warned, true) {
                requests.warnings.push(format!(
                    "reduce_lr_on_plateau: `{}` is not available at epoch {}; available: {}",
                    self.monitor.key,
                    epoch + 1,
                    logs.words()
                ));
            }
            return;
        };
        let state = &mut self.state;
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.wait = 0;
        }
        if self.monitor.is_better(value, state.best.map(|best| best.0)) {
            state.best = Some(Exact(value));
            state.wait = 0;
        } else if state.cooldown == 0 {
            state.wait += 1;
            if state.wait >= self.config.patience {
                self.reduce(epoch, requests);
            }
        }
    }

    fn state(&self) -> Value {
        save(&self.state)
    }

    fn set_state(&mut self, state: &Value) -> Result<(), String> {
        self.state = load("reduce_lr_on_plateau", state)?;
        Ok(())
    }

    fn watches_batches(&self) -> bool {
        false
    }
}

impl PlateauHook {
    fn reduce(&mut self, epoch: usize, requests: &mut Requests) {
        let Some(old) = requests.learning_rate.filter(|rate| *rate > self.config.min_lr as f32)
        else {
            return;
        };
        let new = (f64::from(old) * self.config.factor).max(self.config.min_lr);
        requests.new_learning_rate = Some(new as f32);
        if self.config.verbose > 0 {
            let epoch = epoch + 1;
            requests.messages.push(format!(
                "Epoch {epoch}: ReduceLROnPlateau reducing learning rate to {new:?}."
            ));
        }
        self.state.cooldown = self.config.cooldown;
        self.state.wait = 0;
    }
}
