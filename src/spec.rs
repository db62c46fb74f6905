//! `Spec`: a configuration that is known to be right. Every default is explicit, every layer has
//! its name and its shapes, and the sections fit each other and the data.

use std::collections::BTreeSet;

use crate::callbacks::{CallbackEntry, Facts as CallbackFacts, Hook};
use crate::config::names::snake_case;
use crate::config::{ClassWeight, CompileConfig, Config, ConfigError, FitConfig, ModelConfig};
use crate::error::{Error, Problem, Result};
use crate::layers::LayerEntry;
use crate::losses::{LossEntry, Output, Target};
use crate::metrics::{MetricEntry, log_keys};
use crate::optimizers::OptimizerEntry;
use crate::schedules::LearningRate;
use crate::shape::Shape;

/// A model, and how to train it.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The seed of every random draw.
    pub seed: u64,
    /// The layers with their shapes.
    pub model: ModelSpec,
    /// How it is trained; None for an architecture alone.
    pub train: Option<TrainSpec>,
}

/// The layers with their names and shapes.
#[derive(Debug, Clone)]
pub struct ModelSpec {
    /// `sequential`, or the model's `name`.
    pub name: String,
    /// The shape of one sample.
    pub input: Shape,
    /// First to last; at least one.
    pub layers: Vec<LayerSpec>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct LayerSpec {
    /// Unique in the model: `dense_1`.
    pub name: String,
    /// Its configuration.
    pub entry: LayerEntry,
    /// False where its weights are frozen.
    pub trainable: bool,
    /// What comes in.
    pub input: Shape,
    /// What goes out.
    pub output: Shape,
}

/// How a model is trained.
#[derive(Debug, Clone)]
pub struct TrainSpec {
    /// The optimizer.
    pub optimizer: OptimizerEntry,
    /// The loss.
    pub loss: LossEntry,
    /// The metrics with their keys in the history; the weighted ones last.
    pub metrics: Vec<MetricSpec>,
    /// Samples per step.
    pub batch_size: usize,
    /// Samples per step of validation.
    pub validation_batch_size: usize,
    /// Validate at every so many epochs.
    pub validation_freq: usize,
    /// The index at which training ends.
    pub epochs: usize,
    /// Whether each epoch takes the samples in another order.
    pub shuffle: bool,
    /// How much each class counts in the loss.
    pub class_weight: Option<ClassWeight>,
    /// The callbacks, in order.
    pub callbacks: Vec<CallbackEntry>,
    /// Whether there is something to validate on.
    pub has_validation: bool,
    /// What the target is.
    pub target: Target,
}

impl TrainSpec {
    /// What callbacks are started with.
    pub fn callback_facts(&self) -> CallbackFacts {
        let metric =
            |metric: &MetricSpec| (metric.key.clone(), metric.entry.item.higher_is_better());
        CallbackFacts {
            metrics: self.metrics.iter().map(metric).collect(),
            has_validation: self.has_validation,
            scheduled: matches!(self.optimizer.item.learning_rate(), LearningRate::Schedule(_)),
        }
    }

    /// The callbacks, started.
    pub(crate) fn hooks(&self) -> Result<Vec<Box<dyn Hook>>> {
        let facts = self.callback_facts();
        let started = self.callbacks.iter().map(|callback| callback.item.start(&facts));
        let hooks: Result<Vec<_>, Problem> = started.collect();
        hooks.map_err(|problem| Error::run(problem.message).with_help(problem.help))
    }
}

/// A metric and its key in the history.
#[derive(Debug, Clone)]
pub struct MetricSpec {
    /// `accuracy`.
    pub key: String,
    /// Its configuration.
    pub entry: MetricEntry,
    /// Whether sample weights count in it.
    pub weighted: bool,
}

/// What the data says of the model: None where there is no data.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// How many numbers the features make.
    pub features: Option<usize>,
    /// What the target is.
    pub target: Option<Target>,
    /// Whether there is something to validate on.
    pub has_validation: bool,
}

impl ModelSpec {
    /// The shape of the last layer's output.
    pub fn output(&self) -> &Shape {
        self.layers.last().map_or(&self.input, |layer| &layer.output)
    }

    /// The model's output and target, as losses and metrics see them.
    pub fn output_for(&self, target: Target) -> Output<'_> {
        let activation = self.layers.last().and_then(|layer| layer.entry.item.activation());
        Output { shape: self.output(), activation, target }
    }
}

