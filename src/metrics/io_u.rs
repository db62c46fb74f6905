//! Intersection over union, for segmentation: of what is predicted as a class or is of it, the share
//! that is both.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::crossentropy::last_axis;
use super::metric::{Accumulator, Metric, MetricBatch, same_columns};
use super::rows::{Rows, argmax};
use crate::activations::Activation;
use crate::config::checks::count_within;
use crate::error::Problem;
use crate::losses::checks;
use crate::target::{Output, Target};

/// The mean over some classes of `TP / (TP + FP + FN)`, without classes that do not occur.
/// Keras: `keras.metrics.IoU`.
///
/// Unlike Keras, sample weights are not truncated to whole numbers; this holds for all IoU metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IoU {
    /// Number of classes; at most 4096.
    #[schemars(range(min = 1, max = MOST_CLASSES))]
    pub num_classes: usize,
    /// Classes to average.
    pub target_class_ids: Vec<usize>,
    /// Class whose pixels are ignored. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_class: Option<i64>,
    /// Whether the targets are class indices instead of one-hot. Default: true.
    #[serde(default = "yes")]
    pub sparse_y_true: bool,
    /// Whether the predictions are class indices instead of one column per class. Default: true.
    #[serde(default = "yes")]
    pub sparse_y_pred: bool,
    /// Axis of the classes; only the last. Default: -1.
    #[serde(default = "last")]
    pub axis: i64,
}

/// The mean over all classes of `TP / (TP + FP + FN)`, without classes that do not occur.
/// Keras: `keras.metrics.MeanIoU`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanIoU {
    /// Number of classes; at most 4096.
    #[schemars(range(min = 1, max = MOST_CLASSES))]
    pub num_classes: usize,
    /// Class whose pixels are ignored. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_class: Option<i64>,
    /// Whether the targets are class indices instead of one-hot. Default: true.
    #[serde(default = "yes")]
    pub sparse_y_true: bool,
    /// Whether the predictions are class indices instead of one column per class. Default: true.
    #[serde(default = "yes")]
    pub sparse_y_pred: bool,
    /// Axis of the classes; only the last. Default: -1.
    #[serde(default = "last")]
    pub axis: i64,
}

/// `io_u` for one-hot targets. Keras: `keras.metrics.OneHotIoU`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneHotIoU {
    /// Number of classes; at most 4096.
    #[schemars(range(min = 1, max = MOST_CLASSES))]
    pub num_classes: usize,
    /// Classes to average.
    pub target_class_ids: Vec<usize>,
    /// Class whose pixels are ignored. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_class: Option<i64>,
    /// Whether the predictions are class indices instead of one column per class. Default: false.
    #[serde(default)]
    pub sparse_y_pred: bool,
    /// Axis of the classes; only the last. Default: -1.
    #[serde(default = "last")]
    pub axis: i64,
}

/// `mean_io_u` for one-hot targets. Keras: `keras.metrics.OneHotMeanIoU`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneHotMeanIoU {
    /// Number of classes; at most 4096.
    #[schemars(range(min = 1, max = MOST_CLASSES))]
    pub num_classes: usize,
    /// Class whose pixels are ignored. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_class: Option<i64>,
    /// Whether the predictions are class indices instead of one column per class. Default: false.
    #[serde(default)]
    pub sparse_y_pred: bool,
    /// Axis of the classes; only the last. Default: -1.
    #[serde(default = "last")]
    pub axis: i64,
}

/// The mean over class 0 and class 1 of `TP / (TP + FP + FN)`, predictions of at least `threshold`
/// being class 1. Keras: `keras.metrics.BinaryIoU`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryIoU {
    /// Classes to average. Default: [0, 1].
    pub target_class_ids: Vec<usize>,
    /// Predictions at or above it are class 1. Default: 0.5.
    pub threshold: f64,
}

