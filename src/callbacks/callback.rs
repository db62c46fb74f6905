//! What a callback is: [`Callback`], its configuration, and [`Hook`], the callback at work.
//!
//! A hook touches neither the model nor a file: it decides, and leaves what it wants done in
//! [`Requests`], which the trainer carries out. Its state goes into the checkpoint, so that a
//! resumed training decides as an uninterrupted one.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::{AnyItem, Catalog, Entry};
use crate::error::Problem;
use crate::history::History;
use crate::history::logs::Logs;

/// A callback in a config: `terminate_on_nan`, `early_stopping: {patience: 3}`.
pub type CallbackEntry = Entry<dyn Callback>;

/// A callback's configuration.
pub trait Callback: fmt::Debug + Send + Sync + AnyItem {
    /// Makes its runtime half for such a training, or says what is wrong with its arguments: the
    /// one place where they are checked.
    fn start(&self, training: &TrainingInfo) -> Result<Box<dyn Hook>, Problem>;

    /// The key of the logs by which it judges epochs, where it does.
    fn monitored(&self) -> Option<String> {
        None
    }
}

/// A callback at work. Every method does nothing unless it is overridden. Epochs and batches are
/// counted from 0. A training works with a copy of the hook that its spec holds.
pub trait Hook: CopyHook + Send + Sync {
    /// Before the first epoch; on a resumed training, before [`Hook::set_state`].
    fn on_train_begin(&mut self, _requests: &mut Requests) {}
    /// Before the first batch of an epoch.
    fn on_epoch_begin(&mut self, _epoch: usize, _requests: &mut Requests) {}
    /// After a batch; the logs are those of the epoch so far.
    fn on_batch_end(&mut self, _batch: usize, _logs: &Logs, _requests: &mut Requests) {}
    /// After an epoch and its validation. A key added to the logs is seen by later callbacks and
    /// by the history.
    fn on_epoch_end(&mut self, _epoch: usize, _logs: &mut Logs, _requests: &mut Requests) {}
    /// After the last epoch.
    fn on_train_end(&mut self, _requests: &mut Requests) {}
    /// Everything that its decisions depend on.
    fn state(&self) -> Value {
        Value::Null
    }
    /// Puts a state back, or says why it can't.
    fn set_state(&mut self, _state: &Value) -> Result<(), String> {
        Ok(())
    }
    /// After [`Hook::set_state`], with the epochs that the run has done: files that grow are made what
    /// they were at the checkpoint.
    fn on_resume(&mut self, _history: &History, _requests: &mut Requests) {}
    /// True where [`Hook::on_batch_end`] does something; where no hook's does, the logs of a batch
    /// are not made.
    fn watches_batches(&self) -> bool {
        true
    }
    /// True where it asks for the best weights to be kept ([`Requests::keep_best`]).
    fn keeps_best(&self) -> bool {
        false
    }
    /// True where a loss that is not finite is this hook's to deal with, and no error.
    fn tolerates_nan(&self) -> bool {
        false
    }
}

/// A copy of a hook; every hook that is `Clone` has it.
pub trait CopyHook {
    /// The hook as it is now, once more.
    fn copy(&self) -> Box<dyn Hook>;
}

impl<H: Hook + Clone + 'static> CopyHook for H {
    fn copy(&self) -> Box<dyn Hook> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Hook> {
    fn clone(&self) -> Self {
        self.as_ref().copy()
    }
}

impl fmt::Debug for dyn Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// What a callback is started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrainingInfo {
    /// The key of each metric, and whether more is better.
    pub metrics: Vec<(String, bool)>,
    /// Whether there will be `val_…` keys.
    pub has_validation: bool,
    /// Whether the learning rate is a schedule, which no callback may change.
    pub scheduled: bool,
}

/// What a hook knows of the training, and what it wants done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Requests {
    /// The learning rate; None where a schedule rules it.
    pub learning_rate: Option<f32>,
    /// The epoch at which training ends.
    pub epochs: usize,
    /// To be shown.
    pub messages: Vec<String>,
    /// To be shown as warnings.
    pub warnings: Vec<String>,
    /// The learning rate from here on.
    pub new_learning_rate: Option<f32>,
    /// Whether the weights as they are now are to be kept as the best.
    pub keep_best: bool,
    /// Whether the best weights are to be put back.
    pub restore_best: bool,
    /// Names, inside the run's folder, under which the model is to be saved.
    pub save: Vec<String>,
    /// Texts to be written: the file's name inside the run's folder, and all that it shall hold.
    pub write: Vec<(String, String)>,
    /// Texts to be added at the end of files: the name inside the run's folder, and the text.
    pub append: Vec<(String, String)>,
    /// Why the training is to be stopped.
    pub stop: Option<String>,
}

/// Adds a callback of the program's own to the list, under a name for config files.
pub fn register_callback<C: Callback + DeserializeOwned + 'static>(name: &'static str) {
    <dyn Callback>::registry().add(name, |value| {
        let callback: C = serde_json::from_value(value)?;
        Ok(std::sync::Arc::new(callback))
    });
}

/// A hook's state as JSON.
pub(super) fn save<S: Serialize>(state: &S) -> Value {
    serde_json::to_value(state).unwrap_or(Value::Null)
}

/// The state that [`save`] wrote.
pub(super) fn load<S: DeserializeOwned>(name: &str, state: &Value) -> Result<S, String> {
    serde_json::from_value(state.clone())
        .map_err(|error| format!("the checkpoint's state of `{name}` can't be read: {error}"))
}

/// For serde's defaults: Keras's `monitor`.
pub(super) fn val_loss() -> String {
    "val_loss".to_string()
}

/// What is wrong with a `verbose` that is neither 0 nor 1.
pub(super) fn check_verbose(verbose: u8) -> Result<(), Problem> {
    if verbose > 1 {
        let message = format!("`verbose` must be 0 or 1, got {verbose}");
        return Err(Problem::at("verbose", message));
    }
    Ok(())
}
