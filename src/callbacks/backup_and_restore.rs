//! Backups, which every run has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Callback, Facts, Hook, Run, SaveFreq};
use crate::error::Problem;

/// Says at the start that a run can be gone on with: every run keeps checkpoint.safetensors, with
/// the optimizer's and the callbacks' state, about once a second and at its end.
/// Keras: `keras.callbacks.BackupAndRestore`.
///
/// Unlike Keras, the backup stays after the training, so that it can go on with more epochs; the
/// arguments that would change what a run does anyway are refused.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackupAndRestore {
    /// Not supported: the backup is in the run's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_dir: Option<String>,
    /// Only `epoch`. Default: epoch.
    pub save_freq: SaveFreq,
    /// Only false: the file is replaced whole or not at all. Default: false.
    pub double_checkpoint: bool,
    /// Only false. Default: false.
    pub delete_checkpoint: bool,
}

impl Callback for BackupAndRestore {
    fn start(&self, _: &Facts) -> Result<Box<dyn Hook>, Problem> {
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

struct Note;

impl Hook for Note {
    fn on_train_begin(&mut self, run: &mut Run) {
        run.messages.push(
            "backup_and_restore: every run keeps a checkpoint; go on with it by `--resume`"
                .to_string(),
        );
    }

    fn watches_batches(&self) -> bool {
        false
    }
}
