//! `logging`: what a training writes besides its run's own files.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// What a training writes besides the files of its run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoggingConfig {
    /// Write an event file for TensorBoard into the run's folder: `true`, or its options such as
    /// `{update_freq: 10, histograms: true}`. Default: false.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "switch")]
    #[schemars(with = "TensorBoardForm")]
    pub tensorboard: Option<TensorBoardConfig>,
}

impl LoggingConfig {
    /// True where nothing is logged.
    pub fn is_nothing(&self) -> bool {
        *self == LoggingConfig::default()
    }
}

/// What is written to TensorBoard's event file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TensorBoardConfig {
    /// Number of steps between two points of the running loss and metrics; at least 1. Default: 1.
    #[schemars(range(min = 1))]
    pub update_freq: usize,
    /// Whether to write histograms of the weights after each epoch. Default: false.
    pub histograms: bool,
    /// Whether to write the configuration. Default: false.
    pub configuration: bool,
}

impl Default for TensorBoardConfig {
    fn default() -> Self {
        TensorBoardConfig { update_freq: 1, histograms: false, configuration: false }
    }
}

/// Both forms, for the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
#[allow(dead_code)] // read by the derive alone
enum TensorBoardForm {
    Switch(bool),
    Options(TensorBoardConfig),
}

fn switch<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TensorBoardConfig>, D::Error> {
    from.deserialize_any(Switch)
}

struct Switch;

impl<'de> Visitor<'de> for Switch {
    type Value = Option<TensorBoardConfig>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "`true`, `false`, or options such as `{{update_freq: 10, histograms: true}}`")
    }

    fn visit_bool<E: de::Error>(self, is_on: bool) -> Result<Self::Value, E> {
        Ok(is_on.then(TensorBoardConfig::default))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        TensorBoardConfig::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
