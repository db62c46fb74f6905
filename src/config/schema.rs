//! The JSON Schema of configurations, by which editors check and complete them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::entry::{Catalog, Entry};

/// The JSON Schema (draft 2020-12) of a type.
pub fn schema_of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// A bare name, or a table of one key: the name with its arguments. Every spelling that is read is
/// in the schema; a name that can't stand alone, because it has required arguments, is not in the
/// first list.
impl<T: Catalog + ?Sized> JsonSchema for Entry<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NOUN.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let common = T::Common::json_schema(generator);
        let shared = common.get("properties").and_then(Value::as_object).cloned();
        let (mut bare, mut with_arguments) = (Vec::new(), Map::new());
        for (kind, mut own) in T::kinds().iter().zip(T::schemas(generator)) {
            let properties = own.get("properties").and_then(Value::as_object).cloned();
            let mut properties = properties.unwrap_or_default();
            for (key, value) in shared.clone().unwrap_or_default() {
                properties.entry(key).or_insert(value); // its own key of that name comes first
            }
            own.insert("properties".to_string(), Value::Object(properties));
            let needs_arguments =
                own.get("required").and_then(Value::as_array).is_some_and(|keys| !keys.is_empty());
            if !needs_arguments {
                own.insert("type".to_string(), json!(["object", "null"]));
            }
            let definition = format!("{}.{}", T::NOUN, kind.name);
            let reference = json!({ "$ref": format!("#/$defs/{definition}") });
            generator.definitions_mut().insert(definition, own.to_value());
            for name in [&kind.name, &kind.class_name].into_iter().chain(kind.aliases) {
                if with_arguments.insert((*name).to_string(), reference.clone()).is_none()
                    && !needs_arguments
                {
                    bare.push(*name);
                }
            }
        }
        schemars::json_schema!({
            "anyOf": [
                { "enum": bare },
                {
                    "type": "object",
                    "properties": with_arguments,
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": false,
                },
            ]
        })
    }
}

/// A description without the examples in Rust that its type's documentation may end with.
pub(crate) fn without_code(description: &str) -> &str {
    description.split("\n```").next().unwrap_or_default().trim()
}

/// The same for every description in a schema.
pub(crate) fn drop_code(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "description" => {
                        *text = without_code(text).to_string();
                    }
                    other => drop_code(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(drop_code),
        _ => {}
    }
}
