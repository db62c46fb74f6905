//! `fit.validation_split`, as typed.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::ConfigError;
use crate::error::Problem;

/// The fraction of the training data that is held back for validation.
///
/// A number holds back the last rows, as in Keras. Unlike Keras, the rows can also be drawn at random:
/// `{random: 0.1}`, or `{stratified: 0.1}`, which keeps the proportions of the classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValidationSplit {
    /// The last rows; 0 holds nothing back.
    Tail(f64),
    /// Any rows.
    Random(f64),
    /// Any rows of each class.
    Stratified(f64),
}

impl ValidationSplit {
    /// The part.
    pub fn part(&self) -> f64 {
        match *self {
            ValidationSplit::Tail(part)
            | ValidationSplit::Random(part)
            | ValidationSplit::Stratified(part) => part,
        }
    }

    /// What is wrong with the part, whatever the data.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let part = self.part();
        if *self == ValidationSplit::Tail(0.0) || (part > 0.0 && part < 1.0) {
            return Ok(());
        }
        let message = format!("`validation_split` must be between 0 and 1, got {part}");
        Err(ConfigError::at("fit.validation_split", message)
            .with_help("it is the fraction of the rows to hold back, such as 0.1"))
    }
}

impl Serialize for ValidationSplit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            ValidationSplit::Tail(part) => serializer.serialize_f64(part),
            ValidationSplit::Random(part) => serializer.collect_map([("random", part)]),
            ValidationSplit::Stratified(part) => serializer.collect_map([("stratified", part)]),
        }
    }
}

impl<'de> Deserialize<'de> for ValidationSplit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SplitVisitor)
    }
}

struct SplitVisitor;

impl<'de> Visitor<'de> for SplitVisitor {
    type Value = ValidationSplit;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a part such as `0.1`, `{{random: 0.1}}` or `{{stratified: 0.1}}`")
    }

    fn visit_f64<E: de::Error>(self, part: f64) -> Result<ValidationSplit, E> {
        Ok(ValidationSplit::Tail(part))
    }

    fn visit_i64<E: de::Error>(self, part: i64) -> Result<ValidationSplit, E> {
        Ok(ValidationSplit::Tail(part as f64))
    }

    fn visit_u64<E: de::Error>(self, part: u64) -> Result<ValidationSplit, E> {
        Ok(ValidationSplit::Tail(part as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ValidationSplit, A::Error> {
        let drawn = Drawn::deserialize(MapAccessDeserializer::new(map))?;
        match (drawn.random, drawn.stratified) {
            (Some(part), None) => Ok(ValidationSplit::Random(part)),
            (None, Some(part)) => Ok(ValidationSplit::Stratified(part)),
            _ => {
                let problem = Problem::at("", "expected `random` or `stratified`");
                Err(de::Error::custom(problem.help("write one of them: `{random: 0.1}`")))
            }
        }
    }
}

/// A drawn split, as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Drawn {
    /// Fraction to draw at random.
    random: Option<f64>,
    /// Fraction to draw at random from each class.
    stratified: Option<f64>,
}

impl JsonSchema for ValidationSplit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "validation_split".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let drawn = Drawn::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": "number", "minimum": 0, "exclusiveMaximum": 1 }, drawn] })
    }
}
