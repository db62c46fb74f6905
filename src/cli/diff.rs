//! `lanthorn diff`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lanthorn::runs::{MetricDiff, RunDiff};
use serde_json::{Value, json};

use super::common::CommonArguments;
use super::view::{self, table};

#[derive(Args)]
pub(crate) struct DiffArguments {
    /// A run folder or a model file
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Another one
    #[arg(value_name = "B")]
    b: PathBuf,
}

pub(crate) fn run(arguments: &DiffArguments, common: &CommonArguments) -> Result<()> {
    let diff = RunDiff::of(&arguments.a, &arguments.b)?;
    if common.json {
        return view::json(&json!(diff));
    }
    let mut text = String::new();
    if diff.configuration.is_empty() {
        text += "the configurations are the same\n";
    } else {
        let names = ["configuration", "A", "B"].map(str::to_string);
        let keys = diff.configuration.iter();
        let rows: Vec<Vec<String>> =
            keys.map(|key| vec![key.key.clone(), words(&key.a), words(&key.b)]).collect();
        text += &table::left(&names, &rows);
    }
    if !diff.metrics.is_empty() {
        let names = ["metric", "A", "B", "B - A"].map(str::to_string);
        let rows: Vec<Vec<String>> = diff.metrics.iter().map(metric).collect();
        text += "\n";
        text += &table::plain(&names, &rows);
    }
    view::result(&text)
}

fn metric(metric: &MetricDiff) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_string(), view::keras_number);
    let difference = metric.a.zip(metric.b).map(|(a, b)| b - a);
    let difference = difference.map_or_else(String::new, |apart| format!("{apart:+.4}"));
    vec![metric.key.clone(), number(metric.a), number(metric.b), difference]
}

/// A value on one line, shortened; `-` for none.
fn words(value: &Value) -> String {
    const MOST: usize = 24;
    let text = match value {
        Value::Null => "-".to_string(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}
