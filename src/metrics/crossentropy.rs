//! Crossentropies as metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Accumulator, Metric};
use super::rows::{Rows, average, average_with, column_mean};
use crate::error::Problem;
use crate::losses::checks;
use crate::target::{Output, Target};

/// The mean of `-(y ln p + (1 - y) ln (1 - p))` over all numbers, p clipped to [1e-7, 1 - 1e-7].
/// Keras: `keras.metrics.BinaryCrossentropy`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryCrossentropy {
    /// Whether the predictions are logits, before the sigmoid. Default: false.
    pub from_logits: bool,
    /// Smooths the targets to `y (1 - s) + s / 2`; between 0 and 1. Default: 0.
    pub label_smoothing: f64,
}

impl Metric for BinaryCrossentropy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::within("label_smoothing", self.label_smoothing, 0.0, 1.0)?;
        checks::binary("binary_crossentropy", output)?;
        checks::logits("binary_crossentropy", self.from_logits, "sigmoid", output)?;
        let (from_logits, smoothing) = (self.from_logits, self.label_smoothing);
        let each = move |y: f64, p: f64| binary(smooth(y, smoothing, 2), p, from_logits);
        Ok(average(move |rows, row| column_mean(rows, row, each)))
    }
}

/// The mean of `-Σ y ln p`; p is divided by its sum and clipped to [1e-7, 1 - 1e-7], or is the
/// softmax of logits. Keras: `keras.metrics.CategoricalCrossentropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CategoricalCrossentropy {
    /// Whether the predictions are logits, before the softmax. Default: false.
    pub from_logits: bool,
    /// Smooths the targets to `y (1 - s) + s / classes`; between 0 and 1. Default: 0.
    pub label_smoothing: f64,
    /// Axis of the classes; only the last. Default: -1.
    pub axis: i64,
}

impl Default for CategoricalCrossentropy {
    fn default() -> Self {
        CategoricalCrossentropy { from_logits: false, label_smoothing: 0.0, axis: -1 }
    }
}

impl Metric for CategoricalCrossentropy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        last_axis(self.axis, output)?;
        checks::within("label_smoothing", self.label_smoothing, 0.0, 1.0)?;
        checks::categorical("categorical_crossentropy", output)?;
        checks::logits("categorical_crossentropy", self.from_logits, "softmax", output)?;
        let (from_logits, smoothing) = (self.from_logits, self.label_smoothing);
        Ok(average(move |rows, row| categorical(rows, row, from_logits, smoothing)))
    }
}

/// The mean of `-ln p[y]` for class indices y; p is divided by its sum and clipped to [1e-7, 1 -
/// 1e-7], or is the softmax of logits.
/// Keras: `keras.metrics.SparseCategoricalCrossentropy`.
///
/// Unlike Keras, samples of the ignored class never count in the mean, with weights or without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SparseCategoricalCrossentropy {
    /// Whether the predictions are logits, before the softmax. Default: false.
    pub from_logits: bool,
    /// Class whose samples are ignored. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_class: Option<i64>,
    /// Axis of the classes; only the last. Default: -1.
    pub axis: i64,
}

impl Default for SparseCategoricalCrossentropy {
    fn default() -> Self {
        SparseCategoricalCrossentropy { from_logits: false, ignore_class: None, axis: -1 }
    }
}

impl Metric for SparseCategoricalCrossentropy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        last_axis(self.axis, output)?;
        checks::sparse("sparse_categorical_crossentropy", output)?;
        checks::logits("sparse_categorical_crossentropy", self.from_logits, "softmax", output)?;
        let (from_logits, ignored) =
            (self.from_logits, self.ignore_class.map(|class| class as f32));
        let counts = move |rows: &Rows<'_>, row| ignored != Some(rows.label(row));
        Ok(average_with(
            |_| (),
            move |rows, (), row| counts(rows, row).then(|| sparse(rows, row, from_logits)),
        ))
    }
}

/// Binary crossentropy for an output of 1 unit; otherwise sparse if the target is class indices,
/// categorical if it is one-hot. Keras has this name for losses only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Crossentropy {
    /// Whether the predictions are logits, before the softmax or sigmoid. Default: false.
    pub from_logits: bool,
}

impl Metric for Crossentropy {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let from_logits = self.from_logits;
        let width = output.shape.elements();
        match output.target {
            _ if output.shape.last() == 1 => {
                BinaryCrossentropy { from_logits, ..Default::default() }.accumulator(output)
            }
            Target::OneHot(_) => {
                CategoricalCrossentropy { from_logits, ..Default::default() }.accumulator(output)
            }
            Target::Numbers(columns) if columns == width => {
                CategoricalCrossentropy { from_logits, ..Default::default() }.accumulator(output)
            }
            Target::Classes(_) | Target::Numbers(_) => {
                SparseCategoricalCrossentropy { from_logits, ..Default::default() }
                    .accumulator(output)
            }
        }
    }
}

/// Metrics over the last axis say so where another is asked for.
pub(super) fn last_axis(axis: i64, output: &Output<'_>) -> Result<(), Problem> {
    if axis == -1 || axis == output.shape.rank() as i64 {
        return Ok(());
    }
    let message = format!("`axis` must be the last one, -1, got {axis}");
    Err(Problem::at("axis", message))
}

fn smooth(y: f64, smoothing: f64, classes: usize) -> f64 {
    y * (1.0 - smoothing) + smoothing / classes as f64
}

fn binary(y: f64, p: f64, from_logits: bool) -> f64 {
    if from_logits {
        return p.max(0.0) + (-p.abs()).exp().ln_1p() - y * p;
    }
    let p = clip(p);
    -(y * p.ln() + (1.0 - y) * (1.0 - p).ln())
}

fn categorical(rows: &Rows<'_>, row: usize, from_logits: bool, smoothing: f64) -> f64 {
    let scores = rows.prediction(row);
    let base = base(scores, from_logits);
    let pairs = rows.target(row).iter().zip(scores);
    let each = |(y, score): (&f32, &f32)| {
        smooth(f64::from(*y), smoothing, rows.width) * log_p(*score, base, from_logits)
    };
    -pairs.map(each).sum::<f64>()
}

fn sparse(rows: &Rows<'_>, row: usize, from_logits: bool) -> f64 {
    let scores = rows.prediction(row);
    let label = rows.label(row);
    match scores.get(label as usize).filter(|_| label >= 0.0) {
        Some(score) => -log_p(*score, base(scores, from_logits), from_logits),
        None => 0.0, // no class has this number
    }
}

/// What a row's scores are compared with: `ln Σ e^x` of logits, the sum of probabilities.
fn base(scores: &[f32], from_logits: bool) -> f64 {
    if !from_logits {
        return scores.iter().map(|score| f64::from(*score)).sum();
    }
    let largest = f64::from(scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = scores.iter().map(|score| (f64::from(*score) - largest).exp()).sum();
    largest + sum.ln()
}

fn log_p(score: f32, base: f64, from_logits: bool) -> f64 {
    if from_logits {
        return f64::from(score) - base;
    }
    clip(f64::from(score) / base).ln()
}

/// A probability kept in [1e-7, 1 - 1e-7]; the bounds are f32's, in which 1 minus the upper one is
/// 1.2e-7.
fn clip(p: f64) -> f64 {
    p.clamp(f64::from(1e-7f32), f64::from(1.0 - 1e-7f32))
}
