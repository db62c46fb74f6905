//! `History`: the loss and the metrics of every epoch.

use serde::{Deserialize, Serialize};

use crate::callbacks::Logs;

/// The name of the history in a run folder.
pub const HISTORY: &str = "history.csv";

/// What `fit` gives back: a row for every epoch that was trained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// In order.
    pub epochs: Vec<EpochLogs>,
}

/// One epoch's loss and metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochLogs {
    /// From 1.
    pub epoch: usize,
    /// `accuracy`, `loss`, `val_accuracy`, `val_loss`: in alphabetical order, as Keras's.
    pub logs: Logs,
}

impl History {
    /// The last value under a key.
    pub fn last(&self, key: &str) -> Option<f64> {
        self.epochs.iter().rev().find_map(|epoch| epoch.logs.get(key))
    }

    /// All values under a key, in order.
    pub fn values(&self, key: &str) -> Vec<f64> {
        self.epochs.iter().filter_map(|epoch| epoch.logs.get(key)).collect()
    }

    /// The history as CSV: a column for the epoch (from 1) and one for every key.
    pub fn to_csv(&self) -> String {
        let mut keys: Vec<&str> = Vec::new();
        for epoch in &self.epochs {
            keys.extend(epoch.logs.iter().map(|(key, _)| key));
        }
        keys.sort_unstable();
        keys.dedup();
        let mut csv = String::from("epoch");
        for key in &keys {
            csv += &format!(",{key}");
        }
        csv.push('\n');
        for epoch in &self.epochs {
            csv += &epoch.epoch.to_string();
            for key in &keys {
                csv += &epoch.logs.get(key).map_or(",".to_string(), |value| format!(",{value}"));
            }
            csv.push('\n');
        }
        csv
    }
}
