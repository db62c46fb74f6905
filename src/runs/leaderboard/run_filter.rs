//! `RunFilter`: which runs are listed, such as `val_loss<0.3`, `tag=baseline` or `fit.batch_size=32`.

use std::str::FromStr;

use serde_json::Value;

use super::comparison::RunSummary;

/// A condition on a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFilter {
    /// A metric, `run`, `state`, `epochs`, `tag`, or a key of the configuration.
    pub key: String,
    relation: &'static str,
    value: String,
}

/// The longer ones first: `>=` begins with `>`.
const RELATIONS: [&str; 6] = [">=", "<=", "!=", ">", "<", "="];

impl FromStr for RunFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected a key, `=`, `!=`, `>`, `>=`, `<` or `<=`, and a value, such as \
                        `val_loss<0.3`, `tag=baseline` or `fit.batch_size=32`";
        let first = |(at, _): (usize, char)| {
            let relation =
                RELATIONS.into_iter().find(|relation| text[at..].starts_with(relation))?;
            Some((&text[..at], relation, &text[at + relation.len()..]))
        };
        let (key, relation, value) = text.char_indices().find_map(first).ok_or(expected)?;
        let (key, value) = (key.trim().to_string(), value.trim().to_string());
        let is_order = !matches!(relation, "=" | "!=");
        if key.is_empty() || (is_order && value.parse::<f64>().is_err()) {
            return Err(expected.to_string());
        }
        Ok(RunFilter { key, relation, value })
    }
}

impl RunFilter {
    /// Whether a run meets it; None where the run knows nothing of the key.
    pub fn meets(&self, run: &RunSummary, config: &Value) -> Option<bool> {
        let found: Vec<Value> = match self.key.as_str() {
            "tag" => run.notes.tags.iter().map(|tag| Value::from(tag.as_str())).collect(),
            "run" => vec![Value::from(run.run.file_name()?.to_string_lossy().into_owned())],
            "state" => vec![Value::from(run.state.name())],
            "epochs" => vec![Value::from(run.epochs)],
            key => match run.metrics.get(key) {
                Some(value) => vec![Value::from(value)],
                None => vec![at(config, key)?.clone()],
            },
        };
        Some(match self.relation {
            "!=" => !found.iter().any(|found| self.is_equal(found)),
            "=" => found.iter().any(|found| self.is_equal(found)),
            relation => {
                let (found, bound) = (found.first()?.as_f64()?, self.value.parse::<f64>().ok()?);
                match relation {
                    ">=" => found >= bound,
                    "<=" => found <= bound,
                    ">" => found > bound,
                    _ => found < bound,
                }
            }
        })
    }

    fn is_equal(&self, found: &Value) -> bool {
        match (found, self.value.parse::<f64>()) {
            (Value::Number(found), Ok(value)) => found.as_f64() == Some(value),
            (Value::String(found), _) => *found == self.value,
            (Value::Bool(found), _) => self.value == if *found { "true" } else { "false" },
            _ => false,
        }
    }
}

/// The value at `model.layers[0].dense.units`.
fn at<'v>(config: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = config;
    for part in path.split('.') {
        let (key, indices) = part.split_once('[').map_or((part, ""), |(key, rest)| (key, rest));
        value = value.get(key)?;
        for index in indices.split('[').filter(|index| !index.is_empty()) {
            value = value.get(index.strip_suffix(']')?.parse::<usize>().ok()?)?;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_are_read_and_paths_are_followed() {
        let filter: RunFilter = "val_loss <= 0.3".parse().unwrap();
        assert_eq!((filter.key.as_str(), filter.relation), ("val_loss", "<="));
        for wrong in ["val_loss", "=1", "loss<low", ""] {
            assert!(wrong.parse::<RunFilter>().is_err(), "{wrong}");
        }
        let config = json!({"model": {"layers": [{"dense": {"units": 8}}]}});
        assert_eq!(at(&config, "model.layers[0].dense.units"), Some(&json!(8)));
        assert_eq!(at(&config, "model.layers[1].dense.units"), None);
    }
}
