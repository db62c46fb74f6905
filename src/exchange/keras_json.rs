//! Keras's own JSON of a layer, optimizer, loss, metric or callback, in our words.

use serde_json::{Map, Value};

use crate::config::names::snake_case;

/// Translates one of Keras's serialized objects, `{"class_name": "Dense", "config": {"units": 8}}`,
/// to ours, `{"dense": {"units": 8}}`, at every depth. Keras's argument names are ours; nulls and
/// Keras's private keys (`module`, `registered_name`, `dtype`, …) are left out.
pub fn translate(value: &Value) -> Value {
    match value {
        Value::Object(map) => match (map.get("class_name"), map.get("config")) {
            (Some(Value::String(class)), config) => {
                let arguments = config.map(translate).unwrap_or(Value::Null);
                let name = snake_case(class);
                match arguments {
                    Value::Object(arguments) if !arguments.is_empty() => {
                        Value::Object(Map::from_iter([(name, Value::Object(arguments))]))
                    }
                    _ => Value::String(name),
                }
            }
            _ => Value::Object(
                map.iter()
                    .filter(|(key, value)| !value.is_null() && !PRIVATE.contains(&key.as_str()))
                    .map(|(key, value)| (key.clone(), translate(value)))
                    .collect(),
            ),
        },
        Value::Array(items) => Value::Array(items.iter().map(translate).collect()),
        other => other.clone(),
    }
}

const PRIVATE: [&str; 5] =
    ["module", "registered_name", "dtype", "shared_object_id", "build_config"];
