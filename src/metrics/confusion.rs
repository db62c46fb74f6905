//! Counts of right and wrong decisions at thresholds, on which many metrics rest.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Accumulator, MetricBatch};
use super::rows::Rows;
use crate::error::Problem;
use crate::losses::checks;
use crate::target::{Output, Target};

/// The most thresholds that a metric counts at: each has counters of its own.
pub(super) const MOST_THRESHOLDS: usize = 20_000;

/// One threshold or several; a prediction above it counts as 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number from 0 to 1 or a list of such")]
pub enum Thresholds {
    /// One: the metric is one number.
    One(f64),
    /// Several: the metric has a number for each.
    Several(Vec<f64>),
}

impl Thresholds {
    fn list(&self) -> &[f64] {
        match self {
            Thresholds::One(threshold) => std::slice::from_ref(threshold),
            Thresholds::Several(thresholds) => thresholds,
        }
    }
}

/// What is counted.
#[derive(Debug, Clone)]
pub(super) struct Counting {
    /// In f32, as Keras compares.
    pub(super) thresholds: Vec<f32>,
    /// Whether they divide [0, 1] evenly, so that a prediction's bucket tells all of them.
    pub(super) even: bool,
    /// With `even`: whether the outer ones are a little outside, so that 0 is over the first one.
    pub(super) outside: bool,
    /// Only the k largest of a row may be over a threshold.
    pub(super) top_k: Option<usize>,
    /// Only this column counts.
    pub(super) class_id: Option<usize>,
    /// Whether each column is counted by itself.
    pub(super) by_column: bool,
    /// How many columns a row has.
    pub(super) columns: usize,
    /// What each column counts; empty for 1.
    pub(super) column_weights: Vec<f64>,
    /// Whether the sigmoid comes first.
    pub(super) from_logits: bool,
}

impl Counting {
    /// Counts at the thresholds given, or at `default`.
    pub(super) fn at(
        thresholds: Option<&Thresholds>,
        default: f32,
        output: &Output<'_>,
    ) -> Result<Self, Problem> {
        let list = thresholds.map(Thresholds::list).unwrap_or_default();
        check_range("thresholds", list)?;
        if thresholds.is_some() && list.is_empty() {
            return Err(Problem::at("thresholds", "`thresholds` is empty"));
        }
        let mut thresholds: Vec<f32> = list.iter().map(|threshold| *threshold as f32).collect();
        if thresholds.is_empty() {
            thresholds.push(default);
        }
        let even = are_even(&thresholds);
        Ok(Counting::over(thresholds, even, output))
    }

    /// Counts at these thresholds.
    pub(super) fn over(thresholds: Vec<f32>, even: bool, output: &Output<'_>) -> Self {
        Counting {
            thresholds,
            even,
            outside: false,
            top_k: None,
            class_id: None,
            by_column: false,
            columns: output.shape.last().max(1),
            column_weights: Vec::new(),
            from_logits: false,
        }
    }

    /// Counts only one column, if there is such a column.
    pub(super) fn only_class(mut self, class_id: Option<usize>) -> Result<Self, Problem> {
        if let Some(class) = class_id.filter(|class| *class >= self.columns) {
            let last = self.columns - 1;
            let message = format!("`class_id` must be from 0 to {last}, got {class}");
            return Err(Problem::at("class_id", message));
        }
        self.class_id = class_id;
        Ok(self)
    }

    /// Counts the k largest of a row only.
    pub(super) fn only_top(mut self, top_k: Option<usize>) -> Result<Self, Problem> {
        if let Some(k) = top_k.filter(|k| *k == 0 || *k > self.columns) {
            let message = format!("`top_k` must be from 1 to {}, got {k}", self.columns);
            return Err(Problem::at("top_k", message));
        }
        self.top_k = top_k;
        Ok(self)
    }

    /// The accumulator whose result is a function of the counts.
    pub(super) fn then(
        self,
        result: impl Fn(&Counts) -> Vec<f64> + Send + Sync + 'static,
    ) -> Box<dyn Accumulator> {
        let groups = if self.by_column { self.columns } else { 1 };
        let cells = self.thresholds.len() * groups;
        let zeros = |count| vec![0.0; count];
        Box::new(Confusion {
            counting: self,
            groups,
            positives: zeros(cells),
            negatives: zeros(cells),
            all_positives: zeros(groups),
            all_negatives: zeros(groups),
            result: Arc::new(result),
        })
    }
}

/// The counts at each threshold (row-major: threshold, then column where these are apart).
pub(super) struct Counts {
    pub(super) thresholds: usize,
    pub(super) groups: usize,
    /// Right, and over the threshold.
    pub(super) tp: Vec<f64>,
    /// Wrong, and over the threshold.
    pub(super) fp: Vec<f64>,
    /// Right, and not over it.
    pub(super) tn: Vec<f64>,
    /// Wrong, and not over it.
    pub(super) fn_: Vec<f64>,
}

/// `a / b`, 0 where b is 0.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

