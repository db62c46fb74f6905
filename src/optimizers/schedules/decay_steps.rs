//! Over how many steps a schedule decays: a number, or `auto`, all steps of the training.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::config::checks;
use crate::error::Problem;

const AUTO: &str = "auto";

/// Over how many steps a schedule decays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DecaySteps {
    /// Over the whole training, whose steps are not known yet.
    Auto,
    /// Over so many.
    Of(f64),
}

impl DecaySteps {
    /// The number; while it isn't known, one that is never reached.
    pub fn count(self) -> f32 {
        match self {
            DecaySteps::Auto => f32::INFINITY,
            DecaySteps::Of(count) => count as f32,
        }
    }

    /// What is wrong with it.
    pub(super) fn check(self) -> Result<(), Problem> {
        match self {
            DecaySteps::Auto => Ok(()),
            DecaySteps::Of(count) => checks::at_least_one("decay_steps", count),
        }
    }
}

/// Writes the number of steps for each `auto` in a configuration; those of a warmup come first.
pub(crate) fn fill_decay_steps(config: &mut Value, steps: usize) {
    match config {
        Value::Object(map) => {
            if map.get("decay_steps").is_some_and(|own| own == AUTO) {
                let warmup = map.get("warmup_steps").and_then(Value::as_f64).unwrap_or(0.0);
                let left = (steps as f64 - warmup).max(1.0);
                map.insert("decay_steps".to_string(), left.into());
            }
            map.values_mut().for_each(|value| fill_decay_steps(value, steps));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| fill_decay_steps(value, steps)),
        _ => {}
    }
}

impl Serialize for DecaySteps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            DecaySteps::Auto => serializer.serialize_str(AUTO),
            DecaySteps::Of(count) => count.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for DecaySteps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecayStepsVisitor)
    }
}

struct DecayStepsVisitor;

impl Visitor<'_> for DecayStepsVisitor {
    type Value = DecaySteps;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a number of at least 1, or `{AUTO}` for all steps of the training")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<DecaySteps, E> {
        match word {
            AUTO => Ok(DecaySteps::Auto),
            _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, count: f64) -> Result<DecaySteps, E> {
        Ok(DecaySteps::Of(count))
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<DecaySteps, E> {
        Ok(DecaySteps::Of(count as f64))
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<DecaySteps, E> {
        Ok(DecaySteps::Of(count as f64))
    }
}

impl JsonSchema for DecaySteps {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "decay_steps".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "number" }, { "const": AUTO }] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn auto_is_all_steps_of_the_training_less_those_of_the_warmup() {
        let mut config = json!({"optimizer": {"sgd": {"learning_rate": {"cosine_decay": {
            "initial_learning_rate": 0.0, "decay_steps": "auto", "warmup_target": 0.1, "warmup_steps": 20.0}}}},
            "other": [{"decay_steps": "auto"}, {"decay_steps": 7.0}]});
        fill_decay_steps(&mut config, 100);
        let rate = &config["optimizer"]["sgd"]["learning_rate"]["cosine_decay"];
        assert_eq!(rate["decay_steps"], 80.0);
        assert_eq!(config["other"], json!([{"decay_steps": 100.0}, {"decay_steps": 7.0}]));
    }
}
