//! What a training came to, as data: metrics.json, whose numbers the end of a training tells too.

use serde::{Deserialize, Serialize};

use crate::history::logs::Logs;

/// What a training came to.
#[derive(Debug, Clone, Serialize)]
pub struct RunMetrics {
    /// The version of Lanthorn.
    pub version: &'static str,
    /// The run's name.
    pub name: Option<String>,
    /// The seed of all random numbers.
    pub seed: u64,
    /// `finished`, `stopped` by a callback, or `interrupted`.
    pub state: &'static str,
    /// Epochs that were trained.
    pub epochs: usize,
    /// Why a callback stopped it, where one did.
    pub stopped: Option<String>,
    /// The loss and the metrics of the model's weights.
    #[serde(rename = "final")]
    pub end: Logs,
    /// Whose weights the model has.
    pub weights: FinalWeights,
    /// The best epoch.
    pub best: Option<BestEpoch>,
    /// What always predicting the same reaches.
    pub baseline: Option<Baseline>,
    /// The data.
    pub data: DataUsed,
    /// How long it took.
    pub timing: Timing,
    /// Where it ran.
    pub machine: Machine,
}

/// Whose weights a model has.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FinalWeights {
    /// The epoch, from 1, of the weights.
    pub epoch: usize,
    /// Whether they are the averages of `use_ema`.
    pub averaged: bool,
    /// Whether they were put back from the best epoch.
    pub restored: bool,
}

/// The best epoch of a training.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BestEpoch {
    /// From 1.
    pub epoch: usize,
    /// The key of the logs by which it is the best.
    pub monitor: String,
    /// Its loss and metrics.
    pub logs: Logs,
}

/// What a training learned from.
#[derive(Debug, Clone, Serialize)]
pub struct DataUsed {
    /// The table's name.
    pub train: Option<String>,
    /// Changes with the rows as the model sees them; the same for the same data.
    pub fingerprint: String,
    /// Samples that were trained on.
    pub samples: usize,
    /// Samples that were validated on.
    pub validation_samples: usize,
}

/// How long a training took, interruptions left out.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Timing {
    /// From the first step to the end, validation and checkpoints included; those of all sessions
    /// where the run was resumed.
    pub seconds: f64,
    /// How often it was started or resumed.
    pub sessions: u64,
    /// Seconds of an epoch in the last session, on average.
    pub seconds_per_epoch: f64,
    /// Samples trained on in a second of the last session, validation time included.
    pub samples_per_second: f64,
}

/// Where a training ran.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name, where the system says it.
    pub cpu: Option<String>,
    /// Threads that computed.
    pub threads: usize,
    /// `linux`.
    pub os: &'static str,
    /// `x86_64`.
    pub architecture: &'static str,
}

/// What always predicting the same reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What is always predicted, such as "always `approved`".
    pub prediction: String,
    /// The loss and the metrics of that over the rows that are validated on, else those that are
    /// trained on, by the keys of the history.
    pub logs: Logs,
}
