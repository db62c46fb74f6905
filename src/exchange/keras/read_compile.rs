//! Keras's compile_config, or a legacy training_config, in our words.

use serde_json::{Map, Value, json};

use super::super::keras_json::{as_entry, is_default, translate};
use super::super::portable::named;
use super::super::signatures::METRICS;
use crate::config::names::snake_case;

/// The `compile` section of a compile_config, or of a legacy training_config.
pub(super) fn compile(config: &Value, notes: &mut Vec<String>) -> Value {
    let mut section = Map::new();
    let optimizer =
        [&config["optimizer"], &config["optimizer_config"]].into_iter().find(|o| !o.is_null());
    if let Some(optimizer) = optimizer {
        section.insert("optimizer".into(), self::optimizer(optimizer));
    }
    match &config["loss"] {
        Value::Null => notes.push("the model was compiled without a loss".into()),
        Value::Array(list) if list.len() == 1 => {
            drop(section.insert("loss".into(), named_object(&list[0])));
        }
        Value::Object(map) if !map.contains_key("class_name") && map.len() == 1 => {
            let only = map.values().next().unwrap_or(&Value::Null);
            drop(section.insert("loss".into(), named_object(only)));
        }
        loss @ (Value::String(_) | Value::Object(_)) => {
            drop(section.insert("loss".into(), named_object(loss)));
        }
        other => notes.push(format!("the loss {other} is not carried: a model has one loss here")),
    }
    for key in ["metrics", "weighted_metrics"] {
        let mut list = Vec::new();
        flatten(&config[key], &mut list);
        let list: Vec<Value> = list.into_iter().map(metric).collect();
        if !list.is_empty() {
            section.insert(key.into(), Value::Array(list));
        }
    }
    if !config["loss_weights"].is_null() {
        notes.push("`loss_weights` is not carried: a model has one loss here".into());
    }
    Value::Object(section)
}

fn flatten<'a>(value: &'a Value, list: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| match item {
            Value::Array(inner) => list.extend(inner),
            other => list.push(other),
        }),
        Value::Null => {}
        one => list.push(one),
    }
}

/// An optimizer in our words, by the one converter; what changes nothing is left out, and numbers
/// are as short as they were typed.
pub(crate) fn optimizer(value: &Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let class = object.get("class_name").and_then(Value::as_str).unwrap_or_default();
    let class = class.rsplit('>').next().unwrap_or(class); // `Custom>Adam` of Keras 2
    let mut config = object.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(rate) = config.remove("lr") {
        config.entry("learning_rate").or_insert(rate);
    }
    let mut entry = translate(&json!({ "class_name": class, "config": config }));
    let arguments = entry.as_object_mut().and_then(|entry| entry.values_mut().next());
    let Some(Value::Object(arguments)) = arguments else { return entry };
    arguments.retain(|key, value| !is_default(key, value, &config));
    arguments.iter_mut().for_each(|(_, value)| shorten(value));
    match (arguments.is_empty(), entry.as_object().and_then(|entry| entry.keys().next())) {
        (true, Some(name)) => json!(name),
        _ => entry,
    }
}

/// Keras writes a learning rate as the f64 nearest to its f32: 0.0010000000474974513 is 0.001.
fn shorten(value: &mut Value) {
    if let Value::Number(number) = value
        && let Some(wide) = number.as_f64()
        && !number.is_i64()
        && !number.is_u64()
        && f64::from(wide as f32) == wide
        && let Ok(short) = (wide as f32).to_string().parse::<f64>()
    {
        *value = json!(short);
    }
}

/// A loss in our words: a string stays, an object becomes an entry without its name.
fn named_object(value: &Value) -> Value {
    match value {
        Value::Object(object) => match (object.get("class_name"), object.get("config")) {
            (Some(Value::String(class)), Some(Value::String(function)))
                if class == "function" || class == "Function" =>
            {
                json!(function)
            }
            (Some(Value::String(class)), config) => {
                let arguments = arguments(config, &["name", "dtype", "fn"]);
                as_entry(&snake_case(class), arguments)
            }
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// A metric in our words; its name is kept where it isn't the class's own.
fn metric(value: &Value) -> Value {
    let entry = named_object(value);
    let (Some(class), Some(name)) =
        (value["class_name"].as_str(), value["config"]["name"].as_str())
    else {
        return entry;
    };
    // the resolved forms of `accuracy`, as legacy files have them
    let plain = value["config"]["threshold"].as_f64().is_none_or(|threshold| threshold == 0.5);
    if matches!(class, "MeanMetricWrapper" | "CompileMetrics") {
        return json!(name);
    }
    if matches!(name, "accuracy" | "acc") && class.ends_with("Accuracy") && plain {
        return json!(name);
    }
    if snake_case(class) == name {
        return entry;
    }
    if METRICS.find(name).is_some_and(|known| known.name == class) {
        // a short name, such as `mse`, is the key in the history
        return match named(&entry) {
            Some((_, arguments)) => as_entry(name, arguments),
            None => entry,
        };
    }
    match entry {
        Value::String(kind) => as_entry(&kind, Map::from_iter([("name".into(), json!(name))])),
        Value::Object(mut map) => {
            if let Some(Value::Object(arguments)) = map.values_mut().next() {
                arguments.insert("name".into(), json!(name));
            }
            Value::Object(map)
        }
        other => other,
    }
}

fn arguments(config: Option<&Value>, without: &[&str]) -> Map<String, Value> {
    let Some(Value::Object(config)) = config else { return Map::new() };
    config
        .iter()
        .filter(|(key, value)| !without.contains(&key.as_str()) && !is_default(key, value, config))
        .map(|(key, value)| (key.clone(), translate(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optimizer_is_told_in_our_words() {
        for (class, config, ours) in [
            (
                "RMSprop",
                json!({"learning_rate": 0.004999999888241291, "name": "r"}),
                json!({"rmsprop": {"learning_rate": 0.005}}),
            ),
            (
                "Custom>Adam",
                json!({"lr": 0.5, "decay": 0.0}),
                json!({"adam": {"learning_rate": 0.5}}),
            ),
            ("AdamW", json!({}), json!({"adam": {"weight_decay": 0.004}})),
            ("AdamW", json!({"weight_decay": null}), json!("adam")),
            ("SGD", json!({"use_ema": false, "ema_momentum": 0.99}), json!("sgd")),
        ] {
            let keras = json!({ "class_name": class, "config": config });
            assert_eq!(optimizer(&keras), ours, "{class}");
        }
        assert_eq!(optimizer(&json!("adam")), json!("adam"));
    }
}
