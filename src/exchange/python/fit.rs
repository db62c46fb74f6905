//! `model.fit(…)` as the `fit` section.

use serde_json::{Map, Value, json};

use super::convert::Reader;
use super::expression::Expression;
use super::values::describe;
use crate::callbacks::Callback;
use crate::config::names::snake_case;
use crate::config::{Entry, Node};
use crate::exchange::keras_json::translate;

/// The arguments of `fit`, in order.
const ORDER: [&str; 11] = [
    "x",
    "y",
    "batch_size",
    "epochs",
    "verbose",
    "callbacks",
    "validation_split",
    "validation_data",
    "shuffle",
    "class_weight",
    "sample_weight",
];

/// Those that the `fit` section has, too.
const CARRIED: [&str; 9] = [
    "batch_size",
    "epochs",
    "verbose",
    "callbacks",
    "validation_split",
    "shuffle",
    "class_weight",
    "validation_freq",
    "validation_batch_size",
];

pub(super) fn section(
    reader: &mut Reader,
    args: &[Expression],
    named: &[(String, Expression)],
) -> Map<String, Value> {
    let mut section = Map::new();
    let by_place = ORDER.iter().map(ToString::to_string).zip(args.iter().cloned());
    for (key, expression) in by_place.chain(named.iter().cloned()) {
        match key.as_str() {
            "x" | "y" => {}
            "validation_data" => {
                reader
                    .note("`validation_data` is not carried: name the table as `data.validation`");
            }
            "callbacks" => {
                let callbacks = callbacks(reader, &expression);
                if !callbacks.is_empty() {
                    section.insert(key, Value::Array(callbacks));
                }
            }
            key if CARRIED.contains(&key) => match reader.value(&expression) {
                Some(Value::Null) => {}
                Some(Value::String(_)) if key == "verbose" => {}
                Some(value) => drop(section.insert(key.into(), value)),
                None => reader
                    .note(format!("`{key}` of `fit` is not literal: {}", describe(&expression))),
            },
            other => reader.note(format!("`{other}` of `fit` is not carried")),
        }
    }
    reader.note("the data of `fit` is not carried: name the table, its features and its target under `data`");
    section
}

fn callbacks(reader: &mut Reader, expression: &Expression) -> Vec<Value> {
    let items = reader.items(expression).unwrap_or_else(|| vec![expression.clone()]);
    let mut entries = Vec::new();
    for item in items {
        let value = reader.value(&item).filter(|value| value["module"] == "keras.callbacks");
        let Some(value) = value else {
            reader.note(format!("the callback {} is not carried", describe(&item)));
            continue;
        };
        let name = snake_case(value["class_name"].as_str().unwrap_or_default());
        let entry = match translate(&value["config"]) {
            Value::Object(arguments) if !arguments.is_empty() => json!({ name: arguments }),
            _ => json!(name),
        };
        match Node::from_json(&entry).read::<Entry<dyn Callback>>() {
            Ok(_) => entries.push(entry),
            Err(error) => reader.note(format!("{} is not carried: {error}", describe(&item))),
        }
    }
    entries
}