impl Default for BinaryIoU {
    fn default() -> Self {
        BinaryIoU { target_class_ids: vec![0, 1], threshold: 0.5 }
    }
}

fn last() -> i64 {
    -1
}

/// The most classes that a matrix of true and predicted classes is made for.
const MOST_CLASSES: usize = 4096;

/// All classes.
fn all(num_classes: usize) -> Result<Vec<usize>, Problem> {
    count_within("num_classes", num_classes, 1..=MOST_CLASSES)?;
    Ok((0..num_classes).collect())
}

impl Metric for IoU {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let IoU { num_classes, target_class_ids, ignore_class, sparse_y_true, sparse_y_pred, axis } =
            self;
        last_axis(*axis, output)?;
        count_within("num_classes", *num_classes, 1..=MOST_CLASSES)?;
        IoUCounts {
            counts: vec![0.0; num_classes * num_classes],
            classes: *num_classes,
            chosen: target_class_ids.clone(),
            ignored: *ignore_class,
            sparse_target: *sparse_y_true,
            prediction: if *sparse_y_pred { Reading::Number } else { Reading::Columns },
        }
        .check("io_u", output)
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

impl Metric for MeanIoU {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let MeanIoU { num_classes, ignore_class, sparse_y_true, sparse_y_pred, axis } = self;
        IoU {
            num_classes: *num_classes,
            target_class_ids: all(*num_classes)?,
            ignore_class: *ignore_class,
            sparse_y_true: *sparse_y_true,
            sparse_y_pred: *sparse_y_pred,
            axis: *axis,
        }
        .accumulator(output)
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

impl Metric for OneHotIoU {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let OneHotIoU { num_classes, target_class_ids, ignore_class, sparse_y_pred, axis } = self;
        IoU {
            num_classes: *num_classes,
            target_class_ids: target_class_ids.clone(),
            ignore_class: *ignore_class,
            sparse_y_true: false,
            sparse_y_pred: *sparse_y_pred,
            axis: *axis,
        }
        .accumulator(output)
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

impl Metric for OneHotMeanIoU {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        let OneHotMeanIoU { num_classes, ignore_class, sparse_y_pred, axis } = self;
        IoU {
            num_classes: *num_classes,
            target_class_ids: all(*num_classes)?,
            ignore_class: *ignore_class,
            sparse_y_true: false,
            sparse_y_pred: *sparse_y_pred,
            axis: *axis,
        }
        .accumulator(output)
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

impl Metric for BinaryIoU {
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        checks::binary("binary_io_u", output)?;
        IoUCounts {
            counts: vec![0.0; 4],
            classes: 2,
            chosen: self.target_class_ids.clone(),
            ignored: None,
            sparse_target: true,
            prediction: Reading::Threshold(self.threshold as f32),
        }
        .check("binary_io_u", output)
    }

    fn threshold(&self) -> Option<f64> {
        Some(self.threshold)
    }

