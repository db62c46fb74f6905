//! True and false positives and negatives, precision and recall.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confusion::{Counting, NEVER, Thresholds, check_columns, ratio};
use super::metric::{Accumulator, Metric};
use crate::error::Problem;
use crate::losses::checks;
use crate::target::Output;

/// The number of a kind of prediction, above or not above each threshold.
macro_rules! count_metric {
    ($(#[doc = $about:literal])+ $name:ident, $key:literal, $counts:ident, $higher:literal) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// One or several thresholds, between 0 and 1. Default: 0.5.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub thresholds: Option<Thresholds>,
        }

        impl Metric for $name {
            fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
                Ok(count($key, self.thresholds.as_ref(), output)?.then(|c| c.$counts.clone()))
            }

            fn higher_is_better(&self) -> bool {
                $higher
            }
        }
    };
}

count_metric! {
    /// Number of true positives: y is 1 and the prediction is above the threshold. Sample weights
    /// count. Keras: `keras.metrics.TruePositives`.
    TruePositives, "true_positives", tp, true
}
count_metric! {
    /// Number of true negatives: y is 0 and the prediction is not above the threshold. Sample weights
    /// count. Keras: `keras.metrics.TrueNegatives`.
    TrueNegatives, "true_negatives", tn, true
}
count_metric! {
    /// Number of false positives: y is 0 and the prediction is above the threshold. Sample weights
    /// count. Keras: `keras.metrics.FalsePositives`.
    FalsePositives, "false_positives", fp, false
}
count_metric! {
    /// Number of false negatives: y is 1 and the prediction is not above the threshold. Sample weights
    /// count. Keras: `keras.metrics.FalseNegatives`.
    FalseNegatives, "false_negatives", fn_, false
}

fn count(
    name: &str,
    thresholds: Option<&Thresholds>,
    output: &Output<'_>,
) -> Result<Counting, Problem> {
    check_columns(name, output)?;
    checks::probabilities(name, "sigmoid", output)?;
    Counting::at(thresholds, 0.5, output)
}

/// The share of true positives in them and those of another kind.
macro_rules! share_metric {
    ($(#[doc = $about:literal])+ $name:ident, $key:literal, $others:ident) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// One or several thresholds, between 0 and 1. Default: 0.5; none with `top_k`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub thresholds: Option<Thresholds>,
            /// Consider only the k largest predictions of a sample. Default: all.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub top_k: Option<usize>,
            /// Consider only this class, counted from 0. Default: all.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub class_id: Option<usize>,
        }

        impl Metric for $name {
            fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
                let $name { thresholds, top_k, class_id } = self;
                let counting = choose($key, thresholds.as_ref(), *top_k, *class_id, output)?;
                Ok(counting.then(|c| {
                    c.tp.iter().zip(&c.$others).map(|(tp, other)| ratio(*tp, tp + other)).collect()
                }))
            }

            fn higher_is_better(&self) -> bool {
                true
            }
        }
    };
}

share_metric! {
    /// `TP / (TP + FP)` over all columns: the fraction of positive predictions that are right; 0 if
    /// there are none. Keras: `keras.metrics.Precision`.
    Precision, "precision", fp
}
share_metric! {
    /// `TP / (TP + FN)` over all columns: the fraction of positives that are found; 0 if there are
    /// none. Keras: `keras.metrics.Recall`.
    Recall, "recall", fn_
}

fn choose(
    name: &str,
    thresholds: Option<&Thresholds>,
    top_k: Option<usize>,
    class_id: Option<usize>,
    output: &Output<'_>,
) -> Result<Counting, Problem> {
    check_columns(name, output)?;
    if top_k.is_none() || thresholds.is_some() {
        checks::probabilities(name, "sigmoid", output)?;
    }
    let default = if top_k.is_some() { NEVER } else { 0.5 };
    Counting::at(thresholds, default, output)?.only_top(top_k)?.only_class(class_id)
}
