//! What `fit` says of keeping a run: the time between checkpoints, and the weights that it starts
//! from.

use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

/// A time: `30s`, `5m`, `1h`, or a number of seconds; at least 1 s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    seconds: f64,
}

impl JsonSchema for Interval {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "interval".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "pattern": r"^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)\s*(s|m|min|h)?\s*$" },
            { "type": "number", "minimum": 1, "maximum": Interval::MOST },
        ] })
    }
}

impl Interval {
    /// The time.
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// A month: what is longer is a mistake.
    const MOST: f64 = 31.0 * 86_400.0;

    fn of(seconds: f64) -> Option<Interval> {
        (1.0..=Interval::MOST).contains(&seconds).then_some(Interval { seconds })
    }

    fn parse(text: &str) -> Option<Interval> {
        let text = text.trim();
        let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let factor = match text[split..].trim() {
            "s" | "" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        Interval::of(text[..split].trim().parse::<f64>().ok()? * factor)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}s", self.seconds))
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntervalVisitor)
    }
}

struct IntervalVisitor;

impl Visitor<'_> for IntervalVisitor {
    type Value = Interval;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a time from 1 s to 31 days, such as `30s`, `5m` or `1h`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Interval, E> {
        Interval::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Interval, E> {
        Interval::of(seconds).ok_or_else(|| E::invalid_value(de::Unexpected::Float(seconds), &self))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Interval, E> {
        Interval::of(seconds as f64)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Interval, E> {
        Interval::of(seconds as f64)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(seconds), &self))
    }
}

/// The weights that a training starts from: `weights.safetensors`, or with `partial` and the hash
/// that the file must have.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(inline, with = "InitWeightsForm")]
pub struct InitWeights {
    /// A safetensors file, or a run's folder.
    pub file: String,
    /// Whether tensors that don't fit are left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Hash of the file's contents when the run was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

impl<'de> Deserialize<'de> for InitWeights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InitWeightsVisitor)
    }
}

struct InitWeightsVisitor;

/// Both forms, for the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
#[allow(dead_code)] // read by the derive alone
enum InitWeightsForm {
    File(String),
    Table(InitWeightsTable),
}

/// The long form.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct InitWeightsTable {
    /// A safetensors file, or a run's folder.
    file: String,
    /// Whether tensors that don't fit are left out.
    #[serde(default)]
    partial: bool,
    /// Hash of the file's contents when the run was started.
    #[serde(default)]
    hash: Option<String>,
}

impl<'de> Visitor<'de> for InitWeightsVisitor {
    type Value = InitWeights;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a safetensors file, or `{{file: weights.safetensors, partial: true}}`")
    }

    fn visit_str<E: de::Error>(self, file: &str) -> Result<InitWeights, E> {
        Ok(InitWeights { file: file.to_string(), partial: false, hash: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<InitWeights, A::Error> {
        let InitWeightsTable { file, partial, hash } =
            InitWeightsTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(InitWeights { file, partial, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in [("30s", 30.0), ("5m", 300.0), ("1.5 h", 5400.0), ("2", 2.0)] {
            assert_eq!(Interval::parse(text).map(|time| time.seconds), Some(seconds), "{text}");
        }
        for text in ["", "0s", "5 days", "-1m", "nan", "1e9h"] {
            assert_eq!(Interval::parse(text), None, "{text}");
        }
    }
}
