//! Trainable: what the loss, the last layer, the metrics and the values of the target can't do
//! together. Judged where a training begins, and not where a model that was trained is loaded.

use std::path::Path;

use crate::config::ConfigError;
use crate::data::{Dataset, Loaded};
use crate::diagnostics::{Code, Diagnostic};
use crate::error::Problem;
use crate::losses::{LossEntry, checks};
use crate::metrics::MetricKind;
use crate::sections::{Config, DataConfig};
use crate::spec::meaning::Meaning;
use crate::spec::{Spec, TrainSpec};
use crate::target::{Output, Target, TargetRange};

/// What is wrong, and what the user should know.
#[derive(Default)]
pub(crate) struct Judgement {
    pub errors: Vec<Diagnostic>,
    pub warnings: Vec<Diagnostic>,
}

/// Judges a training.
pub(crate) fn judge(config: &Config, spec: &Spec, loaded: &Loaded, folder: &Path) -> Judgement {
    let mut judgement = Judgement::default();
    let (Some(train), Some(section)) = (&spec.train, &config.data) else { return judgement };
    let output = spec.model.output_for(train.target);
    judgement.activation(&train.loss, &output);
    judgement.metrics(train, &output);
    let before = judgement.errors.len();
    judgement.targets(&train.loss, &output, section, loaded, folder);
    if judgement.errors.len() == before {
        judgement.units(spec, train, loaded);
    }
    judgement
}

impl Judgement {
    fn loss(&mut self, loss: &LossEntry, problem: Problem) {
        let path = format!("compile.loss.{}", loss.kind.name);
        let error = ConfigError::at(path, problem.message).with_code(Code::Loss);
        self.errors.push(error.with_help(problem.help).into());
    }

    /// The loss wants probabilities, and the last layer makes something else.
    fn activation(&mut self, loss: &LossEntry, output: &Output<'_>) {
        if let Err(problem) = checks::softmax_of_one(output) {
            return self.loss(loss, problem);
        }
        let name = loss.kind.name;
        let (Some(wanted), Some(activation)) =
            (loss.item.wanted_activation(output), output.activation)
        else {
            return;
        };
        let found = activation.name();
        if !activation.makes_probabilities() {
            let message = format!(
                "`{name}` wants probabilities, but the last layer's activation is `{found}`"
            );
            let help = format!("give the last layer `activation: {wanted}`");
            return self.loss(loss, Problem::at("", message).help(help));
        }
        let several = output.shape.last() > 1;
        let (message, help) = match wanted {
            "softmax" if several && !activation.is_over_several() => (
                format!(
                    "`{found}` gives each class a probability of its own, and `{name}` wants them to add up to 1"
                ),
                "give the last layer `activation: softmax`; where several classes may be right at once, use `binary_crossentropy` over one column for each",
            ),
            "sigmoid" if several && activation.is_over_several() => (
                format!(
                    "`{found}` makes the labels exclude each other, and `{name}` takes each on its own"
                ),
                "give the last layer `activation: sigmoid`; where exactly one class is right, use `categorical_crossentropy`",
            ),
            _ => return,
        };
        self.warnings.push(Diagnostic::warning(Code::Activation, message).with_help(help));
    }

    /// Thresholds over logits, and accuracies over labels that don't exclude each other.
    fn metrics(&mut self, train: &TrainSpec, output: &Output<'_>) {
        let are_labels = output.is_of_labels(&train.loss);
        let plain = train.metrics.iter().filter(|metric| !metric.weighted).count();
        for (index, metric) in train.metrics.iter().enumerate() {
            let name = metric.entry.kind.name;
            if let Some(threshold) = metric.entry.item.threshold()
                && train.loss.item.from_logits()
                && threshold > 0.0
            {
                let (list, index) = if metric.weighted {
                    ("weighted_metrics", index - plain)
                } else {
                    ("metrics", index)
                };
                let path = format!("compile.{list}[{index}].{name}");
                let message = format!(
                    "`{name}` compares the output with {threshold}, but the outputs are logits: 0 \
                     is as likely as not"
                );
                let help = match MetricKind::from(&*metric.entry.item) {
                    MetricKind::BinaryAccuracy(_) | MetricKind::BinaryIoU(_) => {
                        format!("write `{name}: {{threshold: 0}}`")
                    }
                    _ => "give the last layer `activation: sigmoid`, and leave `from_logits` out \
                          of the loss"
                        .to_string(),
                };
                let error = ConfigError::at(path, message).with_code(Code::Metric);
                self.errors.push(error.with_help(help).into());
            }
            let is_argmax = matches!(
                MetricKind::from(&*metric.entry.item),
                MetricKind::Accuracy(_) | MetricKind::CategoricalAccuracy(_)
            );
            if is_argmax && are_labels {
                let labels = output.shape.elements();
                let message = format!(
                    "`{name}` over {labels} labels asks only whether the most probable of them is \
                     the largest of the target, as in Keras"
                );
                let help = "use `binary_accuracy`, which counts each label";
                self.warnings.push(Diagnostic::warning(Code::Labels, message).with_help(help));
            }
        }
    }

