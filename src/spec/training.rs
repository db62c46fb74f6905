//! What `compile` and `fit` say of a training, judged against the model and the data: the loss, the
//! metrics and the callbacks, each made where it is right.

use super::judge::{Judge, placed};
use super::{MetricSpec, ModelSpec, TrainSpec};
use crate::callbacks::{CallbackEntry, Hook, TrainingInfo};
use crate::diagnostics::Code;
use crate::metrics::{MetricEntry, log_keys};
use crate::optimizers::schedules::LearningRate;
use crate::sections::{CompileConfig, FitConfig};
use crate::target::Output;

impl Judge<'_> {
    /// How the model is trained; None without a target, or where it isn't known.
    pub(super) fn training(
        &mut self,
        compile: &CompileConfig,
        fit: &FitConfig,
        model: Option<&ModelSpec>,
    ) -> Option<TrainSpec> {
        let optimizer = &compile.optimizer;
        if !self.damage.is_in("compile.optimizer") {
            let place =
                |p| placed("compile.optimizer", optimizer.kind.name, Code::Optimizer, None, p);
            self.keep(optimizer.check().map_err(place));
        }
        let named = metrics(compile);
        let metrics = match (model, self.facts.target) {
            (Some(model), Some(target)) => self.scores(compile, &named, &model.output_for(target)),
            _ => Vec::new(),
        };
        let is_known =
            !["data", "fit.validation_split", "fit.cv"].iter().any(|path| self.damage.is_in(path));
        let has_validation = self.facts.has_validation || !is_known;
        let metric =
            |metric: &NamedMetric| (metric.key.clone(), metric.entry.item.higher_is_better());
        let training = TrainingInfo {
            metrics: named.iter().map(metric).collect(),
            has_validation,
            scheduled: matches!(optimizer.item.learning_rate(), LearningRate::Schedule(_)),
        };
        let hooks = if self.facts.target.is_some() || self.damage.is_in("data") {
            self.callbacks(&fit.callbacks, &training)
        } else {
            Vec::new()
        };
        self.facts.target.map(|target| TrainSpec {
            optimizer: optimizer.clone(),
            loss: compile.loss.clone(),
            metrics,
            dtype: compile.dtype,
            tf32: compile.tf32,
            batch_size: fit.batch_size,
            validation_batch_size: fit.validation_batch_size.unwrap_or(fit.batch_size),
            validation_freq: fit.validation_freq,
            epochs: fit.epochs,
            shuffle: fit.shuffle,
            class_weight: fit.class_weight.clone(),
            hooks,
            has_validation,
            target,
        })
    }

    /// The loss and the metrics against the model's output and the target; the metrics that are
    /// right.
    fn scores(
        &mut self,
        compile: &CompileConfig,
        metrics: &[NamedMetric],
        output: &Output<'_>,
    ) -> Vec<MetricSpec> {
        let loss = &compile.loss;
        if !self.damage.is_in("compile.loss") {
            let place = |problem| placed("compile.loss", loss.kind.name, Code::Loss, None, problem);
            self.keep(loss.item.check(output).map_err(place));
        }
        let (plain, mut right) = (compile.metrics.len(), Vec::new());
        for (index, metric) in metrics.iter().enumerate() {
            let (list, position) = if metric.weighted {
                ("compile.weighted_metrics", index - plain)
            } else {
                ("compile.metrics", index)
            };
            let path = format!("{list}[{}]", self.damage.index(list, position));
            let name = metric.entry.kind.name;
            let place = |problem| placed(&path, name, Code::Metric, None, problem);
            if !self.damage.is_in(&path)
                && let Some(accumulator) =
                    self.keep(metric.entry.item.accumulator(output).map_err(place))
            {
                let NamedMetric { key, entry, weighted } = metric.clone();
                right.push(MetricSpec { key, entry, weighted, accumulator });
            }
        }
        right
    }

    /// The callbacks that are right, started.
    fn callbacks(
        &mut self,
        callbacks: &[CallbackEntry],
        training: &TrainingInfo,
    ) -> Vec<Box<dyn Hook>> {
        let mut hooks = Vec::new();
        for (position, callback) in callbacks.iter().enumerate() {
            let index = self.damage.index("fit.callbacks", position);
            let path = format!("fit.callbacks[{index}]");
            let problem = match callback.item.start(training) {
                Ok(hook) => {
                    hooks.push(hook);
                    continue;
                }
                Err(problem) => problem,
            };
            // a metric that couldn't be read may be the one that is monitored
            let may_be_right = problem.key == "monitor" && self.damage.is_in("compile");
            if !may_be_right && !self.damage.is_in(&path) {
                let name = callback.kind.name;
                self.errors.push(placed(&path, name, Code::Callback, None, problem));
            }
        }
        hooks
    }
}

/// A metric with its key in the history.
#[derive(Clone)]
struct NamedMetric {
    key: String,
    entry: MetricEntry,
    weighted: bool,
}

/// The metrics with their keys, the weighted ones last.
fn metrics(compile: &CompileConfig) -> Vec<NamedMetric> {
    let mut keys = log_keys(&compile.metrics);
    for key in log_keys(&compile.weighted_metrics) {
        // Keras's rule: a weighted metric gives way where its key is taken
        keys.push(if keys.contains(&key) { format!("weighted_{key}") } else { key });
    }
    let plain = compile.metrics.iter().map(|entry| (entry, false));
    let all = plain.chain(compile.weighted_metrics.iter().map(|entry| (entry, true)));
    all.zip(keys)
        .map(|((entry, weighted), key)| NamedMetric { key, entry: entry.clone(), weighted })
        .collect()
}
