//! Two runs, or two model files, beside each other: where their configurations and metrics differ.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::comparison::summary_of;
use crate::config::{Document, Node, shortened};
use crate::disk::files::TensorFile;
use crate::error::{Error, Result};
use crate::history::logs::Logs;
use crate::model::artifact::MODEL;
use crate::sections::Config;
use crate::sections::run_config::{CONFIG, as_json, portable};

/// Where two runs differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDiff {
    /// The keys of the configuration whose values differ.
    pub configuration: Vec<KeyDiff>,
    /// The loss and the metrics of both.
    pub metrics: Vec<MetricDiff>,
}

/// A key whose values differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyDiff {
    /// `model.layers[1].dense.units`.
    pub key: String,
    /// The first one's value; null where it has none.
    pub a: Value,
    /// The second one's.
    pub b: Value,
}

/// A metric of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricDiff {
    /// `val_loss`.
    pub key: String,
    /// The first one's value; null where it has none.
    pub a: Option<f64>,
    /// The second one's.
    pub b: Option<f64>,
}

impl RunDiff {
    /// Compares two runs' folders or model files.
    pub fn of(a: &Path, b: &Path) -> Result<RunDiff> {
        let ((config_a, logs_a), (config_b, logs_b)) = (read(a)?, read(b)?);
        let mut configuration = Vec::new();
        compare("", &config_a, &config_b, &mut configuration);
        let mut keys: Vec<&str> = logs_a.iter().chain(logs_b.iter()).map(|(key, _)| key).collect();
        keys.sort_by_key(|key| (!key.starts_with("val_"), key.to_string()));
        keys.dedup();
        let metric =
            |key: &str| MetricDiff { key: key.to_string(), a: logs_a.get(key), b: logs_b.get(key) };
        Ok(RunDiff { configuration, metrics: keys.into_iter().map(metric).collect() })
    }
}

/// The configuration and the metrics of a run's folder or a model file.
fn read(path: &Path) -> Result<(Value, Logs)> {
    if path.is_dir() {
        let file = path.join(CONFIG);
        if !file.is_file() {
            return Err(Error::run(format!("{} holds no run (no {CONFIG})", path.display()))
                .with_help("name a run's folder, such as runs/loan-001, or a model file"));
        }
        let config = Document::open(&file)?.config::<Config>()?;
        return Ok((shortened(&as_json(&portable(&config))?), summary_of(path).metrics));
    }
    let metadata = TensorFile::read(path)?.metadata.unwrap_or_default();
    let config: Config = Node::from_json(&metadata["config"]).read().map_err(|_| {
        Error::model(path, "it holds no configuration")
            .with_help(format!("name a run's folder, or a {MODEL} of Lanthorn"))
    })?;
    let logs = serde_json::from_value(metadata["training"]["logs"].clone()).unwrap_or_default();
    Ok((shortened(&as_json(&portable(&config))?), logs))
}

/// The keys that differ, in the order of the first one.
fn compare(path: &str, a: &Value, b: &Value, found: &mut Vec<KeyDiff>) {
    match (a, b) {
        _ if a == b => {}
        (Value::Object(first), Value::Object(second)) => {
            let keys = first.keys().chain(second.keys().filter(|key| !first.contains_key(*key)));
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, &a[key], &b[key], found);
            }
        }
        (Value::Array(first), Value::Array(second))
            if first.iter().chain(second).any(Value::is_object) =>
        {
            for index in 0..first.len().max(second.len()) {
                let of = |list: &[Value]| list.get(index).cloned().unwrap_or_default();
                compare(&format!("{path}[{index}]"), &of(first), &of(second), found);
            }
        }
        _ => found.push(KeyDiff { key: path.to_string(), a: a.clone(), b: b.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_compared_to_their_ends() {
        let a = json!({"model": {"layers": [{"dense": {"units": 8}}, {"flatten": {}}]}, "seed": 1});
        let b = json!({"model": {"layers": [{"dense": {"units": 9}}]}, "seed": 1, "name": "x"});
        let mut found = Vec::new();
        compare("", &a, &b, &mut found);
        let keys: Vec<&str> = found.iter().map(|diff| diff.key.as_str()).collect();
        assert_eq!(keys, ["model.layers[0].dense.units", "model.layers[1]", "name"]);
        assert_eq!((&found[0].a, &found[1].b), (&json!(8), &Value::Null));
    }
}
