//! A value of a cell, as it is written in a configuration.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// A value of a cell: a number, or a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Plain {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Plain {
    /// As it stands in a cell.
    pub fn text(&self) -> String {
        match self {
            Plain::Whole(number) => number.to_string(),
            Plain::Number(number) => number.to_string(),
            Plain::Text(text) => text.trim().to_string(),
        }
    }

    /// The finite number that it is.
    pub fn number(&self) -> Option<f64> {
        super::classes::number(&self.text())
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl Visitor<'_> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a number or a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Text(text.to_string()))
    }

    fn visit_bool<E: de::Error>(self, is: bool) -> Result<Plain, E> {
        Ok(Plain::Text(is.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Plain, E> {
        Ok(Plain::Whole(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Plain, E> {
        Ok(i64::try_from(number).map_or(Plain::Number(number as f64), Plain::Whole))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Plain, E> {
        Ok(Plain::Number(number))
    }
}

impl JsonSchema for Plain {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "value".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}
