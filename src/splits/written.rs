//! A split as it is written: a number, or a name with its arguments.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::column::ColumnSplit;
use super::group::GroupSplit;
use super::hash::HashSplit;
use super::time::TimeSplit;
use super::validation_split::ValidationSplit;
use crate::error::Problem;

impl Serialize for ValidationSplit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ValidationSplit::Tail(part) => serializer.serialize_f64(*part),
            ValidationSplit::Random(part) => serializer.collect_map([("random", part)]),
            ValidationSplit::Stratified(part) => serializer.collect_map([("stratified", part)]),
            ValidationSplit::Group(own) => serializer.collect_map([("group", own)]),
            ValidationSplit::Time(own) => serializer.collect_map([("time", own)]),
            ValidationSplit::Column(own) => serializer.collect_map([("column", own)]),
            ValidationSplit::Hash(own) => serializer.collect_map([("hash", own)]),
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
        let named = NamedSplit::deserialize(MapAccessDeserializer::new(map))?;
        let NamedSplit { random, stratified, group, time, column, hash } = named;
        let all = [
            random.map(ValidationSplit::Random),
            stratified.map(ValidationSplit::Stratified),
            group.map(ValidationSplit::Group),
            time.map(ValidationSplit::Time),
            column.map(ValidationSplit::Column),
            hash.map(ValidationSplit::Hash),
        ];
        let mut given = all.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(split), None) => Ok(split),
            _ => {
                let problem = Problem::at(
                    "",
                    "expected one of `random`, `stratified`, `group`, `time`, `column` and `hash`",
                );
                Err(de::Error::custom(problem.help("write one of them: `{random: 0.1}`")))
            }
        }
    }
}

/// A split with a name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedSplit {
    /// Fraction to draw at random.
    random: Option<f64>,
    /// Fraction to draw at random from each class.
    stratified: Option<f64>,
    /// Whole groups, drawn: rows with equal cells in a column are never on both sides.
    group: Option<GroupSplit>,
    /// The latest rows by a column of times.
    time: Option<TimeSplit>,
    /// The rows with a value in a column.
    column: Option<ColumnSplit>,
    /// Rows by a hash of a column: a row stays on its side when rows are added.
    hash: Option<HashSplit>,
}

impl JsonSchema for ValidationSplit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "validation_split".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let named = NamedSplit::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": "number", "minimum": 0, "exclusiveMaximum": 1 }, named] })
    }
}
