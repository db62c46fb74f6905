//! Metrics: the trait, the accumulators, and the one list.
//!
//! A metric's accumulator streams: its state doesn't grow with the data, and is saved in a
//! checkpoint. It sees each batch on the host, as the trainer already has it.

mod accuracy;
mod at_threshold;
mod auc;
mod confusion;
mod counts;
mod crossentropy;
mod divergence;
mod error;
mod f_score;
mod hinge;
mod io_u;
mod r2_score;
pub mod report;
mod rows;
mod similarity;
#[cfg(test)]
mod tests;
mod top_k;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::MapAccess;

use crate::config::{AnyItem, Entry, Node, catalog};
use crate::error::{Problem, Result};
use crate::losses::{Output, Target, checks};

pub use accuracy::{Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy};
pub use at_threshold::{
    PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity,
};
pub use auc::{Auc, Curve, Summation};
pub use confusion::Thresholds;
pub use counts::{FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives};
pub use crossentropy::{
    BinaryCrossentropy, CategoricalCrossentropy, Crossentropy, SparseCategoricalCrossentropy,
};
pub use divergence::{KlDivergence, Poisson};
pub use error::{
    LogCoshError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, RootMeanSquaredError,
};
pub use f_score::{Average, F1Score, FBetaScore};
pub use hinge::{CategoricalHinge, Hinge, SquaredHinge};
pub use io_u::{BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU};
pub use r2_score::{ClassAggregation, R2Score};
pub use similarity::{ConcordanceCorrelation, CosineSimilarity, PearsonCorrelation};
pub use top_k::{SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy};

catalog! { dyn Metric, "metric", MetricCommon, MetricKind;
    Accuracy: "accuracy", "Accuracy", "acc";
    BinaryAccuracy: "binary_accuracy", "BinaryAccuracy";
    CategoricalAccuracy: "categorical_accuracy", "CategoricalAccuracy";
    SparseCategoricalAccuracy: "sparse_categorical_accuracy", "SparseCategoricalAccuracy";
    TopKCategoricalAccuracy: "top_k_categorical_accuracy", "TopKCategoricalAccuracy";
    SparseTopKCategoricalAccuracy: "sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy";
    MeanSquaredError: "mean_squared_error", "MeanSquaredError", "mse";
    RootMeanSquaredError: "root_mean_squared_error", "RootMeanSquaredError", "rmse";
    MeanAbsoluteError: "mean_absolute_error", "MeanAbsoluteError", "mae";
    MeanAbsolutePercentageError: "mean_absolute_percentage_error", "MeanAbsolutePercentageError", "mape";
    MeanSquaredLogarithmicError: "mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", "msle";
    LogCoshError: "logcosh", "LogCoshError";
    R2Score: "r2_score", "R2Score";
    BinaryCrossentropy: "binary_crossentropy", "BinaryCrossentropy", "bce";
    CategoricalCrossentropy: "categorical_crossentropy", "CategoricalCrossentropy", "cce";
    SparseCategoricalCrossentropy: "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", "scce";
    Crossentropy: "crossentropy", "Crossentropy", "ce";
    KlDivergence: "kl_divergence", "KLDivergence", "kld";
    Poisson: "poisson", "Poisson";
    Hinge: "hinge", "Hinge";
    SquaredHinge: "squared_hinge", "SquaredHinge";
    CategoricalHinge: "categorical_hinge", "CategoricalHinge";
    CosineSimilarity: "cosine_similarity", "CosineSimilarity";
    PearsonCorrelation: "pearson_correlation", "PearsonCorrelation";
    ConcordanceCorrelation: "concordance_correlation", "ConcordanceCorrelation";
    Precision: "precision", "Precision";
    Recall: "recall", "Recall";
    TruePositives: "true_positives", "TruePositives";
    TrueNegatives: "true_negatives", "TrueNegatives";
    FalsePositives: "false_positives", "FalsePositives";
    FalseNegatives: "false_negatives", "FalseNegatives";
    Auc: "auc", "AUC";
    SensitivityAtSpecificity: "sensitivity_at_specificity", "SensitivityAtSpecificity";
    SpecificityAtSensitivity: "specificity_at_sensitivity", "SpecificityAtSensitivity";
    PrecisionAtRecall: "precision_at_recall", "PrecisionAtRecall";
    RecallAtPrecision: "recall_at_precision", "RecallAtPrecision";
    F1Score: "f1_score", "F1Score";
    FBetaScore: "fbeta_score", "FBetaScore";
    IoU: "io_u", "IoU";
    BinaryIoU: "binary_io_u", "BinaryIoU";
    MeanIoU: "mean_io_u", "MeanIoU";
    OneHotIoU: "one_hot_io_u", "OneHotIoU";
    OneHotMeanIoU: "one_hot_mean_io_u", "OneHotMeanIoU";
    "mean" => "it has no predictions to compare; the loss and the metrics are means already";
    "sum" => "it has no predictions to compare; the loss and the metrics are means already";
}

