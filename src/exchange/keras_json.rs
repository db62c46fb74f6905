//! Keras's own JSON of a layer, optimizer, loss, metric or callback, in our words.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use serde_json::{Map, Value, json};

use crate::config::names::{same_name, snake_case};
use crate::optimizers::OptimizerEntry;
use crate::optimizers::schedules::ScheduleEntry;

/// Translates one of Keras's serialized objects, `{"class_name": "Dense", "config": {"units": 8}}`,
/// to ours, `{"dense": {"units": 8}}`, at every depth. Keras's argument names are ours; nulls and
/// Keras's private keys (`module`, `registered_name`, `dtype`, …) are left out.
pub fn translate(value: &Value) -> Value {
    match value {
        Value::Object(map) => match (map.get("class_name"), map.get("config")) {
            (Some(Value::String(class)), config) => object(class, config.unwrap_or(&Value::Null)),
            _ => Value::Object(
                map.iter()
                    .filter(|(key, value)| {
                        // Bidirectional's null is a way to merge, not a default.
                        (!value.is_null() || *key == "merge_mode")
                            && !PRIVATE.contains(&key.as_str())
                    })
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

/// One object of a class: its name alone, or with its arguments.
fn object(class: &str, config: &Value) -> Value {
    if same_name(class, "SeedGenerator") {
        return config["seed"].clone();
    }
    let optimizer = OptimizerEntry::find(class);
    let mut name = match &optimizer {
        Ok(kind) => kind.name.to_string(), // `rmsprop`, where Keras's automatic name is `rm_sprop`
        Err(_) => snake_case(class),
    };
    let mut arguments = translate(config);
    if let Value::Object(arguments) = &mut arguments {
        if optimizer.is_ok() || ScheduleEntry::find(class).is_ok() {
            arguments.remove("name"); // they have none here
        }
        if same_name(class, "AdamW") {
            let is_absent = config.get("weight_decay").is_none();
            is_absent.then(|| arguments.insert("weight_decay".into(), json!(0.004)));
        }
        if same_name(class, "Normalization") && config.get("axis").is_some_and(Value::is_null) {
            arguments.insert("axis".into(), json!([])); // one mean for all numbers
        }
        if same_name(class, "Muon") {
            // what Keras turns off by None and we by 0
            for key in ["weight_decay", "adam_weight_decay", "rms_rate"] {
                let is_off = config.get(key).is_some_and(Value::is_null);
                is_off.then(|| arguments.insert(key.into(), json!(0.0)));
            }
        }
    }
    if same_name(class, "AdamW") {
        name = "adam".to_string(); // our `adamw` is candle's and PyTorch's
        if arguments.is_null() {
            arguments = json!({ "weight_decay": 0.004 });
        }
    }
    match arguments {
        Value::Object(arguments) if !arguments.is_empty() => {
            Value::Object(Map::from_iter([(name, Value::Object(arguments))]))
        }
        _ => Value::String(name),
    }
}

/// An entry of a list: a bare name where there are no arguments.
pub(crate) fn as_entry(name: &str, arguments: Map<String, Value>) -> Value {
    if arguments.is_empty() {
        return json!(name);
    }
    Value::Object(Map::from_iter([(name.to_string(), Value::Object(arguments))]))
}

/// True for what has no counterpart here and changes nothing: Keras's own bookkeeping, and options
/// that are off.
pub(crate) fn is_default(key: &str, value: &Value, config: &Map<String, Value>) -> bool {
    let off =
        |name: &str| config.get(name).is_none_or(|value| value == &json!(false) || value.is_null());
    if value.is_null() {
        return true;
    }
    match key {
        "data_format" => value == "channels_last",
        "return_state" | "unroll" | "stateful" | "sparse" | "ragged" | "synchronized"
        | "renorm" | "rms_scaling" | "time_major" | "antialias" => value == &json!(false),
        "trainable" => value == &json!(true),
        "batch_shape"
        | "batch_input_shape"
        | "input_shape"
        | "build_config"
        | "registered_name"
        | "module"
        | "shared_object_id"
        | "implementation"
        | "use_cudnn"
        | "lora_alpha"
        | "autocast"
        | "is_legacy_optimizer"
        | "jit_compile"
        | "optional" => true,
        "renorm_momentum" => off("renorm"),
        "ema_momentum" => off("use_ema"),
        "use_ema" | "decay" => value == &json!(false) || value.as_f64() == Some(0.0),
        "reduction" => matches!(value.as_str(), Some("sum_over_batch_size" | "auto" | "mean")),
        "input_length" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_its_name_with_its_arguments() {
        let dense = json!({
            "module": "keras.layers", "class_name": "Dense", "registered_name": null,
            "config": {"name": "d", "units": 8, "kernel_initializer":
                {"class_name": "HeNormal", "config": {"seed": null}}, "kernel_constraint": null}
        });
        let expected =
            json!({"dense": {"name": "d", "units": 8, "kernel_initializer": "he_normal"}});
        assert_eq!(translate(&dense), expected);
    }

    #[test]
    fn kerass_adamw_is_adam_with_decay() {
        let adamw = |config: Value| translate(&json!({"class_name": "AdamW", "config": config}));
        assert_eq!(adamw(json!({})), json!({"adam": {"weight_decay": 0.004}}));
        assert_eq!(adamw(Value::Null), json!({"adam": {"weight_decay": 0.004}}));
        assert_eq!(
            adamw(json!({"name": "adam_w", "weight_decay": 0.1, "clipnorm": null})),
            json!({"adam": {"weight_decay": 0.1}})
        );
        assert_eq!(adamw(json!({"weight_decay": null})), json!("adam"));
    }

    #[test]
    fn a_schedule_inside_an_optimizer_loses_its_name() {
        let sgd = json!({"class_name": "SGD", "config": {"name": "sgd", "learning_rate":
            {"class_name": "CosineDecay", "config": {"name": "CosineDecay", "decay_steps": 5,
                "initial_learning_rate": 0.1, "warmup_target": null}}}});
        let rate = json!({"cosine_decay": {"decay_steps": 5, "initial_learning_rate": 0.1}});
        assert_eq!(translate(&sgd), json!({"sgd": {"learning_rate": rate}}));
    }

    #[test]
    fn what_keras_turns_off_by_none_stays_off() {
        let muon = json!({"class_name": "Muon", "config": {"weight_decay": null, "rms_rate": 0.2}});
        let expected = json!({"muon": {"weight_decay": 0.0, "rms_rate": 0.2}});
        assert_eq!(translate(&muon), expected);
    }

    #[test]
    fn a_seed_generator_is_its_seed() {
        let seed = json!({"class_name": "SeedGenerator", "config": {"seed": 7, "name": "s"}});
        let normal = json!({"class_name": "HeNormal", "config": {"seed": seed}});
        assert_eq!(translate(&normal), json!({"he_normal": {"seed": 7}}));
    }
}