impl Spec {
    /// Checks a configuration against itself and the data, and makes every default explicit.
    /// Errors name the key by its path; `Document::draw` finds its place.
    pub fn resolve(config: &Config, facts: &Facts) -> Result<Spec, ConfigError> {
        let model = resolve_model(&config.model, facts.features)?;
        let train = match (&config.compile, facts.target) {
            (Some(compile), Some(target)) => {
                Some(resolve_training(compile, &config.fit, &model, target, facts)?)
            }
            _ => None,
        };
        Ok(Spec { seed: config.seed, model, train })
    }
}

fn resolve_model(config: &ModelConfig, features: Option<usize>) -> Result<ModelSpec, ConfigError> {
    let Some(first) = config.layers.first() else {
        return Err(ConfigError::at("model.layers", "the model has no layers")
            .with_help("list at least one, such as `- dense: {units: 1}`"));
    };
    let input = input_shape(config, first, features)?;
    let names = layer_names(&config.layers)?;
    let mut layers: Vec<LayerSpec> = Vec::with_capacity(names.len());
    let mut shape = input.clone();
    for (index, (entry, name)) in config.layers.iter().zip(names).enumerate() {
        let path = format!("model.layers[{index}]");
        let output = entry
            .item
            .output_shape(&shape)
            .and_then(|output| output.check_size().map(|()| output))
            .map_err(|problem| placed(&path, entry.kind.name, Some(&name), problem))?;
        let trainable = entry.common.trainable.unwrap_or(true);
        layers.push(LayerSpec {
            name,
            entry: entry.clone(),
            trainable,
            input: shape,
            output: output.clone(),
        });
        shape = output;
    }
    let name = config.name.clone().unwrap_or_else(|| "sequential".to_string());
    Ok(ModelSpec { name, input, layers })
}

/// The shape of one sample: as given on the model or on its first layer, else the features'.
fn input_shape(
    config: &ModelConfig,
    first: &LayerEntry,
    features: Option<usize>,
) -> Result<Shape, ConfigError> {
    let on_layer = format!("model.layers[0].{}", first.kind.name);
    let given = [
        ("model.input_shape".to_string(), config.input_shape.clone()),
        (format!("{on_layer}.input_shape"), first.common.input_shape.clone()),
        (format!("{on_layer}.input_dim"), first.common.input_dim.map(|dim| vec![dim])),
    ];
    let mut shape: Option<(String, Shape)> = None;
    for (path, dims) in given.into_iter().filter_map(|(path, dims)| Some((path, dims?))) {
        if dims.contains(&0) {
            return Err(ConfigError::at(path, "every axis must be at least 1, got 0"));
        }
        let dims = Shape(dims);
        if let Err(problem) = dims.check_size() {
            return Err(ConfigError::at(path, problem.message));
        }
        match &shape {
            Some((other, seen)) if *seen != dims => {
                let message = format!("the input is {dims} here, but {seen} at `{other}`");
                return Err(ConfigError::at(path, message).with_help("give it once"));
            }
            _ => shape = Some((path, dims)),
        }
    }
    match (shape, features) {
        (Some((path, shape)), Some(features)) if shape.elements() != features => {
            let message = format!(
                "the input {shape} holds {} numbers, but the features make {features}",
                shape.elements()
            );
            Err(ConfigError::at(path, message)
                .with_help("leave it out, or list other columns in `data.features`"))
        }
        (Some((_, shape)), _) => Ok(shape),
        (None, Some(features)) => Ok(Shape(vec![features])),
        (None, None) => Err(ConfigError::at("model", "the shape of the input is unknown")
            .with_help("give `input_shape: [2]` here, or a `data` section with features")),
    }
}

/// Keras's automatic names: `dense`, `dense_1`, …, around those that were given.
fn layer_names(layers: &[LayerEntry]) -> Result<Vec<String>, ConfigError> {
    let mut taken = BTreeSet::new();
    for (index, entry) in layers.iter().enumerate() {
        let Some(name) = &entry.common.name else { continue };
        let path = format!("model.layers[{index}].{}.name", entry.kind.name);
        if name.is_empty() || name.contains(['.', '/']) || name.chars().any(char::is_control) {
            let message =
                format!("a layer's name must be plain text without `.` and `/`, got \"{name}\"");
            return Err(ConfigError::at(path, message));
        }
        if !taken.insert(name.clone()) {
            return Err(ConfigError::at(path, format!("two layers are named `{name}`"))
                .with_help("layer names must be unique in a model"));
        }
    }
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    let automatic = |entry: &LayerEntry| {
        let base = snake_case(entry.kind.class_name);
        let count = counts.entry(base.clone()).or_insert(0);
        loop {
            let name = if *count == 0 { base.clone() } else { format!("{base}_{count}") };
            *count += 1;
            if !taken.contains(&name) {
                return name;
            }
        }
    };
    let mut automatic = automatic;
    Ok(layers
        .iter()
        .map(|entry| entry.common.name.clone().unwrap_or_else(|| automatic(entry)))
        .collect())
}

