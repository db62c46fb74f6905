//! Accuracies: the share of samples that are right.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Accumulator, Metric};
use super::rows::{Rows, argmax, average, column_mean, one_if};
use crate::activations::Activation;
use crate::error::Problem;
use crate::target::{Output, Target};

/// The accuracy that fits the shapes: binary (with threshold 0.5) for an output of one unit, sparse
/// categorical if the target is class indices, categorical if it is one-hot.
/// Keras: the strings `accuracy` and `acc`; over predictions without a last axis, the class `Accuracy`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accuracy {}

impl Metric for Accuracy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let linear = output.activation == Some(&Activation::Linear);
        if output.shape.last() == 1 && output.shape.rank() > 0 && linear {
            let message = "`accuracy` compares the output with 0.5, but the last layer is linear";
            let help = "for the logits of a classifier use `binary_accuracy: {threshold: 0}`, for \
                        a regression `mae` or `r2_score`";
            return Err(Problem::at("", message).help(help));
        }
        let flat = output.shape.rank() == 0;
        Ok(average(move |rows, row| match rows.width {
            1 if flat => one_if(rows.target(row) == rows.prediction(row)),
            1 => binary(rows, row, 0.5),
            _ if rows.are_labels() => sparse(rows, row),
            _ => categorical(rows, row),
        }))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// Fraction of the predictions for which `p > threshold` equals y. Keras:
/// `keras.metrics.BinaryAccuracy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryAccuracy {
    /// Predictions above it count as 1; use 0 for logits. Default: 0.5.
    pub threshold: f64,
}

impl Default for BinaryAccuracy {
    fn default() -> Self {
        BinaryAccuracy { threshold: 0.5 }
    }
}

impl Metric for BinaryAccuracy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        if let (Target::Classes(_), 2..) = (output.target, output.shape.last()) {
            return Err(one_column_a_class("binary_accuracy", "sparse_categorical_accuracy"));
        }
        let threshold = self.threshold as f32;
        Ok(average(move |rows, row| binary(rows, row, threshold)))
    }

    fn threshold(&self) -> Option<f64> {
        Some(self.threshold)
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// Fraction of the samples whose most probable class is the target's class (its largest column).
/// Keras: `keras.metrics.CategoricalAccuracy`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoricalAccuracy {}

impl Metric for CategoricalAccuracy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        if let (Target::Classes(_), 2..) = (output.target, output.shape.last()) {
            return Err(one_column_a_class("categorical_accuracy", "sparse_categorical_accuracy"));
        }
        Ok(average(categorical))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// Fraction of the samples whose most probable class is the target's class.
/// Keras: `keras.metrics.SparseCategoricalAccuracy`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SparseCategoricalAccuracy {}

impl Metric for SparseCategoricalAccuracy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        if let Target::OneHot(2..) = output.target {
            return Err(one_class_number("sparse_categorical_accuracy", "categorical_accuracy"));
        }
        Ok(average(sparse))
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

pub(crate) fn one_column_a_class(name: &str, other: &str) -> Problem {
    let message = format!("`{name}` wants one column a class, but the target is a class number");
    Problem::at("", message).help(format!("use `{other}`, or `encode: one_hot` on the target"))
}

pub(crate) fn one_class_number(name: &str, other: &str) -> Problem {
    let message = format!("`{name}` wants a class number, but the target has one column a class");
    Problem::at("", message).help(format!("use `{other}`, or `encode: label` on the target"))
}

fn binary(rows: &Rows<'_>, row: usize, threshold: f32) -> f64 {
    let threshold = f64::from(threshold);
    column_mean(rows, row, |y, p| one_if(f64::from(u8::from(p > threshold)) == y))
}

fn categorical(rows: &Rows<'_>, row: usize) -> f64 {
    one_if(argmax(rows.target(row)) == argmax(rows.prediction(row)))
}

fn sparse(rows: &Rows<'_>, row: usize) -> f64 {
    one_if(rows.label(row) == argmax(rows.prediction(row)) as f32)
}
