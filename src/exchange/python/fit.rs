//! `model.fit(…)` as the `fit` section.

use serde_json::{Map, Value as Json, json};

use super::evaluate::{Argument, Given};
use super::objects::CodeFit;
use super::reader::CodeReader;
use super::values::PyValue;
use crate::callbacks::Callback;
use crate::config::names::snake_case;
use crate::config::{Entry, Node};
use crate::exchange::keras_json::translate;

/// The arguments of `fit`, in order.
const ORDER: [&str; 17] = [
    "x",
    "y",
    "batch_size",
    "epochs",
    "verbose",
    "callbacks",
    "validation_split",
    "validation_data",
    "shuffle",
    "class_weight",
    "sample_weight",
    "initial_epoch",
    "steps_per_epoch",
    "validation_steps",
    "validation_batch_size",
    "validation_freq",
    "max_queue_size",
];

/// Those of Keras 2's `fit_generator`.
const GENERATOR_ORDER: [&str; 14] = [
    "generator",
    "steps_per_epoch",
    "epochs",
    "verbose",
    "callbacks",
    "validation_data",
    "validation_steps",
    "validation_freq",
    "class_weight",
    "max_queue_size",
    "workers",
    "use_multiprocessing",
    "shuffle",
    "initial_epoch",
];

/// Those that the `fit` section has, too.
pub(super) const CARRIED: [&str; 9] = [
    "batch_size",
    "epochs",
    "verbose",
    "callbacks",
    "validation_split",
    "shuffle",
    "class_weight",
    "validation_freq",
    "validation_batch_size",
];

/// How Keras feeds itself: nothing that a model's numbers depend on.
const HOW_KERAS_RUNS_IT: [&str; 6] =
    ["max_queue_size", "workers", "use_multiprocessing", "max_q_size", "nb_worker", "pickle_safe"];

/// `model.fit(…)` and `model.fit_generator(…)`: the first is carried; the same line, gone through by
/// a loop, adds its epochs; a second is noted.
pub(super) fn fit(reader: &mut CodeReader, index: usize, method: &str, given: &Given) {
    let line = reader.line;
    reader.changes += 1;
    let first = reader.models[index].fit.as_ref().map(|fit| fit.line);
    if let Some(first) = first.filter(|first| *first != line) {
        let epochs = given.named("epochs").or(given.named("nb_epoch"));
        let epochs = match epochs {
            Some(PyValue::Int(epochs)) => format!(" (epochs={epochs})"),
            _ => String::new(),
        };
        reader.note(format!(
            "a second `{method}`{epochs} is not carried: a configuration trains once, as the `fit` \
             of line {first} says"
        ));
        return;
    }
    let section = section(reader, method, given);
    let data = given.by_place.first().map(|argument| &argument.value).or(given.named("x"));
    let flow = match data.or(given.named("generator")) {
        Some(PyValue::Flow(images, batch_size)) => Some((*images, *batch_size)),
        _ => None,
    };
    reader.note(
        "the data of `fit` is not carried: name the table, its features and its target under `data`",
    );
    let fit =
        reader.models[index].fit.get_or_insert_with(|| CodeFit { times: 0, ..CodeFit::at(line) });
    fit.times += 1;
    if fit.times > 1 {
        let again = section.get("epochs").and_then(Json::as_u64).unwrap_or(1);
        let before = fit.section.get("epochs").and_then(Json::as_u64).unwrap_or(1);
        fit.section.insert("epochs".into(), json!(before.saturating_add(again)));
        return;
    }
    fit.section = section;
    if let Some((images, batch_size)) = flow {
        fit.images = Some(images);
        if let Some(size) = batch_size.filter(|size| *size != 32) {
            fit.section.entry("batch_size").or_insert(json!(size));
        }
    }
}

/// The arguments of `fit` as the section has them; what isn't carried is noted.
pub(super) fn section(reader: &mut CodeReader, method: &str, given: &Given) -> Map<String, Json> {
    let mut section = Map::new();
    let order: &[&str] = if method == "fit" { &ORDER } else { &GENERATOR_ORDER };
    for (key, argument) in given.under(order) {
        let key = if key == "nb_epoch" { "epochs" } else { key };
        let json = reader.json(&argument.value);
        match (key, json) {
            ("x" | "y" | "generator", _) => {}
            ("validation_data", _) if matches!(argument.value, PyValue::None) => {}
            ("validation_data", _) => {
                reader
                    .note("`validation_data` is not carried: name the table as `data.validation`");
            }
            ("callbacks", _) => {
                let callbacks = callbacks(reader, argument);
                if !callbacks.is_empty() {
                    section.insert(key.into(), Json::Array(callbacks));
                }
            }
            ("", _) => reader.note(format!("`**` of `{method}` is not literal: {}", argument.text)),
            (key, Some(Json::Null)) if ORDER.contains(&key) => {}
            ("verbose", Some(Json::String(_))) => {}
            ("shuffle", Some(Json::String(order))) => reader.note(format!(
                "`shuffle='{order}'` is not carried: each epoch takes the samples in another order"
            )),
            ("class_weight", Some(Json::String(_))) => {
                section.insert(key.into(), json!("balanced"));
            }
            ("initial_epoch", Some(json)) if json == 0 => {}
            (key, _) if HOW_KERAS_RUNS_IT.contains(&key) => {}
            (key, Some(value)) if CARRIED.contains(&key) => {
                section.insert(key.into(), value);
            }
            (key, None) if CARRIED.contains(&key) => {
                reader.note(format!("`{key}` of `{method}` is not literal: {}", argument.text));
            }
            (key, _) => reader.note(format!("`{key}` of `{method}` is not carried")),
        }
    }
    section
}

fn callbacks(reader: &mut CodeReader, argument: &Argument) -> Vec<Json> {
    let items = match &argument.value {
        PyValue::None => Vec::new(),
        PyValue::List(items) => items.clone(),
        one => vec![one.clone()],
    };
    let mut entries = Vec::new();
    for item in items {
        let value = reader.json(&item).filter(|value| value["module"] == "keras.callbacks");
        let Some(value) = value else {
            let what = match &item {
                PyValue::Made(maker) => format!("`{maker}(…)`"),
                PyValue::Path(path) => format!("`{}`", path.join(".")),
                _ => argument.text.clone(),
            };
            reader.note(format!("the callback {what} is not carried"));
            continue;
        };
        let class = value["class_name"].as_str().unwrap_or_default();
        let name = snake_case(class);
        let entry = match translate(&value["config"]) {
            Json::Object(arguments) if !arguments.is_empty() => json!({ name: arguments }),
            _ => json!(name),
        };
        match Node::from_json(&entry).read::<Entry<dyn Callback>>() {
            Ok(_) => entries.push(entry),
            Err(error) => reader.note(format!("`{class}(…)` is not carried: {error}")),
        }
    }
    entries
}
