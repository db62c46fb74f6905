//! The loss and the metrics of one fold of a cross-validation.

use serde::Serialize;

use crate::history::logs::Logs;

/// What one fold has come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoldScores {
    /// Its number, from 1.
    pub fold: usize,
    /// How many samples it was trained on.
    pub samples: usize,
    /// How many samples it was validated on.
    pub validation_samples: usize,
    /// Epochs that were trained.
    pub epochs: usize,
    /// The loss and the metrics of its model.
    pub logs: Logs,
}
