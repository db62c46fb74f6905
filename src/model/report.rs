//! `Report`: what `evaluate --report` tells of a classifier: its classes, or each of its labels.

use crate::data::{Preprocessing, Targets};
use crate::decisions::ClassThresholds;
use crate::error::{Error, Result};
use crate::metrics::class_report::{ClassReport, ClassScores, table};
use crate::model::artifact::Model;
use crate::model::predictor::Predictions;
use crate::spec::meaning::Meaning;

/// What `evaluate --report` tells of a model: its classes, or each of its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Of which one is right.
    Classes(ClassReport),
    /// Each of which is 0 or 1, by their names.
    Labels(Vec<(String, ClassReport)>),
}

impl Report {
    /// The report of a model that predicts classes or labels, without a sample yet.
    pub fn of(model: &Model, preprocessing: &Preprocessing) -> Result<Report> {
        let loss = model.config.compile.as_ref().map(|compile| &compile.loss);
        let spec = model.network.spec();
        let meaning = Meaning::of(preprocessing, spec, loss)
            .map_err(|problem| Error::run(problem.message).with_help(problem.help))?;
        if let Some(classes) = meaning.classes() {
            return Ok(Report::Classes(ClassReport::new(classes)));
        }
        let output = spec.output_for(preprocessing.target_kind());
        if loss.is_some_and(|loss| output.is_of_labels(loss)) {
            let each = |name| (name, ClassReport::new(&["0".to_string(), "1".to_string()]));
            return Ok(Report::Labels(preprocessing.label_names().into_iter().map(each).collect()));
        }
        Err(Error::run("`--report` needs classes, but the model predicts numbers"))
    }

    /// What comes of predictions whose classes or labels are chosen by thresholds; empty for numbers.
    pub fn of_predictions(
        predictions: &Predictions,
        y: &Targets,
        thresholds: &ClassThresholds,
    ) -> Report {
        let marked = predictions.labels(thresholds);
        if let Predictions::Labels { labels, .. } = predictions {
            let of_label = |(label, name): (usize, &String)| {
                let mut report = ClassReport::new(&["0".to_string(), "1".to_string()]);
                let pairs = y.values.iter().zip(&marked).skip(label).step_by(labels.len());
                pairs.for_each(|(y, is)| report.add_one(usize::from(*y > 0.5), usize::from(*is)));
                (name.clone(), report)
            };
            return Report::Labels(labels.iter().enumerate().map(of_label).collect());
        }
        let names = match predictions {
            Predictions::Classes { classes, .. } => classes.as_slice(),
            _ => &[],
        };
        let mut report = ClassReport::new(names);
        let is_class = |row: &[f32]| !matches!(row, [number] if *number < 0.0);
        let rows = y.values.chunks(y.width().max(1)).map(is_class);
        let pairs = y.class_numbers().zip(predictions.classes(thresholds));
        for ((actual, predicted), _) in pairs.zip(rows).filter(|(_, is_class)| *is_class) {
            report.add_one(actual, predicted);
        }
        Report::Classes(report)
    }

    /// Its scores under the names of metrics: of the class that has the threshold, or the means over
    /// classes or labels.
    pub fn at_threshold(&self, thresholds: &ClassThresholds) -> Vec<(&'static str, f64)> {
        let (accuracy, scores) = match self {
            Report::Classes(report) => {
                let scores = match thresholds {
                    ClassThresholds::OfTwo { class, .. } => report.scores().swap_remove(*class),
                    _ => report.average(false),
                };
                (report.accuracy(), scores)
            }
            Report::Labels(labels) => {
                let of_ones = |(_, report): &(String, ClassReport)| report.scores().pop();
                let scores: Vec<ClassScores> = labels.iter().filter_map(of_ones).collect();
                let mean = |value: fn(&ClassScores) -> f64| {
                    scores.iter().map(value).sum::<f64>() / scores.len().max(1) as f64
                };
                let accuracies = labels.iter().map(|(_, report)| report.accuracy());
                let accuracy = accuracies.sum::<f64>() / labels.len().max(1) as f64;
                let scores = ClassScores {
                    class: String::new(),
                    precision: mean(|scores| scores.precision),
                    recall: mean(|scores| scores.recall),
                    f1: mean(|scores| scores.f1),
                    samples: 0,
                };
                (accuracy, scores)
            }
        };
        vec![
            ("accuracy_at_threshold", accuracy),
            ("precision_at_threshold", scores.precision),
            ("recall_at_threshold", scores.recall),
            ("f1_at_threshold", scores.f1),
        ]
    }

    /// Adds samples, as [`ClassReport::add`] does.
    pub fn add(&mut self, target: &[f32], prediction: &[f32], width: usize, from_logits: bool) {
        let labels = match self {
            Report::Classes(report) => return report.add(target, prediction, width, from_logits),
            Report::Labels(labels) => labels,
        };
        let width = labels.len().max(1);
        for (label, (_, report)) in labels.iter_mut().enumerate() {
            let of = |values: &[f32]| -> Vec<f32> {
                values.iter().skip(label).step_by(width).copied().collect()
            };
            report.add(&of(target), &of(prediction), 1, from_logits);
        }
    }

    /// Puts it into a JSON document.
    pub fn to_json(&self, document: &mut serde_json::Value) {
        match self {
            Report::Classes(report) => {
                document["classes"] = serde_json::json!(report.classes());
                document["confusion"] = serde_json::json!(report.confusion());
            }
            Report::Labels(labels) => {
                let labels: serde_json::Map<_, _> = labels
                    .iter()
                    .map(|(name, report)| (name.clone(), serde_json::json!(report)))
                    .collect();
                document["labels"] = labels.into();
            }
        }
    }

    /// As tables.
    pub fn to_text(&self) -> String {
        let labels = match self {
            Report::Classes(report) => {
                return format!("\n{}\n{}", report.to_table(), report.confusion_table());
            }
            Report::Labels(labels) => labels,
        };
        let mut rows = vec![["", "precision", "recall", "f1", "samples"].map(str::to_string)];
        for (name, report) in labels {
            if let Some(scores) = report.scores().pop() {
                rows.push(scores.row(name));
            }
        }
        format!("\n{}", table(&rows))
    }
}
