//! Callbacks: what a training may be told to do between its batches and epochs; the traits and the
//! one list.
//!
//! A [`Callback`] is the configuration; [`Callback::start`] makes its [`Hook`], which the trainer
//! calls. A hook touches neither the model nor a file: it decides, and leaves what it wants done in
//! a [`Run`], which the trainer carries out. Its state goes into the checkpoint, so that a resumed
//! training decides as an uninterrupted one.

mod backup_and_restore;
mod csv_logger;
mod early_stopping;
mod file_name;
mod learning_rate_scheduler;
mod logs;
mod model_checkpoint;
mod monitor;
mod reduce_lr_on_plateau;
mod save_freq;
mod terminate_on_nan;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::{AnyItem, Entry, Nothing, catalog};
use crate::error::Problem;
use crate::history::History;

pub use backup_and_restore::BackupAndRestore;
pub use csv_logger::CsvLogger;
pub use early_stopping::EarlyStopping;
pub use learning_rate_scheduler::{EpochSchedule, LearningRateScheduler};
pub use logs::{Exact, Logs};
pub use model_checkpoint::ModelCheckpoint;
pub use monitor::Mode;
pub use reduce_lr_on_plateau::ReduceLrOnPlateau;
pub use save_freq::SaveFreq;
pub use terminate_on_nan::TerminateOnNan;

catalog! { dyn Callback, "callback", Nothing, CallbackKind;
    EarlyStopping: "early_stopping", "EarlyStopping";
    ModelCheckpoint: "model_checkpoint", "ModelCheckpoint";
    ReduceLrOnPlateau: "reduce_lr_on_plateau", "ReduceLROnPlateau";
    LearningRateScheduler: "learning_rate_scheduler", "LearningRateScheduler";
    CsvLogger: "csv_logger", "CSVLogger";
    TerminateOnNan: "terminate_on_nan", "TerminateOnNaN";
    BackupAndRestore: "backup_and_restore", "BackupAndRestore";
    "tensor_board" => "the history is in history.csv of the run's folder, or by `csv_logger`";
    "remote_monitor" => "a training opens no connection; follow history.csv, or write a hook in Rust";
    "lambda_callback" => "a configuration holds no code; write a hook in Rust";
    "swap_ema_weights" => "with `use_ema: true` the optimizer puts the averages in at the end of training";
    "history" => "every training keeps one";
    "progbar_logger" => "progress is shown by `fit.verbose`";
}

/// A callback in a config: `terminate_on_nan`, `early_stopping: {patience: 3}`.
pub type CallbackEntry = Entry<dyn Callback>;

/// A callback's configuration.
pub trait Callback: fmt::Debug + Send + Sync + AnyItem {
    /// Makes its runtime half for such a training, or says what is wrong with its arguments.
    fn start(&self, facts: &Facts) -> Result<Box<dyn Hook>, Problem>;
    /// True where it asks for the best weights to be kept ([`Run::keep_best`]).
    fn keeps_best(&self) -> bool {
        false
    }
}

/// A callback at work. Every method does nothing unless it is overridden. Epochs and batches are
/// counted from 0.
pub trait Hook: Send {
    /// Before the first epoch; on a resumed training, before [`Hook::set_state`].
    fn on_train_begin(&mut self, _run: &mut Run) {}
    /// Before the first batch of an epoch.
    fn on_epoch_begin(&mut self, _epoch: usize, _run: &mut Run) {}
    /// After a batch; the logs are those of the epoch so far.
    fn on_batch_end(&mut self, _batch: usize, _logs: &Logs, _run: &mut Run) {}
    /// After an epoch and its validation. A key added to the logs is seen by later callbacks and
    /// by the history.
    fn on_epoch_end(&mut self, _epoch: usize, _logs: &mut Logs, _run: &mut Run) {}
    /// After the last epoch.
    fn on_train_end(&mut self, _run: &mut Run) {}
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
    fn on_resume(&mut self, _history: &History, _run: &mut Run) {}
    /// True where [`Hook::on_batch_end`] does something; where no hook's does, the logs of a batch
    /// are not made.
    fn watches_batches(&self) -> bool {
        true
    }
    /// True where a loss that is not finite is this hook's to deal with, and no error.
    fn tolerates_nan(&self) -> bool {
        false
    }
}

