//! `Spec`: a configuration that is known to be right. Every default is explicit, every layer has
//! its name and its shapes, and the sections fit each other and the data.

pub(crate) mod advice;
pub(crate) mod filled;
mod judge;
pub(crate) mod meaning;
mod naming;
mod supposed;
pub(crate) mod trainable;
mod training;

use crate::callbacks::Hook;
use crate::layers::{LayerEntry, Residual};
use crate::losses::LossEntry;
use crate::metrics::{Accumulator, MetricEntry};
use crate::optimizers::OptimizerEntry;
use crate::sections::{ClassWeight, ComputeType};
use crate::shape::Shape;
use crate::target::{Output, Target};

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
    /// The type of number that layers compute in.
    pub dtype: ComputeType,
    /// Whether a GPU may multiply 32-bit floats as TF32.
    pub tf32: bool,
    /// Samples per step.
    pub batch_size: usize,
    /// Samples per step of validation.
    pub validation_batch_size: usize,
    /// Validate once every this many epochs.
    pub validation_freq: usize,
    /// Train until this many epochs are done.
    pub epochs: usize,
    /// Whether each epoch takes the samples in another order.
    pub shuffle: bool,
    /// How much each class counts in the loss.
    pub class_weight: Option<ClassWeight>,
    /// The callbacks, started, in order; a training works with copies.
    pub hooks: Vec<Box<dyn Hook>>,
    /// Whether there is something to validate on.
    pub has_validation: bool,
    /// What the target is.
    pub target: Target,
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
    /// Its state before the first batch; scores work with copies.
    pub accumulator: Box<dyn Accumulator>,
}

impl LayerSpec {
    /// The layers inside a residual: those of its `layers`, those of its `shortcut`. None of both for
    /// every other layer.
    pub fn ways(&self) -> [Vec<LayerSpec>; 2] {
        let Some(residual) = Residual::of(&self.entry) else { return Default::default() };
        let shapes = residual.shapes(&self.input).unwrap_or_default(); // they have been checked
        let mut ways: [Vec<LayerSpec>; 2] = Default::default();
        for (((_, entries), shapes), way) in residual.ways().into_iter().zip(shapes).zip(&mut ways)
        {
            for (entry, (input, output)) in entries.iter().zip(shapes) {
                way.push(LayerSpec {
                    name: entry.common.name.clone().unwrap_or_default(),
                    entry: entry.clone(),
                    trainable: self.trainable && entry.common.trainable.unwrap_or(true),
                    input,
                    output,
                });
            }
        }
        ways
    }

    /// This layer, and after it those inside it.
    pub fn with_inner(&self) -> Vec<LayerSpec> {
        let inner = self.ways().into_iter().flatten();
        std::iter::once(self.clone()).chain(inner.flat_map(|inner| inner.with_inner())).collect()
    }
}

impl ModelSpec {
    /// Every layer, those inside residuals too: as in one flat list.
    pub fn every_layer(&self) -> Vec<LayerSpec> {
        self.layers.iter().flat_map(LayerSpec::with_inner).collect()
    }

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
