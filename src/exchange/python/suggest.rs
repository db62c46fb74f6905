//! Keras code that stands where an entry of a configuration is expected, as the entry that it is.

use serde_json::Value;

use super::convert::convert;
use crate::diagnostics::{Code, Diagnostic, Place};

/// The same diagnostic; where it is about the name of an entry and Keras code stands there,
/// `Dense(16, activation="relu")`, its help is that entry in our words.
pub(crate) fn with_entry_of_code(diagnostic: Diagnostic) -> Diagnostic {
    match entry_of_code(&diagnostic) {
        Some(entry) => diagnostic.with_help(format!("write `{entry}`")),
        None => diagnostic,
    }
}

fn entry_of_code(diagnostic: &Diagnostic) -> Option<String> {
    let (Code::UnknownName, Place::Config { path, text: Some(text), span: Some(span) }) =
        (diagnostic.code, &diagnostic.place)
    else {
        return None;
    };
    let found = text.text.get(span.clone())?.trim().trim_matches(['"', '\'']);
    if !found.contains('(') || !found.ends_with(')') {
        return None;
    }
    let (code, result) = match path.as_str() {
        "compile.optimizer" => {
            (format!("m = Sequential([Dense(1)])\nm.compile({found}, 'mse')"), "/compile/optimizer")
        }
        "compile.loss" => {
            (format!("m = Sequential([Dense(1)])\nm.compile('sgd', {found})"), "/compile/loss")
        }
        path if path.starts_with("compile.") => (
            format!("m = Sequential([Dense(1)])\nm.compile('sgd', 'mse', metrics=[{found}])"),
            "/compile/metrics/0",
        ),
        path if path.starts_with("fit.") => (
            format!("m = Sequential([Dense(1)])\nm.fit(x, callbacks=[{found}])"),
            "/fit/callbacks/0",
        ),
        _ => (format!("Sequential([{found}])"), "/model/layers/0"),
    };
    let config = convert(&code).ok()?.config;
    flow(config.pointer(result)?)
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