#[derive(Clone)]
struct Confusion {
    counting: Counting,
    groups: usize,
    /// Positive targets over each threshold, or, where these are even, in each bucket.
    positives: Vec<f64>,
    /// Negative targets likewise.
    negatives: Vec<f64>,
    all_positives: Vec<f64>,
    all_negatives: Vec<f64>,
    result: Arc<dyn Fn(&Counts) -> Vec<f64> + Send + Sync>,
}

impl Accumulator for Confusion {
    fn update(&mut self, batch: &MetricBatch<'_>) {
        let rows = Rows::of(batch);
        let columns = match self.counting.class_id {
            Some(class) => class..class + 1,
            None => 0..rows.width,
        };
        for row in 0..rows.count {
            let weight = rows.weight(row);
            for column in columns.clone() {
                let own = self.counting.column_weights.get(column).copied().unwrap_or(1.0);
                let target = rows.column(row, column) != 0.0;
                let prediction = self.counting.prediction(rows.prediction(row), column);
                let group = if self.groups == 1 { 0 } else { column };
                self.add(target, prediction, weight * own, group);
            }
        }
    }

    fn result(&self) -> Vec<f64> {
        (self.result)(&self.counts())
    }

    fn state(&self) -> Vec<f64> {
        let parts = [&self.positives, &self.negatives, &self.all_positives, &self.all_negatives];
        parts.into_iter().flatten().copied().collect()
    }

    fn set_state(&mut self, state: &[f64]) {
        let parts = [
            &mut self.positives,
            &mut self.negatives,
            &mut self.all_positives,
            &mut self.all_negatives,
        ];
        for (value, saved) in parts.into_iter().flatten().zip(state) {
            *value = *saved;
        }
    }
}

impl Confusion {
    fn add(&mut self, target: bool, prediction: f32, weight: f64, group: usize) {
        let (cells, all) = if target {
            (&mut self.positives, &mut self.all_positives)
        } else {
            (&mut self.negatives, &mut self.all_negatives)
        };
        all[group] += weight;
        let thresholds = &self.counting.thresholds;
        if !self.counting.even {
            for (index, threshold) in thresholds.iter().enumerate() {
                if prediction > *threshold {
                    cells[index * self.groups + group] += weight;
                }
            }
            return;
        }
        // the last threshold that the prediction is over; NaN is over none
        let bucket = (prediction.clamp(0.0, 1.0) * (thresholds.len() - 1) as f32).ceil() - 1.0;
        let bucket = if self.counting.outside { bucket.max(0.0) } else { bucket };
        if bucket >= 0.0 && !prediction.is_nan() {
            cells[bucket as usize * self.groups + group] += weight;
        }
    }

    fn counts(&self) -> Counts {
        let over = |cells: &[f64]| -> Vec<f64> {
            let mut over = cells.to_vec();
            if self.counting.even {
                for cell in (0..over.len().saturating_sub(self.groups)).rev() {
                    over[cell] += over[cell + self.groups];
                }
            }
            over
        };
        let rest = |all: &[f64], over: &[f64]| -> Vec<f64> {
            over.iter().enumerate().map(|(cell, over)| all[cell % self.groups] - over).collect()
        };
        let (tp, fp) = (over(&self.positives), over(&self.negatives));
        Counts {
            thresholds: self.counting.thresholds.len(),
            groups: self.groups,
            tn: rest(&self.all_negatives, &fp),
            fn_: rest(&self.all_positives, &tp),
            tp,
            fp,
        }
    }
}

/// What stands for a prediction that is not among the k largest.
pub(super) const NEVER: f32 = -1e10;

impl Counting {
    fn prediction(&self, row: &[f32], column: usize) -> f32 {
        let own = row.get(column).copied().unwrap_or(f32::NAN);
        if let Some(k) = self.top_k {
            // of equal ones, the first is the larger
            let is_before =
                |(i, other): (usize, &f32)| *other > own || (*other == own && i < column);
            if row.iter().enumerate().filter(|pair| is_before(*pair)).count() >= k {
                return NEVER;
            }
        }
        if self.from_logits { 1.0 / (1.0 + (-own).exp()) } else { own }
    }
}

/// Whether thresholds divide [0, 1] evenly, both ends among them.
pub(super) fn are_even(thresholds: &[f32]) -> bool {
    let last = thresholds.len().saturating_sub(1) as f32;
    let near = |(i, threshold): (usize, &f32)| {
        let even = i as f32 / last;
        (threshold - even).abs() <= 1e-7 + 1e-5 * even
    };
    thresholds.len() >= 3 && thresholds.iter().enumerate().all(near)
}

/// What is wrong with thresholds that should be from 0 to 1.
pub(super) fn check_range(key: &str, thresholds: &[f64]) -> Result<(), Problem> {
    match thresholds.iter().find(|threshold| !(0.0..=1.0).contains(*threshold)) {
        Some(wrong) => {
            Err(Problem::at(key, format!("`{key}` must be between 0 and 1, got {wrong}")))
        }
        None => Ok(()),
    }
}

/// Metrics of decisions: probabilities in one column for two classes, or in a column each. Class
/// numbers count as one column a class, which Keras doesn't take.
pub(super) fn check_columns(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    match output.target {
        Target::Classes(classes) if output.shape.last() >= classes.max(2) => Ok(()),
        _ => checks::binary(name, output),
    }
}
