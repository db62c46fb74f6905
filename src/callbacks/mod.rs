//! Callbacks: what a training may be told to do between its batches and epochs; the one list. The
//! traits are in `callback`.

mod backup_and_restore;
mod callback;
mod csv_logger;
mod early_stopping;
mod file_name;
mod learning_rate_scheduler;
mod model_checkpoint;
mod monitor;
mod reduce_lr_on_plateau;
mod save_freq;
mod terminate_on_nan;

use crate::config::{Nothing, catalog};

pub use crate::history::logs::{Exact, Logs};
pub use backup_and_restore::BackupAndRestore;
pub use callback::{
    Callback, CallbackEntry, CopyHook, Hook, Requests, TrainingInfo, register_callback,
};
pub use csv_logger::CsvLogger;
pub use early_stopping::EarlyStopping;
pub use learning_rate_scheduler::{EpochSchedule, LearningRateScheduler};
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
    "tensor_board" => "it is no callback here: write `logging: {tensorboard: true}`, beside `fit`";
    "remote_monitor" => "a training opens no connection; follow history.csv, or write a hook in Rust";
    "lambda_callback" => "a configuration holds no code; write a hook in Rust";
    "swap_ema_weights" => "with `use_ema: true` the optimizer puts the averages in at the end of training";
    "history" => "every training keeps one";
    "progbar_logger" => "progress is shown by `fit.verbose`";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Node;
    use crate::error::Problem;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
    struct StopAt {
        epoch: usize,
    }

    impl Callback for StopAt {
        fn start(&self, _: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
            Ok(Box::new(StopAt { epoch: self.epoch }))
        }
    }

    impl Hook for StopAt {
        fn on_epoch_end(&mut self, epoch: usize, _: &mut Logs, requests: &mut Requests) {
            requests.stop = (epoch == self.epoch).then(|| "it is time".to_string());
        }
    }

    #[test]
    fn a_programs_own_callback_is_read_by_its_name() {
        register_callback::<StopAt>("stop_at");
        let entry: CallbackEntry =
            Node::from_json(&json!({"stop_at": {"epoch": 2}})).read().unwrap();
        let mut hook = entry.item.start(&TrainingInfo::default()).unwrap();
        let mut requests = Requests::default();
        hook.on_epoch_end(2, &mut Logs::default(), &mut requests);
        assert_eq!(requests.stop.as_deref(), Some("it is time"));
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
        let training =
            TrainingInfo { has_validation: true, scheduled: true, ..TrainingInfo::default() };
        for entry in [
            json!("reduce_lr_on_plateau"),
            json!({"learning_rate_scheduler": {"schedule": [[0, 0.1]]}}),
        ] {
            let entry: CallbackEntry = Node::from_json(&entry).read().unwrap();
            let problem = entry.item.start(&training).err().unwrap();
            assert!(problem.message.contains("the optimizer's is a schedule"), "{problem:?}");
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_stops_the_training_cleanly() {
        let mut hook = TerminateOnNan::default().start(&TrainingInfo::default()).unwrap();
        assert!(hook.tolerates_nan());
        let mut requests = Requests::default();
        hook.on_batch_end(3, &Logs::from_iter([("loss", f64::NAN)]), &mut requests);
        assert_eq!(requests.messages, ["Batch 3: Invalid loss, terminating training"]);
        assert_eq!(requests.stop.as_deref(), Some("the loss is NaN"));
        let strict = TerminateOnNan { raise_error: true }.start(&TrainingInfo::default()).unwrap();
        assert!(!strict.tolerates_nan());
    }
}
