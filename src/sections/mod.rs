//! The sections of a configuration, as typed: `data` (in its own file), `model`, `compile`, `fit`.

mod column;
mod compute_type;
mod condition_parser;
mod condition_words;
mod csv;
pub mod data;
mod decisions;
mod features_and_target;
mod file_format;
mod keeping;
mod logging;
mod names;
pub mod reference;
mod row_condition;
mod row_test;
mod rows;
pub(crate) mod run_config;
mod schema;
mod table_paths;
mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::callbacks::CallbackEntry;
use crate::config::entries;
use crate::layers::LayerEntry;
use crate::losses::LossEntry;
use crate::metrics::MetricEntry;
use crate::optimizers::OptimizerEntry;

pub use crate::splits::{
    ColumnSplit, CvConfig, FoldsBy, GroupSplit, HashSplit, TimeSplit, ValidationSplit,
};
pub use crate::transforms::*;
pub(crate) use column::FEATURES;
pub use column::{ColumnConfig, Columns};
pub use compute_type::ComputeType;
pub use csv::{CsvConfig, HeaderConfig, MissingValues, TextEncoding, TrailingDelimiter};
pub use data::DataConfig;
pub use decisions::{Calibration, ErrorCost, ThresholdRule};
pub(crate) use file_format::AUTO;
pub use file_format::FileFormat;
pub use keeping::{InitWeights, Interval};
pub use logging::{LoggingConfig, TensorBoardConfig};
pub use row_condition::RowCondition;
pub(crate) use row_test::{CellComparison, CellKind, CellLiteral, RowTest};
pub use rows::RowsConfig;
pub(crate) use table_paths::STDIN;
pub use table_paths::TablePaths;
pub use window::WindowConfig;

/// The most layers that a model may have.
const MOST_LAYERS: usize = 10_000;
/// The most metrics, and callbacks, that a training may have.
const MOST_OTHERS: usize = 1_000;

/// The JSON Schema of a whole configuration, whose tables have one of these formats.
pub(crate) fn schema_with(formats: &[&str]) -> serde_json::Value {
    let mut schema = crate::config::schema_of::<Config>();
    schema["$defs"]["format"]["enum"] = formats.into();
    schema::for_editors(schema)
}

/// A configuration: the data, the model, and how the model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the run, which is kept in `runs/<name>-NNN`. Default: the name of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Seed of all random numbers. Default: 0.
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
    /// Epochs, batches, validation and callbacks.
    #[serde(default)]
    pub fit: FitConfig,
    /// What is logged besides the files of the run. Default: nothing.
    #[serde(default, skip_serializing_if = "LoggingConfig::is_nothing")]
    pub logging: LoggingConfig,
}

impl Config {
    /// Format of the tables; the default one for a model that was made without any.
    pub fn csv(&self) -> CsvConfig {
        self.data.as_ref().map(DataConfig::csv).unwrap_or_default()
    }
}

/// The model: its layers in order, or a file that holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Another configuration whose `model` section is used; the path is relative to this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Name of the model in summaries. Default: sequential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Shape of one sample, without the batch; the columns fill it in row-major order. Default: the
    /// number of features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_shape: Option<Vec<usize>>,
    /// The layers, from first to last.
    #[serde(default, deserialize_with = "entries::<MOST_LAYERS, _, _>")]
    #[schemars(length(max = MOST_LAYERS))]
    pub layers: Vec<LayerEntry>,
}

/// How the model is trained: Keras's `compile`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileConfig {
    /// The optimizer. Default: rmsprop.
    #[serde(default = "default_optimizer")]
    pub optimizer: OptimizerEntry,
    /// The loss to minimize.
    pub loss: LossEntry,
    /// Metrics computed without sample weights. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(deserialize_with = "entries::<MOST_OTHERS, _, _>")]
    #[schemars(length(max = MOST_OTHERS))]
    pub metrics: Vec<MetricEntry>,
    /// Metrics computed with sample weights. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[serde(deserialize_with = "entries::<MOST_OTHERS, _, _>")]
    #[schemars(length(max = MOST_OTHERS))]
    pub weighted_metrics: Vec<MetricEntry>,
    /// Type of number that layers compute in while training: `mixed_bfloat16` (or `bf16`) for mixed
    /// precision, which is faster on a GPU. The weights stay 32-bit floats. Default: float32.
    #[serde(default, skip_serializing_if = "ComputeType::is_float32")]
    pub dtype: ComputeType,
    /// Whether a GPU may multiply 32-bit floats as TF32, which is faster and keeps 10 bits of each
    /// factor; no effect on the CPU. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tf32: bool,
}