    fn higher_is_better(&self) -> bool {
        true
    }
}

/// How a prediction tells a class.
#[derive(Clone, Copy)]
enum Reading {
    /// It is the class's number.
    Number,
    /// One column a class, the largest counts.
    Columns,
    /// 1 from here on.
    Threshold(f32),
}

/// The confusion matrix so far.
#[derive(Clone)]
struct IoUCounts {
    /// Row-major: true class, predicted class.
    counts: Vec<f64>,
    classes: usize,
    chosen: Vec<usize>,
    ignored: Option<i64>,
    sparse_target: bool,
    prediction: Reading,
}

impl IoUCounts {
    fn check(self, name: &str, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem> {
        if let Some(wrong) = self.chosen.iter().find(|class| **class >= self.classes) {
            let last = self.classes - 1;
            let message = format!("`target_class_ids` must be from 0 to {last}, got {wrong}");
            return Err(Problem::at("target_class_ids", message));
        }
        match (&self.prediction, output.target) {
            (Reading::Number, _) if output.activation == Some(&Activation::Softmax) => {
                let message = format!(
                    "`{name}` wants class numbers for predictions, but the last layer gives \
                             one column a class"
                );
                return Err(Problem::at("", message).help("add `sparse_y_pred: false`"));
            }
            (Reading::Columns, _) if output.shape.last() != self.classes => {
                let (found, units) = (self.classes, output.shape.last());
                let message = format!("`num_classes` is {found}, but the last layer has {units}");
                let help = format!("write `num_classes: {units}`");
                return Err(Problem::at("num_classes", message).help(help));
            }
            (_, Target::Classes(_)) if !self.sparse_target => {
                let message =
                    format!("`{name}` wants one column a class, but the target is a class number");
                return Err(Problem::at("", message).help("use `io_u` or `mean_io_u`"));
            }
            (_, Target::Numbers(1)) if !self.sparse_target && output.shape.last() > 1 => {
                let message =
                    "`sparse_y_true: false` wants one column a class, but the target is one column";
                let help = "where it holds class numbers, leave it out";
                return Err(Problem::at("sparse_y_true", message).help(help));
            }
            // one side in columns, the other in numbers: their widths differ
            (Reading::Columns, Target::Classes(_) | Target::Numbers(_)) if self.sparse_target => {}
            (Reading::Number, Target::OneHot(_)) if !self.sparse_target => {}
            _ => same_columns(name, output)?,
        }
        Ok(Box::new(self))
    }

    fn add(&mut self, truth: f32, prediction: f32, weight: f64) {
        let (truth, prediction) = (truth as i64, prediction as i64);
        let classes = 0..self.classes as i64;
        if classes.contains(&truth) && classes.contains(&prediction) && self.ignored != Some(truth)
        {
            self.counts[truth as usize * self.classes + prediction as usize] += weight;
        }
    }
}

impl Accumulator for IoUCounts {
    fn update(&mut self, batch: &MetricBatch<'_>) {
        let rows = Rows::of(batch);
        let items = match self.prediction {
            Reading::Columns => rows.count,
            Reading::Number | Reading::Threshold(_) => batch.prediction.len(),
        };
        let width = batch.target.len() / items.max(1);
        let run = batch.weight.map_or(1, |weight| (items / weight.len().max(1)).max(1));
        for item in 0..items {
            let target = &batch.target[item * width..(item + 1) * width];
            let truth = match (self.sparse_target, target) {
                (true, [number, ..]) => *number,
                (_, target) => argmax(target) as f32,
            };
            let prediction = match self.prediction {
                Reading::Number => batch.prediction[item],
                Reading::Columns => argmax(rows.prediction(item)) as f32,
                Reading::Threshold(from) => f32::from(u8::from(batch.prediction[item] >= from)),
            };
            let weight = batch.weight.and_then(|weight| weight.get(item / run));
            self.add(truth, prediction, weight.map_or(1.0, |weight| f64::from(*weight)));
        }
    }

    fn result(&self) -> Vec<f64> {
        let (mut sum, mut there) = (0.0, 0.0);
        for class in &self.chosen {
            let cell =
                |truth: usize, prediction: usize| self.counts[truth * self.classes + prediction];
            let both = cell(*class, *class);
            let of_class: f64 = (0..self.classes).map(|other| cell(*class, other)).sum();
            let predicted: f64 = (0..self.classes).map(|other| cell(other, *class)).sum();
            let either = of_class + predicted - both;
            if either > 1e-9 {
                sum += both / (either + 1e-7);
                there += 1.0;
            }
        }
        vec![sum / (there + 1e-7)]
    }

    fn state(&self) -> Vec<f64> {
        self.counts.clone()
    }

    fn set_state(&mut self, state: &[f64]) {
        for (count, saved) in self.counts.iter_mut().zip(state) {
            *count = *saved;
        }
    }
}

/// For serde's defaults.
fn yes() -> bool {
    true
}