/// A metric in a config: `accuracy`, `auc: {num_thresholds: 50}`.
pub type MetricEntry = Entry<dyn Metric>;

/// A metric's configuration.
pub trait Metric: fmt::Debug + Send + Sync + AnyItem {
    /// A fresh accumulator for a model of this output. (`accuracy` resolves itself here.)
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem>;

    /// Whether more is better; decides callbacks' `mode: auto`.
    fn higher_is_better(&self) -> bool {
        false
    }
}

/// A metric's running state.
pub trait Accumulator: Send {
    /// Adds a batch.
    fn update(&mut self, batch: &Batch<'_>);
    /// The metric over all that was added: one number, or one a class.
    fn result(&self) -> Vec<f64>;
    /// The state, for a checkpoint and for [`Accumulator::set_state`]; never grows with the data.
    fn state(&self) -> Vec<f64>;
    /// Puts a state back; all zeros, of the same length, is a fresh start unless stated otherwise.
    fn set_state(&mut self, state: &[f64]);
}

/// One batch on the host.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The targets, row-major.
    pub target: &'a [f32],
    /// Their shape: (batch,), (batch, k), …
    pub target_shape: &'a [usize],
    /// The predictions, row-major.
    pub prediction: &'a [f32],
    /// Their shape: (batch, …, k).
    pub prediction_shape: &'a [usize],
    /// A weight for each sample, (batch,), or for each sample and step, (batch, time).
    pub weight: Option<&'a [f32]>,
}

/// The arguments that every metric takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct MetricCommon {
    /// The key in logs and history. Default: the metric's name as written.
    pub name: Option<String>,
}

impl crate::config::Common for MetricCommon {
    const KEYS: &'static [&'static str] = &["name"];
    fn read<'de, A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.name = map.next_value()?;
        Ok(())
    }
}

impl MetricEntry {
    /// The key in logs and history: `name` where given, the name as written where it has no
    /// arguments (`acc` stays `acc`), else Keras's default name.
    pub fn key(&self) -> String {
        if let Some(name) = &self.common.name {
            return name.clone();
        }
        let bare = Node::from_json(&self.kind.name.into()).read::<MetricEntry>();
        match bare {
            Ok(bare) if bare == *self => self.written.clone(),
            _ => self.kind.name.to_string(),
        }
    }
}

/// The keys of a list of metrics, one each; the second of a name gets `_1`, the third `_2`.
pub fn log_keys(metrics: &[MetricEntry]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::with_capacity(metrics.len());
    for metric in metrics {
        let name = metric.key();
        let mut key = name.clone();
        let mut count = 0;
        while keys.contains(&key) {
            count += 1;
            key = format!("{name}_{count}");
        }
        keys.push(key);
    }
    keys
}

/// Metrics of numbers: as many predictions as targets.
pub(crate) fn same_columns(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    checks::same_columns(name, output).map_err(|problem| match output.target {
        Target::Classes(_) => problem.help("use `accuracy`, or `encode: one_hot` on the target"),
        _ => problem,
    })
}