impl CompileConfig {
    /// This loss with the default optimizer, and no metrics.
    pub fn new(loss: impl Into<LossEntry>) -> Self {
        CompileConfig {
            optimizer: default_optimizer(),
            loss: loss.into(),
            metrics: Vec::new(),
            weighted_metrics: Vec::new(),
            dtype: ComputeType::Float32,
            tf32: false,
        }
    }
}

fn default_optimizer() -> OptimizerEntry {
    crate::optimizers::RmsProp::default().into()
}

/// The training: Keras's `fit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FitConfig {
    /// Number of samples per update; at least 1. Default: 32.
    pub batch_size: usize,
    /// Stop training after this many epochs. Default: 1.
    pub epochs: usize,
    /// Time that the training may take, such as `5m`, instead of `epochs`: it runs as many epochs
    /// as fit. Their number is determined once, from the first steps, and written into config.yaml.
    /// Default: none, `epochs` is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Interval>,
    /// Fraction of the training data to hold back for validation. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_split: Option<ValidationSplit>,
    /// Cross-validation, instead of `validation_split`: a model for each fold. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cv: Option<CvConfig>,
    /// Run validation every this many epochs. Default: 1.
    pub validation_freq: usize,
    /// Number of samples per validation step. Default: batch_size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_batch_size: Option<usize>,
    /// Whether to shuffle the training data before each epoch. Default: true.
    pub shuffle: bool,
    /// 0 for silent, 1 for a progress bar, 2 for one line per epoch. Default: 1 on a terminal, else 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbose: Option<u8>,
    /// Whether to store a few rows of the validation data (else of the training data) in
    /// model.safetensors with the model's outputs, so that `predict` can check them. Set it to false
    /// if the rows must not be shared with the model. Default: true.
    pub self_test: bool,
    /// Time between two checkpoints, such as `30s`, `5m` or `1h`. Default: one second, or longer if
    /// checkpoints would take more than 2 % of the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Interval>,
    /// Weights to start training from: a safetensors file or a run's folder. `--init-weights` sets
    /// it. Default: none, the initializers are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_weights: Option<InitWeights>,
    /// Weight of each class in the loss, or `balanced`. Default: 1 for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weight: Option<ClassWeight>,
    /// Calibrate the model's probabilities on the validation data once training has ended:
    /// `temperature`. Default: no calibration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibrate: Option<Calibration>,
    /// Choose the threshold of the second of two classes, or of each label, on the validation data
    /// and store it in the model: `f1`, `youden` or `{cost: {fp: 1, fn: 5}}`; with `target: features`
    /// the reconstruction error above which a row is an anomaly: `{quantile: 0.99}`. Default: the
    /// most probable class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdRule>,
    /// Predict an interval that holds this fraction of the true values, such as 0.9, from the errors
    /// on the validation data. Default: no intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub intervals: Option<f64>,
    /// Fraction of the training data to hold back, at random, for `calibrate`, `threshold` and
    /// `intervals` alone. Default: none, they use the validation data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub calibration_split: Option<f64>,
    /// Callbacks, called in this order. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[serde(deserialize_with = "entries::<MOST_OTHERS, _, _>")]
    #[schemars(length(max = MOST_OTHERS))]
    pub callbacks: Vec<CallbackEntry>,
}

impl Default for FitConfig {
    fn default() -> Self {
        FitConfig {
            batch_size: 32,
            epochs: 1,
            budget: None,
            validation_split: None,
            cv: None,
            validation_freq: 1,
            validation_batch_size: None,
            shuffle: true,
            verbose: None,
            self_test: true,
            checkpoint: None,
            init_weights: None,
            class_weight: None,
            calibrate: None,
            threshold: None,
            intervals: None,
            calibration_split: None,
            callbacks: Vec::new(),
        }
    }
}

impl FitConfig {
    /// The first key that asks for a decision, where one does.
    pub(crate) fn decision(&self) -> Option<&'static str> {
        [
            ("calibrate", self.calibrate.is_some()),
            ("threshold", self.threshold.is_some()),
            ("intervals", self.intervals.is_some()),
        ]
        .into_iter()
        .find_map(|(key, is_given)| is_given.then_some(key))
    }
}

/// The weight of each class in the loss.
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
