//! Tests of the data as a whole.

#![allow(clippy::format_collect, clippy::format_push_string)] // plain beats fast here

mod bad_input;
mod choosing;
mod columns;
mod dialects;
mod formats;
mod loading;
#[cfg(feature = "parquet")]
mod parquet;
mod reading;
mod scikit_learn;
mod splitting;
mod using;
mod windows;

use std::path::Path;

use serde_json::{Value, json};

use super::cells::Missing;
use super::*;
use crate::config::Node;
use crate::error::{Error, Result};
use crate::random::Random;
use crate::sections::{CsvConfig, DataConfig, ValidationSplit};

/// Loads one table, `t.csv`, by a section that names everything but the file.
fn load_text(text: &[u8], section: Value, split: Option<ValidationSplit>) -> Result<Loaded> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), text).unwrap();
    load_in(folder.path(), section, split)
}

/// The same for tables that are there.
fn load_in(folder: &Path, section: Value, split: Option<ValidationSplit>) -> Result<Loaded> {
    let mut whole = json!({ "train": "t.csv" });
    for (key, value) in section.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let section: DataConfig = Node::from_json(&whole).read().unwrap();
    load(&section, folder, split.as_ref(), &Random::new(1))
}

/// The examples' tables.
fn examples() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data"))
}

fn loan() -> Value {
    json!({
        "train": "loan.csv",
        "features": [{ "column": "age", "scale": "min_max" }, { "column": "area", "encode": "label" }],
        "target": { "column": "application_outcome", "encode": "label" },
    })
}
