//! What a training tells of itself, and to whom.

use crate::callbacks::Logs;
use crate::error::Result;
use crate::history::EpochLogs;
use crate::trainer::Trainer;

/// Where the training stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Epochs that are finished.
    pub epoch: usize,
    /// Batches of the current epoch that are finished.
    pub batch: usize,
    /// Batches of the whole training that are finished; keys the random streams.
    pub step: u64,
}

/// What the weights are that a training ended with, and what they are worth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ending {
    /// The loss and the metrics of these very weights.
    pub logs: Logs,
    /// The epoch (from 1) whose weights were put back, where a callback did so.
    pub best_epoch: Option<usize>,
    /// True where the weights are the averages of `use_ema`.
    pub averaged: bool,
}

/// Who watches a training: a progress view, a keeper of checkpoints.
pub trait Observer: Send {
    /// Before an epoch (from 0), or on going on in its middle; `steps` batches in all.
    fn epoch_begins(&mut self, _trainer: &Trainer, _epoch: usize, _steps: usize) -> Result<()> {
        Ok(())
    }
    /// After every batch. `Flow::Interrupt` ends the training here, to be resumed.
    fn batch_ended(&mut self, _trainer: &Trainer) -> Result<Flow> {
        Ok(Flow::Continue)
    }
    /// Asked before an epoch and after every batch of validation: `Flow::Interrupt` ends the training
    /// here, to be resumed.
    fn flow(&mut self) -> Flow {
        Flow::Continue
    }
    /// After every epoch, its validation included.
    fn epoch_ended(&mut self, _trainer: &Trainer, _logs: &EpochLogs) -> Result<()> {
        Ok(())
    }
    /// After the last epoch, before averaged or best weights replace the raw ones.
    fn training_ended(&mut self, _trainer: &Trainer) -> Result<()> {
        Ok(())
    }
    /// A callback speaks.
    fn said(&mut self, _message: &str, _is_warning: bool) {}
    /// A callback wants the model saved under this name.
    fn save(&mut self, _trainer: &Trainer, _name: &str) -> Result<()> {
        Ok(())
    }
    /// A callback wants this text written under this name, in place of what the file holds.
    fn write(&mut self, _name: &str, _text: &str) -> Result<()> {
        Ok(())
    }
    /// A callback wants this text added at the end of the file of this name.
    fn append(&mut self, _name: &str, _text: &str) -> Result<()> {
        Ok(())
    }
}

/// An observer that doesn't look.
pub struct Quiet;
impl Observer for Quiet {}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop after this batch, to be resumed.
    Interrupt,
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All epochs, or a callback stopped it and said why.
    Finished(Option<String>),
    /// The observer interrupted it.
    Interrupted,
}
