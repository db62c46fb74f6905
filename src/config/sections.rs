//! The sections of a configuration, as typed: `model`, `compile`, `fit`. (`data` has its own file.)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::DataConfig;
use super::keeping::{InitWeights, Interval};
use crate::callbacks::CallbackEntry;
use crate::data::ValidationSplit;
use crate::layers::LayerEntry;
use crate::losses::LossEntry;
use crate::metrics::MetricEntry;
use crate::optimizers::OptimizerEntry;

/// One configuration: the data, the model, and how the one is trained on the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The run's name; runs are kept in `runs/<name>-NNN`. Default: the file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The seed of every random draw. Default: 0.
    #[serde(default)]
    pub seed: u64,
    /// The tables, the features and the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataConfig>,
    /// The layers.
    pub model: ModelConfig,
    /// The optimizer, the loss and the metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compile: Option<CompileConfig>,
    /// How long, in what batches, with what callbacks.
    #[serde(default)]
    pub fit: FitConfig,
}

/// The model: its layers in order, or the file that holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// A file whose `model` section stands here instead; relative to this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The model's name in summaries. Default: sequential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The shape of one sample, batch left out; default: the number of features. Columns fill it
    /// row by row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_shape: Option<Vec<usize>>,
    /// The layers, first to last.
    #[serde(default)]
    pub layers: Vec<LayerEntry>,
}

/// Keras's `compile`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileConfig {
    /// The optimizer. Default: rmsprop.
    #[serde(default = "default_optimizer")]
    pub optimizer: OptimizerEntry,
    /// The loss.
    pub loss: LossEntry,
    /// The metrics; sample weights don't count in them. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricEntry>,
    /// Metrics in which sample weights count. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weighted_metrics: Vec<MetricEntry>,
}

impl CompileConfig {
    /// This loss with the default optimizer, and no metrics.
    pub fn new(loss: impl Into<LossEntry>) -> Self {
        CompileConfig {
            optimizer: default_optimizer(),
            loss: loss.into(),
            metrics: Vec::new(),
            weighted_metrics: Vec::new(),
        }
    }
}

fn default_optimizer() -> OptimizerEntry {
    crate::optimizers::RmsProp::default().into()
}

/// Keras's `fit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FitConfig {
    /// Samples per step; at least 1. Default: 32.
    pub batch_size: usize,
    /// The index at which training ends. Default: 1.
    pub epochs: usize,
    /// The part of the training data that is held back. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_split: Option<ValidationSplit>,
    /// Validate at every so many epochs. Default: 1.
    pub validation_freq: usize,
    /// Samples per step of validation. Default: batch_size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_batch_size: Option<usize>,
    /// Whether each epoch takes the samples in another order. Default: true.
    pub shuffle: bool,
    /// 0 silent, 1 a progress bar, 2 a line an epoch. Default: 1 on a terminal, 2 elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbose: Option<u8>,
    /// Whether a few rows of the validation part (else of the training part) and the model's outputs
    /// for them are kept in model.safetensors, where `predict` checks them. They are in a file that
    /// people share. Default: true.
    pub self_test: bool,
    /// The time between two checkpoints: `30s`, `5m`, `1h`. Default: a second, or longer where
    /// checkpoints would take more than 2 % of the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Interval>,
    /// The weights that training starts from, a safetensors file or a run's folder; `--init-weights`
    /// sets it. Default: the initializers'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_weights: Option<InitWeights>,
    /// A weight for each class in the loss, or `balanced`. Default: all 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<ClassWeight>,
    /// Keras's callbacks. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub callbacks: Vec<CallbackEntry>,
}

impl Default for FitConfig {
    fn default() -> Self {
        FitConfig {
            batch_size: 32,
            epochs: 1,
            validation_split: None,
            validation_freq: 1,
            validation_batch_size: None,
            shuffle: true,
            verbose: None,
            self_test: true,
            checkpoint: None,
            init_weights: None,
            class_weight: None,
            callbacks: Vec::new(),
        }
    }
}

/// How much each class counts in the loss.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(with = "serde_json::Value")]
pub enum ClassWeight {
    /// `n / (classes · count)`, from the training part.
    Balanced,
    /// By the class's name; 1 for those not named.
    Named(Vec<(String, f32)>),
}

impl Serialize for ClassWeight {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ClassWeight::Balanced => serializer.serialize_str("balanced"),
            ClassWeight::Named(weights) => {
                serializer.collect_map(weights.iter().map(|(name, weight)| (name, weight)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for ClassWeight {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ClassWeightVisitor)
    }
}

struct ClassWeightVisitor;

impl<'de> serde::de::Visitor<'de> for ClassWeightVisitor {
    type Value = ClassWeight;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "`balanced`, or a weight for each class: `{{approved: 1, rejected: 2.5}}`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ClassWeight, E> {
        match text {
            "balanced" => Ok(ClassWeight::Balanced),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<ClassWeight, A::Error> {
        let mut weights = Vec::new();
        while let Some(entry) = map.next_entry::<String, f32>()? {
            weights.push(entry);
        }
        Ok(ClassWeight::Named(weights))
    }
}
