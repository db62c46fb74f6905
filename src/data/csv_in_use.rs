//! How the table of `predict` and `evaluate` is written, where it isn't as the training's was.

use serde::Deserialize;
use serde_json::json;

use super::steps::check_csv;
use crate::config::{ConfigError, Document, Format};
use crate::error::Result;
use crate::sections::{CsvConfig, DataConfig};

/// The format that a model was trained with, and what `csv.KEY=VALUE` says of another table.
///
/// Errors: another key, which is the model's; a value that the key doesn't take.
pub fn csv_in_use(stored: &CsvConfig, sets: &[String]) -> Result<CsvConfig> {
    #[derive(Deserialize)]
    struct Sections {
        data: DataConfig,
    }

    if sets.is_empty() {
        return Ok(stored.clone());
    }
    let text = json!({ "data": { "train": "", "target": "", "csv": stored } }).to_string();
    let mut document = Document::parse(&text, "the model", Format::Json)?;
    for set in sets {
        let set = set.strip_prefix("data.").unwrap_or(set);
        if !set.starts_with("csv.") && !set.starts_with("csv=") {
            let key = set.split('=').next().unwrap_or_default();
            let error = ConfigError::at(key, format!("`{key}` can't be set for a trained model"));
            let help = "`--set csv.KEY=VALUE` says how this table is written, such as \
                        `--set 'csv.delimiter=\";\"'`";
            return Err(document.locate(error.with_help(help)).into());
        }
        document.set(&format!("data.{set}"))?;
    }
    let data = document.config::<Sections>()?.data;
    check_csv(&data).map_err(|error| document.locate(error))?;
    Ok(data.csv())
}
