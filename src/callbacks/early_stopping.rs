//! Stopping where nothing gets better.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::callback::{
    Callback, Hook, Requests, TrainingInfo, check_verbose, load, save, val_loss,
};
use super::monitor::{Mode, Monitor};
use crate::error::Problem;
use crate::history::logs::{Exact, Logs};

/// Stops the training after `patience` epochs in a row without improvement (0 and 1 both mean the
/// first such epoch), but never after the first epoch. An improvement beats the best value so far
/// by more than `min_delta`. Keras: `keras.callbacks.EarlyStopping`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EarlyStopping {
    /// Quantity to monitor: a key of the logs. Default: val_loss.
    pub monitor: String,
    /// Smallest change that counts as an improvement; its sign does not matter. Default: 0.
    pub min_delta: f64,
    /// Number of epochs without improvement after which training stops. Default: 0.
    pub patience: usize,
    /// 1 to print a message when it acts. Default: 0.
    pub verbose: u8,
    /// Whether smaller (`min`) or larger (`max`) values are better. Default: auto, which depends on
    /// the metric.
    pub mode: Mode,
    /// Value to beat: until then, patience is not reset. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// Whether to restore the weights of the best epoch at the end, also if training ran to its
    /// last epoch. Default: false.
    pub restore_best_weights: bool,
    /// Number of epochs to wait before monitoring starts. Default: 0.
    pub start_from_epoch: usize,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        EarlyStopping {
            monitor: val_loss(),
            min_delta: 0.0,
            patience: 0,
            verbose: 0,
            mode: Mode::Auto,
            baseline: None,
            restore_best_weights: false,
            start_from_epoch: 0,
        }
    }
}

impl Callback for EarlyStopping {
    fn monitored(&self) -> Option<String> {
        Some(self.monitor.clone())
    }

    fn start(&self, training: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
        check_verbose(self.verbose)?;
        let monitor = Monitor::new(&self.monitor, self.mode, self.min_delta, training)?;
        let state = StoppingState::default();
        Ok(Box::new(StoppingHook {
            config: self.clone(),
            monitor,
            state,
            stopped: None,
            warned: false,
        }))
    }
}

#[derive(Clone)]
struct StoppingHook {
    config: EarlyStopping,
    monitor: Monitor,
    state: StoppingState,
    stopped: Option<usize>,
    warned: bool,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct StoppingState {
    wait: usize,
    best: Option<Exact>,
    best_epoch: usize,
}

impl Hook for StoppingHook {
    fn on_train_begin(&mut self, _: &mut Requests) {
        self.state = StoppingState::default();
        self.stopped = None;
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, requests: &mut Requests) {
        let Some(value) = logs.get(&self.monitor.key) else {
            if !std::mem::replace(&mut self.warned, true) {
                requests.warnings.push(format!(
                    "early_stopping: `{}` is not available at epoch {}; available: {}",
                    self.monitor.key,
                    epoch + 1,
                    logs.words()
                ));
            }
            return;
        };
        if epoch < self.config.start_from_epoch {
            return;
        }
        self.state.wait += 1;
        if self.monitor.is_better(value, self.state.best.map(|best| best.0)) {
            self.state.best = Some(Exact(value));
            self.state.best_epoch = epoch;
            requests.keep_best = self.config.restore_best_weights;
            if self.monitor.is_better(value, self.config.baseline) {
                self.state.wait = 0;
            }
        } else if self.state.wait >= self.config.patience && epoch > 0 {
            self.stopped = Some(epoch);
            let (key, best) = (&self.monitor.key, self.state.best_epoch + 1);
            requests.stop = Some(format!("early stopping: `{key}` was best at epoch {best}"));
        }
    }

    fn on_train_end(&mut self, requests: &mut Requests) {
        let speaks = self.config.verbose > 0;
        if let (Some(epoch), true) = (self.stopped, speaks) {
            requests.messages.push(format!("Epoch {}: early stopping", epoch + 1));
        }
        if self.config.restore_best_weights && self.state.best.is_some() {
            requests.restore_best = true;
            if speaks {
                requests.messages.push(format!(
                    "Restoring model weights from the end of the best epoch: {}.",
                    self.state.best_epoch + 1
                ));
            }
        }
    }

    fn state(&self) -> Value {
        save(&self.state)
    }

    fn set_state(&mut self, state: &Value) -> Result<(), String> {
        self.state = load("early_stopping", state)?;
        Ok(())
    }

    fn keeps_best(&self) -> bool {
        self.config.restore_best_weights
    }

    fn watches_batches(&self) -> bool {
        false
    }
}
