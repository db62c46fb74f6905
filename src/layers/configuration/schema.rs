//! The JSON Schema of a configuration: each argument with its documentation and its default.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

/// The JSON Schema of a configuration, argument by argument.
#[allow(clippy::struct_field_names)] // JSON Schema's word
pub(crate) struct Properties {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    /// The number of axes of its input, where the layer comes in several; else 0.
    rank: usize,
}

impl Properties {
    pub(crate) fn new(required: &[&'static str], rank: usize) -> Self {
        Properties { properties: Map::new(), required: required.to_vec(), rank }
    }

    /// Adds an argument; its default is written after its documentation, unless that names one.
    pub(crate) fn add<T: JsonSchema>(
        &mut self,
        generator: &mut SchemaGenerator,
        key: &str,
        docs: &[&str],
        default: Option<&Value>,
    ) {
        let mut schema = generator.subschema_for::<T>();
        let mut about = text(docs, self.rank);
        if let Some(default) = default
            && !about.contains("Default:")
        {
            about = format!("{about} Default: {}.", in_words(default));
        }
        schema.insert("description".to_string(), about.into());
        if let Some(default) = default.filter(|default| !default.is_null()) {
            schema.insert("default".to_string(), default.clone());
        }
        self.properties.insert(key.to_string(), schema.to_value());
    }

    /// The schema of the whole, with the documentation of the struct.
    pub(crate) fn finish(self, docs: &[&str]) -> Schema {
        let mut schema = json_schema!({
            "type": "object",
            "additionalProperties": false,
            "properties": self.properties,
        });
        if !self.required.is_empty() {
            schema.insert("required".to_string(), self.required.into());
        }
        schema.insert("description".to_string(), text(docs, self.rank).into());
        schema
    }
}

/// The lines of a doc comment as one text, in the words of a rank: what is documented as
/// `(batch, spatial…, channels)` is `(batch, height, width, channels)` for two axes.
fn text(docs: &[&str], rank: usize) -> String {
    let lines: Vec<&str> = docs.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let text = lines.join("\n").trim().to_string();
    let Some(rank) = rank.checked_sub(1) else { return text };
    let words = [
        ("spatial'…", ["steps'", "height', width'", "depth', height', width'"]),
        ("spatial…", ["steps", "height, width", "depth, height, width"]),
        ("size…", ["k", "kh, kw", "kd, kh, kw"]),
        ("1…", ["1", "1, 1", "1, 1, 1"]),
        (
            "ends…",
            [
                "a number or `[before, after]`",
                "a number, `[height, width]` or `[[top, bottom], [left, right]]`",
                "a number, one for each axis, or a pair `[before, after]` for each",
            ],
        ),
        ("ND", ["1D", "2D", "3D"]),
    ];
    words.iter().fold(text, |text, (word, by_rank)| text.replace(word, by_rank[rank]))
}

/// A default as a person writes it.
fn in_words(default: &Value) -> String {
    match default {
        Value::Null => "none".to_string(),
        Value::String(name) => name.clone(),
        Value::Object(entry) => entry.keys().next().cloned().unwrap_or_default(),
        Value::Number(number) => match number.as_f64() {
            Some(number) => number.to_string(), // 0 and not 0.0
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A default as JSON.
pub(crate) fn json<T: Serialize>(default: &T) -> Value {
    serde_json::to_value(default).unwrap_or(Value::Null)
}