/// What a callback is started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The key of each metric, and whether more is better.
    pub metrics: Vec<(String, bool)>,
    /// Whether there will be `val_…` keys.
    pub has_validation: bool,
    /// Whether the learning rate is a schedule, which no callback may change.
    pub scheduled: bool,
}

/// What a hook knows of the training, and what it wants done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
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
    use crate::config::Catalog;
    <dyn Callback>::registry().add(name, |value| {
        let callback: C = serde_json::from_value(value)?;
        Ok(std::sync::Arc::new(callback))
    });
}

/// A hook's state as JSON.
fn save<S: Serialize>(state: &S) -> Value {
    serde_json::to_value(state).unwrap_or(Value::Null)
}

/// The state that [`save`] wrote.
fn load<S: DeserializeOwned>(name: &str, state: &Value) -> Result<S, String> {
    serde_json::from_value(state.clone())
        .map_err(|error| format!("the checkpoint's state of `{name}` can't be read: {error}"))
}

/// For serde's defaults: Keras's `monitor`.
fn val_loss() -> String {
    "val_loss".to_string()
}

/// What is wrong with a `verbose` that is neither 0 nor 1.
fn check_verbose(verbose: u8) -> Result<(), Problem> {
    if verbose > 1 {
        let message = format!("`verbose` must be 0 or 1, got {verbose}");
        return Err(Problem::at("verbose", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Node;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    struct StopAt {
        epoch: usize,
    }

    impl Callback for StopAt {
        fn start(&self, _: &Facts) -> Result<Box<dyn Hook>, Problem> {
            Ok(Box::new(StopAt { epoch: self.epoch }))
        }
    }

    impl Hook for StopAt {
        fn on_epoch_end(&mut self, epoch: usize, _: &mut Logs, run: &mut Run) {
            run.stop = (epoch == self.epoch).then(|| "it is time".to_string());
        }
    }

    #[test]
    fn a_programs_own_callback_is_read_by_its_name() {
        register_callback::<StopAt>("stop_at");
        let entry: CallbackEntry =
            Node::from_json(&json!({"stop_at": {"epoch": 2}})).read().unwrap();
        let mut hook = entry.item.start(&Facts::default()).unwrap();
        let mut run = Run::default();
        hook.on_epoch_end(2, &mut Logs::default(), &mut run);
        assert_eq!(run.stop.as_deref(), Some("it is time"));
    }

    #[test]
    fn what_keras_has_and_we_refuse_is_refused_with_a_reason() {
        for name in ["TensorBoard", "tensorboard", "lambda_callback"] {
            let error = Node::from_json(&json!(name)).read::<CallbackEntry>().unwrap_err();
            assert!(error.to_string().contains("is not supported"), "{error}");
        }
    }

    #[test]
    fn callbacks_that_set_the_rate_are_refused_beside_a_schedule() {
        let facts = Facts { has_validation: true, scheduled: true, ..Facts::default() };
        for entry in [
            json!("reduce_lr_on_plateau"),
            json!({"learning_rate_scheduler": {"schedule": [[0, 0.1]]}}),
        ] {
            let entry: CallbackEntry = Node::from_json(&entry).read().unwrap();
            let problem = entry.item.start(&facts).err().unwrap();
            assert!(problem.message.contains("the optimizer's is a schedule"), "{problem:?}");
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_stops_the_training_cleanly() {
        let mut hook = TerminateOnNan::default().start(&Facts::default()).unwrap();
        assert!(hook.tolerates_nan());
        let mut run = Run::default();
        hook.on_batch_end(3, &Logs::from_iter([("loss", f64::NAN)]), &mut run);
        assert_eq!(run.messages, ["Batch 3: Invalid loss, terminating training"]);
        assert_eq!(run.stop.as_deref(), Some("the loss is NaN"));
        let strict = TerminateOnNan { raise_error: true }.start(&Facts::default()).unwrap();
        assert!(!strict.tolerates_nan());
    }
}
