//! True and false positives and negatives, precision and recall.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confusion::{Counting, NEVER, Thresholds, check_columns, ratio};
use super::metric::{Accumulator, Metric};
use crate::error::Problem;
use crate::losses::checks;
use crate::target::Output;

/// Number of true positives: y is 1 and the prediction is above the threshold. Sample weights
/// count. Keras: `keras.metrics.TruePositives`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TruePositives {
    /// One or several thresholds, between 0 and 1. Default: 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
}

impl Metric for TruePositives {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        Ok(count("true_positives", self.thresholds.as_ref(), output)?.then(|c| c.tp.clone()))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// Number of true negatives: y is 0 and the prediction is not above the threshold. Sample weights
/// count. Keras: `keras.metrics.TrueNegatives`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrueNegatives {
    /// One or several thresholds, between 0 and 1. Default: 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
}

impl Metric for TrueNegatives {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        Ok(count("true_negatives", self.thresholds.as_ref(), output)?.then(|c| c.tn.clone()))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// Number of false positives: y is 0 and the prediction is above the threshold. Sample weights
/// count. Keras: `keras.metrics.FalsePositives`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FalsePositives {
    /// One or several thresholds, between 0 and 1. Default: 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
}

impl Metric for FalsePositives {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        Ok(count("false_positives", self.thresholds.as_ref(), output)?.then(|c| c.fp.clone()))
    }
}

/// Number of false negatives: y is 1 and the prediction is not above the threshold. Sample weights
/// count. Keras: `keras.metrics.FalseNegatives`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FalseNegatives {
    /// One or several thresholds, between 0 and 1. Default: 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
}

impl Metric for FalseNegatives {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        Ok(count("false_negatives", self.thresholds.as_ref(), output)?.then(|c| c.fn_.clone()))
    }
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

/// `TP / (TP + FP)` over all columns: the fraction of positive predictions that are right; 0 if
/// there are none. Keras: `keras.metrics.Precision`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Precision {
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

impl Metric for Precision {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let Precision { thresholds, top_k, class_id } = self;
        let counting = choose("precision", thresholds.as_ref(), *top_k, *class_id, output)?;
        Ok(counting.then(|c| c.tp.iter().zip(&c.fp).map(|(tp, fp)| ratio(*tp, tp + fp)).collect()))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// `TP / (TP + FN)` over all columns: the fraction of positives that are found; 0 if there are
/// none. Keras: `keras.metrics.Recall`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Recall {
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

impl Metric for Recall {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let Recall { thresholds, top_k, class_id } = self;
        let counting = choose("recall", thresholds.as_ref(), *top_k, *class_id, output)?;
        Ok(counting
            .then(|c| c.tp.iter().zip(&c.fn_).map(|(tp, fn_)| ratio(*tp, tp + fn_)).collect()))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
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
