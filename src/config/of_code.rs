//! Keras code that stands where an entry is expected, in our words: by the converter's own reader.

use serde_json::Value;

use crate::exchange::python;

/// Keras code where an entry is expected, `Dense(16, activation="relu")`, as the entry that it is.
pub(super) fn of_code(noun: &str, found: &str) -> Option<String> {
    if !found.contains('(') || !found.ends_with(')') {
        return None;
    }
    let (code, path) = match noun {
        "layer" => (format!("Sequential([{found}])"), "/model/layers/0"),
        "optimizer" => {
            (format!("m = Sequential([Dense(1)])\nm.compile({found}, 'mse')"), "/compile/optimizer")
        }
        "loss" => {
            (format!("m = Sequential([Dense(1)])\nm.compile('sgd', {found})"), "/compile/loss")
        }
        "metric" => (
            format!("m = Sequential([Dense(1)])\nm.compile('sgd', 'mse', metrics=[{found}])"),
            "/compile/metrics/0",
        ),
        "callback" => (
            format!("m = Sequential([Dense(1)])\nm.fit(x, callbacks=[{found}])"),
            "/fit/callbacks/0",
        ),
        _ => return None,
    };
    let config = python::convert(&code).ok()?.config;
    flow(config.pointer(path)?)
}

/// A value on one line, as YAML.
fn flow(value: &Value) -> Option<String> {
    Some(match value {
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| Some(format!("{key}: {}", inner(value)?)));
            entries.collect::<Option<Vec<_>>>()?.join(", ")
        }
        other => inner(other)?,
    })
}

fn inner(value: &Value) -> Option<String> {
    Some(match value {
        Value::Object(_) => format!("{{{}}}", flow(value)?),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inner).collect::<Option<Vec<_>>>()?.join(", "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}