fn resolve_training(
    compile: &CompileConfig,
    fit: &FitConfig,
    model: &ModelSpec,
    target: Target,
    facts: &Facts,
) -> Result<TrainSpec, ConfigError> {
    let output = model.output_for(target);
    let optimizer = &compile.optimizer;
    optimizer
        .check()
        .map_err(|problem| placed("compile.optimizer", optimizer.kind.name, None, problem))?;
    let loss = &compile.loss;
    loss.item
        .check(&output)
        .map_err(|problem| placed("compile.loss", loss.kind.name, None, problem))?;
    let metrics = resolve_metrics(compile, &output)?;
    for (key, value) in [
        ("fit.batch_size", fit.batch_size),
        ("fit.epochs", fit.epochs),
        ("fit.validation_freq", fit.validation_freq),
        ("fit.validation_batch_size", fit.validation_batch_size.unwrap_or(1)),
    ] {
        if value == 0 {
            let name = key.trim_start_matches("fit.");
            return Err(ConfigError::at(key, format!("`{name}` must be at least 1, got 0")));
        }
    }
    if let Some(verbose) = fit.verbose.filter(|verbose| *verbose > 2) {
        return Err(ConfigError::at(
            "fit.verbose",
            format!("`verbose` must be 0, 1 or 2, got {verbose}"),
        ));
    }
    if fit.class_weight.is_some() && matches!(target, Target::Numbers(_)) {
        let message = "`class_weight` needs a target of classes, but the target is a number";
        return Err(ConfigError::at("fit.class_weight", message)
            .with_help("remove it, or encode the target with `encode: label`"));
    }
    let spec = TrainSpec {
        optimizer: optimizer.clone(),
        loss: loss.clone(),
        metrics,
        batch_size: fit.batch_size,
        validation_batch_size: fit.validation_batch_size.unwrap_or(fit.batch_size),
        validation_freq: fit.validation_freq,
        epochs: fit.epochs,
        shuffle: fit.shuffle,
        class_weight: fit.class_weight.clone(),
        callbacks: fit.callbacks.clone(),
        has_validation: facts.has_validation,
        target,
    };
    let known = spec.callback_facts();
    for (index, callback) in fit.callbacks.iter().enumerate() {
        let path = format!("fit.callbacks[{index}]");
        callback
            .item
            .start(&known)
            .map_err(|problem| placed(&path, callback.kind.name, None, problem))?;
    }
    Ok(spec)
}

fn resolve_metrics(
    compile: &CompileConfig,
    output: &Output<'_>,
) -> Result<Vec<MetricSpec>, ConfigError> {
    let plain = compile.metrics.len();
    let all: Vec<&MetricEntry> = compile.metrics.iter().chain(&compile.weighted_metrics).collect();
    let mut keys = log_keys(&compile.metrics);
    for key in log_keys(&compile.weighted_metrics) {
        // Keras's rule: a weighted metric gives way where its key is taken
        keys.push(if keys.contains(&key) { format!("weighted_{key}") } else { key });
    }
    let mut metrics = Vec::with_capacity(all.len());
    for (index, (entry, key)) in all.into_iter().zip(keys).enumerate() {
        let weighted = index >= plain;
        let path = match weighted {
            false => format!("compile.metrics[{index}]"),
            true => format!("compile.weighted_metrics[{}]", index - plain),
        };
        entry
            .item
            .accumulator(output)
            .map_err(|problem| placed(&path, entry.kind.name, None, problem))?;
        metrics.push(MetricSpec { key, entry: entry.clone(), weighted });
    }
    Ok(metrics)
}

/// A problem of an entry, at its place; a layer's is told by name.
fn placed(path: &str, kind: &str, layer: Option<&str>, problem: Problem) -> ConfigError {
    let path = match problem.key.as_str() {
        "" => format!("{path}.{kind}"),
        key => format!("{path}.{kind}.{key}"),
    };
    let message = match layer {
        Some(name) => format!("layer `{name}`: {}", problem.message),
        None => problem.message,
    };
    ConfigError::at(path, message).with_help(problem.help)
}
