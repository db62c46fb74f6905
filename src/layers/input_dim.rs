//! How many ids an Embedding takes: a number, or `auto`.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

const AUTO: &str = "auto";

/// How many ids an Embedding takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InputDim {
    /// As many as the data has, which is not known yet.
    #[default]
    Auto,
    /// So many.
    Of(usize),
}

impl InputDim {
    /// The number, where it is known.
    pub fn size(self) -> Option<usize> {
        match self {
            InputDim::Auto => None,
            InputDim::Of(size) => Some(size),
        }
    }
}

/// Writes the number of ids for each `auto` of a model's configuration.
pub(crate) fn fill(model: &mut Value, ids: usize) {
    match model {
        Value::Object(map) => {
            let input_dim = map.get_mut("embedding").and_then(|own| own.get_mut("input_dim"));
            if let Some(input_dim) = input_dim.filter(|input_dim| **input_dim == AUTO) {
                *input_dim = ids.into();
            }
            map.values_mut().for_each(|value| fill(value, ids));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, ids)),
        _ => {}
    }
}

impl Serialize for InputDim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            InputDim::Auto => serializer.serialize_str(AUTO),
            InputDim::Of(size) => size.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for InputDim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputDimVisitor)
    }
}

struct InputDimVisitor;

impl Visitor<'_> for InputDimVisitor {
    type Value = InputDim;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a whole number of at least 1, or `{AUTO}`")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<InputDim, E> {
        match word {
            AUTO => Ok(InputDim::Auto),
            _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, size: u64) -> Result<InputDim, E> {
        let size = usize::try_from(size);
        size.map(InputDim::Of).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_i64<E: de::Error>(self, size: i64) -> Result<InputDim, E> {
        let wrong = || E::invalid_value(de::Unexpected::Signed(size), &self);
        usize::try_from(size).map(InputDim::Of).map_err(|_| wrong())
    }
}

impl JsonSchema for InputDim {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "number of ids".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer" }, { "const": AUTO }] })
    }
}
