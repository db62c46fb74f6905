//! The JSON Schema of a whole configuration, as editors read it: with a name of its own, defaults and
//! examples.

use serde_json::{Map, Value, json};

/// The schema's name: no address, so that nothing is fetched for it.
const ID: &str = "urn:lanthorn:configuration";

/// The schema of a whole configuration, as editors want it.
pub(super) fn for_editors(mut schema: Value) -> Value {
    crate::config::every_spelling(&mut schema);
    crate::config::drop_code(&mut schema);
    add_defaults(&mut schema);
    add_examples(&mut schema);
    named(schema)
}

/// The schema with its name and title first.
fn named(schema: Value) -> Value {
    let Value::Object(mut rest) = schema else { return schema };
    let mut named = Map::new();
    let dialect = rest.shift_remove("$schema").unwrap_or_default();
    named.insert("$schema".to_string(), dialect);
    named.insert("$id".to_string(), json!(ID));
    named.insert("title".to_string(), json!("Lanthorn configuration"));
    rest.shift_remove("title");
    named.extend(rest);
    Value::Object(named)
}

/// Gives each key the default that its description ends with, where that is a value rather than
/// words: the description is the one place where it is written.
fn add_defaults(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get_mut("properties") {
                for property in properties.values_mut().filter_map(Value::as_object_mut) {
                    if let Some(default) = described_default(property) {
                        property.entry("default").or_insert(default);
                    }
                }
            }
            map.values_mut().for_each(add_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(add_defaults),
        _ => {}
    }
}

/// The value after "Default:" in a key's description.
fn described_default(property: &Map<String, Value>) -> Option<Value> {
    let description = property.get("description")?.as_str()?;
    let (_, words) = description.rsplit_once("Default:")?; // at the end of a line, too
    let word = words.trim().strip_suffix('.')?.trim_matches('`');
    match word {
        "true" | "false" => return Some(json!(word == "true")),
        _ if word.parse::<f64>().is_ok() => return serde_json::from_str(word).ok(),
        _ => {}
    }
    let named = property.get("enum").and_then(Value::as_array)?;
    named.contains(&json!(word)).then(|| json!(word))
}

/// Where examples stand, and what they are; a test reads each.
fn examples() -> Vec<(&'static str, Value)> {
    let small = json!({
        "data": {
            "train": "iris.csv",
            "features": [{"columns": ["sepal_length", "sepal_width"], "scale": "standard"}],
            "target": {"column": "class", "encode": "label"},
        },
        "model": {"layers": [
            {"dense": {"units": 16, "activation": "relu"}},
            {"dense": {"units": 3, "activation": "softmax"}},
        ]},
        "compile": {
            "optimizer": {"adam": {"learning_rate": 0.001}},
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
        },
        "fit": {"epochs": 30, "batch_size": 32, "validation_split": {"stratified": 0.2}},
    });
    let sections = ["data", "model", "compile", "fit"].map(|name| (name, json!([small[name]])));
    let mut all = vec![("", json!([small]))];
    all.extend(sections);
    all.extend([
        ("name", json!(["loan"])),
        ("seed", json!([42])),
        ("data/features", json!([["age", {"column": "area", "encode": "one_hot"}]])),
        ("data/target", json!([{"column": "class", "encode": "label"}, "price"])),
        ("model/input_shape", json!([[28, 28, 1]])),
        (
            "model/layers",
            json!([[{"dense": {"units": 8, "activation": "relu"}}, {"dropout": {"rate": 0.2}}]]),
        ),
        ("compile/optimizer", json!(["adam", {"sgd": {"learning_rate": 0.01, "momentum": 0.9}}])),
        ("compile/loss", json!(["mean_squared_error", "binary_crossentropy"])),
        ("compile/metrics", json!([["accuracy"], ["mae", "r2_score"]])),
        ("fit/validation_split", json!([0.1, {"stratified": 0.2}])),
        ("fit/budget", json!(["90s", "5m", "1h"])),
        ("fit/cv", json!([{"folds": 5, "by": "stratified"}])),
        ("fit/class_weight", json!(["balanced", {"approved": 1, "rejected": 2.5}])),
        (
            "fit/callbacks",
            json!([[{"early_stopping": {"patience": 5, "restore_best_weights": true}}]]),
        ),
    ]);
    all
}

/// Puts the examples at the sections and keys that they are of.
fn add_examples(schema: &mut Value) {
    for (place, examples) in examples() {
        let at = match place.split_once('/') {
            Some((section, key)) => {
                let reference = definition(&schema["properties"][section]);
                format!("{reference}/properties/{key}")
            }
            None if place.is_empty() => String::new(),
            None => format!("/properties/{place}"),
        };
        if let Some(Value::Object(property)) = schema.pointer_mut(&at) {
            property.insert("examples".to_string(), examples);
        }
    }
}

/// The place of the definition that a section's property refers to.
fn definition(property: &Value) -> String {
    let direct = property["$ref"].as_str();
    let within = || property["anyOf"].as_array()?.iter().find_map(|one| one["$ref"].as_str());
    direct.or_else(within).unwrap_or_default().trim_start_matches('#').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Node;
    use crate::sections::{Config, schema_with};

    #[test]
    fn every_example_stands_in_the_schema_and_is_read() {
        let schema = schema_with(&["csv"]);
        let text = schema.to_string();
        for (place, all) in examples() {
            assert!(text.contains(&all.to_string()), "{place}");
            for example in all.as_array().unwrap() {
                let mut config = examples()[0].1[0].clone();
                let at = format!("/{place}");
                match place {
                    "" => config = example.clone(),
                    _ => match place.rsplit_once('/') {
                        Some((section, key)) => config[section][key] = example.clone(),
                        None => config[place] = example.clone(),
                    },
                }
                let read = Node::from_json(&config).read::<Config>();
                assert!(read.is_ok(), "{at}: {}", read.unwrap_err());
            }
        }
    }

    #[test]
    fn a_default_that_is_a_value_is_taken_from_the_description() {
        let schema = schema_with(&["csv"]);
        assert_eq!(schema["$id"], ID);
        let of = |definition: &str, key: &str| {
            schema["$defs"][definition]["properties"][key].get("default").cloned()
        };
        assert_eq!(of("FitConfig", "epochs"), Some(json!(1)));
        assert_eq!(of("csv", "header"), Some(json!(true)));
        assert_eq!(of("FitConfig", "cv"), None);
        assert_eq!(of("FitConfig", "validation_batch_size"), None);
    }
}
