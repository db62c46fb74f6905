//! Keras's compile_config, or a legacy training_config, in our words.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use serde_json::{Map, Value, json};

use super::super::keras_json::{as_entry, is_default, translate};
use super::super::portable::named;
use super::super::signatures::METRICS;
use crate::config::names::{same_name, snake_case};
use crate::config::{Catalog, Entry, Node};
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::optimizers::schedules::LearningRate;

/// The `compile` section of a compile_config, or of a legacy training_config. What only training
/// needs and what isn't known here (a loss of somebody's own, say) is left out and noted.
pub(crate) fn compile(config: &Value, notes: &mut Vec<String>) -> Value {
    let mut section = Map::new();
    let optimizer =
        [&config["optimizer"], &config["optimizer_config"]].into_iter().find(|o| !o.is_null());
    if let Some(optimizer) = optimizer {
        let entry = self::optimizer(optimizer);
        match unfit::<dyn Optimizer>(&entry) {
            None => drop(section.insert("optimizer".into(), entry)),
            Some(why) => notes.push(format!(
                "the optimizer is not carried, `rmsprop` stands in its place: {why}"
            )),
        }
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
    if let Some(why) = section.get("loss").and_then(unfit::<dyn Loss>) {
        section.remove("loss");
        notes.push(format!("the loss is not carried: {why}"));
    }
    for key in ["metrics", "weighted_metrics"] {
        let mut list = Vec::new();
        flatten(&config[key], &mut list);
        let mut list: Vec<Value> = list.into_iter().map(metric).collect();
        list.retain(|metric| match unfit::<dyn Metric>(metric) {
            None => true,
            Some(why) => {
                notes.push(format!("a metric is not carried: {why}"));
                false
            }
        });
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

/// Why an entry can't be read; None where it can.
fn unfit<T: Catalog + ?Sized>(entry: &Value) -> Option<String> {
    let error = Node::from_json(entry).read::<Entry<T>>().err()?;
    Some(if error.path.is_empty() {
        error.message
    } else {
        format!("{}: {}", error.path, error.message)
    })
}

/// An optimizer in our words, by the one converter; what changes nothing is left out, and numbers
/// are as short as they were typed.
pub(crate) fn optimizer(value: &Value) -> Value {
    let object = match value {
        Value::Object(object) => object.clone(),
        // Keras's, not candle's
        Value::String(name) if same_name(name, "AdamW") => {
            Map::from_iter([("class_name".to_string(), json!("AdamW"))])
        }
        other => return other.clone(),
    };
    let class = object.get("class_name").and_then(Value::as_str).unwrap_or_default();
    let class = class.rsplit('>').next().unwrap_or(class); // `Custom>Adam` of Keras 2
    let mut config = object.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(rate) = config.remove("lr") {
        config.entry("learning_rate").or_insert(rate);
    }
    let decay =
        config.remove("decay").and_then(|decay| decay.as_f64()).filter(|decay| *decay != 0.0);
    let mut entry = translate(&json!({ "class_name": class, "config": config }));
    let arguments = entry.as_object_mut().and_then(|entry| entry.values_mut().next());
    if let Some(Value::Object(arguments)) = arguments {
        arguments.retain(|key, value| !is_default(key, value, &config));
        for (_, value) in arguments.iter_mut() {
            shorten(value);
        }
    }
    let (Some((name, mut arguments)), decay) = (parts(&entry), decay) else { return entry };
    if let Some(decay) = decay {
        decayed(&name, &mut arguments, decay);
    }
    as_entry(&name, arguments)
}

/// An entry's name and arguments.
fn parts(entry: &Value) -> Option<(String, Map<String, Value>)> {
    match entry {
        Value::String(name) => Some((name.clone(), Map::new())),
        Value::Object(map) => {
            let (name, arguments) = map.iter().next()?;
            Some((name.clone(), arguments.as_object().cloned().unwrap_or_default()))
        }
        _ => None,
    }
}

/// Keras 2's `decay`, `rate / (1 + decay · step)`, as the schedule that it is. Beside a schedule it
/// stays what it is: not known.
fn decayed(name: &str, arguments: &mut Map<String, Value>, decay: f64) {
    let own = Node::from_json(&as_entry(name, arguments.clone())).read::<Entry<dyn Optimizer>>();
    let rate = match own.as_ref().map(|own| own.item.learning_rate()) {
        Ok(LearningRate::Constant(rate)) => *rate,
        _ => {
            arguments.insert("decay".into(), json!(decay));
            return;
        }
    };
    let mut decay = json!(decay);
    shorten(&mut decay);
    let schedule = json!({ "inverse_time_decay": {
        "initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay,
    } });
    arguments.insert("learning_rate".into(), schedule);
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
            (
                "SGD",
                json!({"lr": 0.1, "decay": 1e-6, "momentum": 0.9}),
                json!({"sgd": {"momentum": 0.9, "learning_rate": {"inverse_time_decay":
                    {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 1e-6}}}}),
            ),
            (
                "RMSprop",
                json!({"decay": 0.5}),
                json!({"rmsprop": {"learning_rate": {"inverse_time_decay":
                    {"initial_learning_rate": 0.001, "decay_steps": 1, "decay_rate": 0.5}}}}),
            ),
            ("AdamW", json!({}), json!({"adam": {"weight_decay": 0.004}})),
            ("AdamW", json!({"weight_decay": null}), json!("adam")),
            ("SGD", json!({"use_ema": false, "ema_momentum": 0.99}), json!("sgd")),
        ] {
            let keras = json!({ "class_name": class, "config": config });
            assert_eq!(optimizer(&keras), ours, "{class}");
        }
        assert_eq!(optimizer(&json!("adam")), json!("adam"));
        assert_eq!(optimizer(&json!("adamw")), json!({"adam": {"weight_decay": 0.004}}));
    }
}