    /// Targets that the loss can't take, at the first such row.
    fn targets(
        &mut self,
        loss: &LossEntry,
        output: &Output<'_>,
        section: &DataConfig,
        loaded: &Loaded,
        folder: &Path,
    ) {
        let Target::Numbers(columns) = output.target else { return };
        let classes = output.shape.last();
        let (range, is): (&str, Box<dyn Fn(f32) -> bool>) = match loss.item.target_range(output) {
            TargetRange::Any => return,
            TargetRange::NotNegative => ("numbers of at least 0", Box::new(|y| y >= 0.0)),
            TargetRange::Probabilities => {
                ("numbers from 0 to 1", Box::new(|y| (0.0..=1.0).contains(&y)))
            }
            TargetRange::Signs => {
                ("-1 and 1, or 0 and 1", Box::new(|y| [-1.0, 0.0, 1.0].contains(&y)))
            }
            TargetRange::ClassNumbers => (
                &format!("class numbers from 0 to {}", classes.saturating_sub(1)),
                Box::new(move |y| y >= 0.0 && y.fract() == 0.0 && y < classes as f32),
            ),
        };
        let name = loss.kind.name;
        if loaded.preprocessing.is_target_scaled() {
            let message = format!("`{name}` wants {range}, but the target is scaled");
            let help = "remove `scale` from `data.target`";
            return self.loss(loss, Problem::at("", message).help(help));
        }
        let parts = [Some(&loaded.train), loaded.validation.as_ref()];
        for (part, is_validation) in parts.into_iter().zip([false, true]) {
            let Some(part) = part else { continue };
            let Some(at) = part.y.values.iter().position(|y| !is(*y)) else { continue };
            let (row, column) = (at / columns.max(1), at % columns.max(1));
            let names = loaded.preprocessing.target_output_names();
            let column = names.get(column).map_or("", String::as_str);
            let found = part.y.values[at];
            let message = format!("column `{column}`: `{name}` wants {range}, found {found}");
            let place = loaded.place_of(section, folder, is_validation, row);
            let help = remedy(loss, output, parts[0].unwrap_or(part));
            let error = Diagnostic::error(Code::TargetValue, message).with_help(help);
            self.errors.push(error.at(place.in_column(column)));
            return;
        }
    }

    /// Outputs that no class has, or classes without an output.
    fn units(&mut self, spec: &Spec, train: &TrainSpec, loaded: &Loaded) {
        if let Err(problem) = Meaning::of(&loaded.preprocessing, &spec.model, Some(&train.loss)) {
            return self.loss(&train.loss, problem);
        }
        let (Target::Classes(classes), units) = (train.target, spec.model.output().last()) else {
            return;
        };
        if units > classes.max(2) && !train.loss.item.is_of_embeddings() {
            let message =
                format!("the target has {classes} classes, but the last layer has {units} units");
            let help = format!("give the last layer {classes} units");
            self.loss(&train.loss, Problem::at("", message).help(help));
        }
    }
}

/// What to do about numbers that the loss can't take.
fn remedy(loss: &LossEntry, output: &Output<'_>, train: &Dataset) -> String {
    let mut values: Vec<f32> = train.y.values.to_vec();
    values.sort_by(f32::total_cmp);
    values.dedup();
    let are_whole = values.iter().all(|y| y.fract() == 0.0) && values.len() <= 1000;
    match loss.item.target_range(output) {
        TargetRange::ClassNumbers if are_whole => {
            "add `encode: label` to `data.target`: it numbers \
             the classes from 0; and give the last layer as many units as there are classes"
                .to_string()
        }
        TargetRange::ClassNumbers => {
            "for numbers that are no classes, use `mse` and one unit".to_string()
        }
        TargetRange::NotNegative => "use another loss, such as `mse` or `huber`".to_string(),
        _ if values.len() == 2 => {
            "add `encode: label` to `data.target`: its two classes become 0 and 1".to_string()
        }
        _ if are_whole => format!(
            "for {} classes, add `encode: label` to `data.target`, and use \
             `sparse_categorical_crossentropy` and {} units with `activation: softmax`",
            values.len(),
            values.len()
        ),
        _ => "for numbers that are no probabilities, use `mse`".to_string(),
    }
}
