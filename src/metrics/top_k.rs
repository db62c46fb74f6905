//! Top-k accuracies: the share of samples whose class is among the k most probable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accuracy::{one_class_number, one_column_a_class};
use super::metric::{Accumulator, Metric};
use super::rows::{argmax, average, one_if};
use crate::config::checks::positive_count;
use crate::error::Problem;
use crate::target::{Output, Target};

/// Fraction of the samples whose target class (its largest column) is among the k most probable
/// ones.
/// Keras: `keras.metrics.TopKCategoricalAccuracy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopKCategoricalAccuracy {
    /// Number of classes to look at. Default: 5.
    pub k: usize,
}

impl Default for TopKCategoricalAccuracy {
    fn default() -> Self {
        TopKCategoricalAccuracy { k: 5 }
    }
}

impl Metric for TopKCategoricalAccuracy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        positive_count("k", self.k)?;
        if let (Target::Classes(_), 2..) = (output.target, output.shape.last()) {
            let (name, other) = ("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy");
            return Err(one_column_a_class(name, other));
        }
        let k = self.k;
        Ok(average(move |rows, row| {
            one_if(is_in_top(rows.prediction(row), argmax(rows.target(row)), k))
        }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// Fraction of the samples whose target class is among the k most probable ones.
/// Keras: `keras.metrics.SparseTopKCategoricalAccuracy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SparseTopKCategoricalAccuracy {
    /// Number of classes to look at. Default: 5.
    pub k: usize,
}

impl Default for SparseTopKCategoricalAccuracy {
    fn default() -> Self {
        SparseTopKCategoricalAccuracy { k: 5 }
    }
}

impl Metric for SparseTopKCategoricalAccuracy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        positive_count("k", self.k)?;
        if let Target::OneHot(2..) = output.target {
            let (name, other) = ("sparse_top_k_categorical_accuracy", "top_k_categorical_accuracy");
            return Err(one_class_number(name, other));
        }
        let k = self.k;
        Ok(average(move |rows, row| {
            one_if(is_in_top(rows.prediction(row), rows.label(row) as usize, k))
        }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// True where fewer than k of the scores are larger than the class's; ties count for it.
pub(crate) fn is_in_top(scores: &[f32], class: usize, k: usize) -> bool {
    match scores.get(class) {
        Some(own) => scores.iter().filter(|score| *score > own).count() < k && !own.is_nan(),
        None => false,
    }
}
