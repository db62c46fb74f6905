//! Metrics: the one list. The traits are in `metric`.
//!
//! A metric's accumulator streams: its state doesn't grow with the data, and is saved in a
//! checkpoint. It sees each batch on the host, as the trainer already has it.

mod accuracy;
mod at_threshold;
mod auc;
mod better;
mod calibration;
pub(crate) mod class_report;
mod confusion;
mod counts;
mod crossentropy;
mod divergence;
mod error;
mod f_score;
mod hinge;
mod io_u;
mod metric;
mod r2_score;
mod rows;
mod similarity;
#[cfg(test)]
mod tests;
mod top_k;

use crate::config::catalog;

pub use accuracy::{Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy};
pub use at_threshold::{
    PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity,
};
pub use auc::{Auc, Curve, Summation};
pub(crate) use better::more_is_better;
pub use calibration::ExpectedCalibrationError;
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
pub use metric::{
    Accumulator, CopyAccumulator, Metric, MetricBatch, MetricCommon, MetricEntry, log_keys,
};
pub use r2_score::{ClassAggregation, R2Score};
pub(crate) use rows::argmax;
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
    Crossentropy: "crossentropy", "Crossentropy", "ce", own;
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
    ExpectedCalibrationError: "expected_calibration_error", "ExpectedCalibrationError", "ece", own;
    "mean" => "it has no predictions to compare; the loss and the metrics are means already";
    "sum" => "it has no predictions to compare; the loss and the metrics are means already";
}
