//! A converted configuration as a person would write it: names as they are listed here, and no
//! argument that says what it would be anyway.

use serde_json::{Map, Value};

use crate::callbacks::Callback;
use crate::config::{Catalog, Entry, Node};
use crate::layers::Layer;
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;

/// The same configuration, shorter. What can't be read is left as it is.
pub fn tidy(tree: &Value) -> Value {
    let mut tree = tree.clone();
    each::<dyn Layer>(&mut tree, &["model", "layers"], true);
    for (place, value) in [("optimizer", true), ("loss", false)] {
        let Some(entry) = tree.get_mut("compile").and_then(|compile| compile.get_mut(place)) else {
            continue;
        };
        *entry = if value {
            shorter::<dyn Optimizer>(entry, true)
        } else {
            shorter::<dyn Loss>(entry, false)
        };
    }
    for list in ["metrics", "weighted_metrics"] {
        each::<dyn Metric>(&mut tree, &["compile", list], false);
    }
    each::<dyn Callback>(&mut tree, &["fit", "callbacks"], true);
    tree
}

fn each<T: Catalog + ?Sized>(tree: &mut Value, path: &[&str], rename: bool) {
    let list = path.iter().try_fold(tree, |at, key| at.get_mut(*key));
    let Some(Value::Array(list)) = list else { return };
    for entry in list {
        *entry = shorter::<T>(entry, rename);
    }
}

/// One entry without arguments that are the default; under the list's own name for it where
/// `rename` says so (a metric's name as written is its key in the history).
fn shorter<T: Catalog + ?Sized>(entry: &Value, rename: bool) -> Value {
    let Ok(whole) = read::<T>(entry) else { return entry.clone() };
    let (written, mut arguments) = match entry {
        Value::Object(map) => match map.iter().next() {
            Some((name, Value::Object(arguments))) => (name.clone(), arguments.clone()),
            _ => return entry.clone(),
        },
        Value::String(name) => (name.clone(), Map::new()),
        other => return other.clone(),
    };
    let name = if rename { whole.kind.name.to_string() } else { written };
    let keys: Vec<String> = arguments.keys().cloned().collect();
    for key in keys {
        let mut fewer = arguments.clone();
        fewer.shift_remove(&key);
        if read::<T>(&joined(&name, &fewer)).is_ok_and(|other| other == whole) {
            arguments = fewer;
        }
    }
    joined(&name, &arguments)
}

fn read<T: Catalog + ?Sized>(entry: &Value) -> Result<Entry<T>, crate::config::ConfigError> {
    Node::from_json(entry).read()
}

fn joined(name: &str, arguments: &Map<String, Value>) -> Value {
    if arguments.is_empty() {
        Value::String(name.to_string())
    } else {
        let arguments = Value::Object(arguments.clone());
        Value::Object(Map::from_iter([(name.to_string(), arguments)]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_left_out_and_what_differs_stays() {
        let tree = json!({
            "model": { "input_shape": [4], "layers": [
                { "Dense": {
                    "units": 8, "activation": "relu", "use_bias": true,
                    "kernel_initializer": "glorot_uniform", "bias_initializer": "zeros" } },
                { "lstm": { "units": 2, "recurrent_initializer": { "orthogonal": { "gain": 1.0 } },
                    "unit_forget_bias": false } },
                { "unknown": { "a": 1 } },
            ] },
            "compile": {
                "optimizer": { "adam": { "learning_rate": 0.001, "beta_1": 0.8 } },
                "loss": { "categorical_crossentropy": { "from_logits": false, "axis": -1 } },
                "metrics": ["acc", { "auc": { "num_thresholds": 200 } }],
            },
        });
        assert_eq!(
            tidy(&tree),
            json!({
                "model": { "input_shape": [4], "layers": [
                    { "dense": { "units": 8, "activation": "relu" } },
                    { "lstm": { "units": 2, "unit_forget_bias": false } },
                    { "unknown": { "a": 1 } },
                ] },
                "compile": {
                    "optimizer": { "adam": { "beta_1": 0.8 } },
                    "loss": "categorical_crossentropy",
                    "metrics": ["acc", "auc"],
                },
            })
        );
    }
}
