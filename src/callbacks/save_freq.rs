//! How often something is saved.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// How often something is saved: `epoch`, or a number of batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "serde_json::Value")]
pub enum SaveFreq {
    /// At the end of each epoch.
    #[default]
    Epoch,
    /// After every so many batches, counted on through epochs.
    Batches(usize),
}

impl Serialize for SaveFreq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            SaveFreq::Epoch => serializer.serialize_str("epoch"),
            SaveFreq::Batches(batches) => serializer.serialize_u64(*batches as u64),
        }
    }
}

impl<'de> Deserialize<'de> for SaveFreq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaveFreqVisitor)
    }
}

struct SaveFreqVisitor;

impl Visitor<'_> for SaveFreqVisitor {
    type Value = SaveFreq;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "`epoch`, or a number of batches")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SaveFreq, E> {
        match text {
            "epoch" => Ok(SaveFreq::Epoch),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, batches: u64) -> Result<SaveFreq, E> {
        match batches {
            0 => Err(E::custom("`save_freq` must be at least 1 batch, got 0")),
            _ => Ok(SaveFreq::Batches(batches as usize)),
        }
    }
}
