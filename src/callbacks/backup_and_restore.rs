//! Backups, which every run has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::callback::{Callback, Hook, Requests, TrainingInfo};
use super::save_freq::SaveFreq;
use crate::error::Problem;

/// Prints a message at the start that the run can be resumed. Every run keeps
/// checkpoint.safetensors, with the state of the optimizer and the callbacks, whether or not this
/// callback is listed.
/// Keras: `keras.callbacks.BackupAndRestore`.
///
/// Unlike Keras, the checkpoint is kept after training, so that more epochs can be trained;
/// arguments that would change this are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackupAndRestore {
    /// Not supported: the checkpoint is in the run's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_dir: Option<String>,
    /// Must be `epoch`. Default: epoch.
    pub save_freq: SaveFreq,
    /// Must be false: the file is always replaced atomically. Default: false.
    pub double_checkpoint: bool,
    /// Must be false. Default: false.
    pub delete_checkpoint: bool,
}

impl Callback for BackupAndRestore {
    fn start(&self, _: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
        let refused = |key: &str, message: &str, help: &str| {
            Err(Problem::at(key, message).help(format!("{help}; remove it")))
        };
        if self.backup_dir.is_some() {
            let message = "`backup_dir` is not supported";
            return refused("backup_dir", message, "the backup is kept in the run's folder");
        }
        if let SaveFreq::Batches(batches) = self.save_freq {
            let message = format!("`save_freq` must be `epoch`, got {batches}");
            let help = "a backup is written about once a second, in the middle of epochs too";
            return refused("save_freq", &message, help);
        }
        if self.double_checkpoint {
            let message = "`double_checkpoint` must be false, got true";
            let help = "the backup is replaced whole or not at all, so one is enough";
            return refused("double_checkpoint", message, help);
        }
        if self.delete_checkpoint {
            let message = "`delete_checkpoint` must be false, got true";
            let help = "the backup stays, so that a run can go on with more epochs";
            return refused("delete_checkpoint", message, help);
        }
        Ok(Box::new(Note))
    }
}

#[derive(Clone)]
struct Note;

impl Hook for Note {
    fn on_train_begin(&mut self, requests: &mut Requests) {
        requests.messages.push(
            "backup_and_restore: every run keeps a checkpoint; go on with it by `--resume`"
                .to_string(),
        );
    }

    fn watches_batches(&self) -> bool {
        false
    }
}
