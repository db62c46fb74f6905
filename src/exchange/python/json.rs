//! Values as Keras's JSON.

use serde_json::{Map, json};

use super::reader::CodeReader;
use super::values::{DEPTH, PyValue};
use crate::exchange::signatures;

/// How many values the JSON of one thing may have.
const JSON_SIZE: usize = 100_000;

impl CodeReader {
    /// A value as Keras's JSON; None where it isn't literal.
    pub(super) fn json(&self, value: &PyValue) -> Option<serde_json::Value> {
        self.limited_json(value, &mut { JSON_SIZE }, DEPTH)
    }

    fn limited_json(
        &self,
        value: &PyValue,
        left: &mut usize,
        depth: usize,
    ) -> Option<serde_json::Value> {
        if *left == 0 || depth == 0 {
            return None;
        }
        *left -= 1;
        Some(match value {
            PyValue::None => serde_json::Value::Null,
            PyValue::Bool(value) => json!(value),
            PyValue::Int(value) => json!(value),
            PyValue::Float(value) => json!(value),
            PyValue::Text(text) => json!(text),
            PyValue::List(items) => {
                let items = items.iter().map(|item| self.limited_json(item, left, depth - 1));
                serde_json::Value::Array(items.collect::<Option<_>>()?)
            }
            PyValue::Dict(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let key = match key {
                        PyValue::Text(text) => text.clone(),
                        PyValue::Int(number) => number.to_string(),
                        _ => return None,
                    };
                    map.insert(key, self.limited_json(value, left, depth - 1)?);
                }
                serde_json::Value::Object(map)
            }
            PyValue::Object(index) => {
                let object = &self.objects[*index];
                let mut config = Map::new();
                for (key, value) in &object.config {
                    let value = match (object.class.name, value) {
                        // `np.log([pos / neg])`: an array of one number
                        ("Constant", PyValue::List(one)) if one.len() == 1 => &one[0],
                        _ => value,
                    };
                    config.insert(key.clone(), self.limited_json(value, left, depth - 1)?);
                }
                let (module, name) = (object.class.module, object.class.name);
                json!({ "module": module, "class_name": name, "config": config })
            }
            PyValue::Path(path) => function(path)?,
            _ => return None,
        })
    }
}

/// A function that stands for its name: `tf.nn.relu`, `keras.losses.mean_squared_error`; or a class
/// that stands for its instance: `optimizer=Adam`.
fn function(path: &[String]) -> Option<serde_json::Value> {
    let [.., parent, name] = path else { return None };
    if matches!(parent.as_str(), "nn" | "activations" | "functional") {
        return Some(json!(name));
    }
    let class = signatures::module(parent)?.find(name)?;
    if name.starts_with(char::is_uppercase) {
        Some(json!({ "module": class.module, "class_name": class.name, "config": {} }))
    } else {
        Some(json!(name))
    }
}
