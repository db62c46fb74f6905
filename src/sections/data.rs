//! The `data` section, as typed: the tables, the features and the target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::column::ColumnConfig;
use super::csv::{self, CsvConfig, MissingValues};
use super::features_and_target::{features, target};
use super::file_format::FileFormat;
use super::rows::RowsConfig;
use super::table_paths::TablePaths;
use super::window::WindowConfig;
use crate::transforms::OneOrSeveral;

/// The tables and the columns to use. Paths are relative to the configuration file; columns that are
/// not named are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Table to train on: a file whose first line names the columns, a list of files or a pattern
    /// such as `2026-*.csv`, whose rows follow each other, or `-` for standard input; arrays may each
    /// have a file of their own: `{x: images.npy, y: labels.npy}`. Or a folder of pictures, with a
    /// folder for each class, which has the columns `path` and `class`.
    pub train: TablePaths,
    /// Table to validate on, instead of `fit.validation_split`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<TablePaths>,
    /// Table for `lanthorn evaluate`, not used in training. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<TablePaths>,
    /// Format of these files. Default: `auto`, detected for each file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub format: FileFormat,
    /// Separator of the cells: an older name for `csv.delimiter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Format of the tables. Default: cells separated by commas, under a header line.
    #[serde(default, skip_serializing_if = "is_default")]
    pub csv: CsvConfig,
    /// Texts that mean a missing value in any column, in addition to the empty cell. Default: `NA`,
    /// `N/A`, `n/a`, `<NA>`, `#N/A`, `NaN`, `nan`, `None`, `null`, `NULL`, `?` and `-`.
    #[serde(default = "MissingValues::usual", skip_serializing_if = "MissingValues::is_usual")]
    pub missing_values: MissingValues,
    /// Which rows are used, such as `{where: "amount > 0"}`. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowsConfig>,
    /// Features, in the order of the model's inputs. Required, unless `x` names an array.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "features")]
    pub features: Vec<ColumnConfig>,
    /// Target: a column of classes, one or several columns of numbers, or `features`: the features
    /// themselves, as the model sees them, for an autoencoder. Required, unless `y` names an array.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "target")]
    pub target: Option<ColumnConfig>,
    /// Array with the features, instead of `features`: its name in a .npz or safetensors file, or in
    /// `train`. Its shape is the model's input shape. Default: none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "csv::optional_name"
    )]
    pub x: Option<String>,
    /// Array with the target, instead of `target`. Default: none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "csv::optional_name"
    )]
    pub y: Option<String>,
    /// Column with the weight of each row in the loss. Default: 1 for all rows.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "csv::optional_name"
    )]
    pub sample_weight: Option<String>,
    /// Columns that identify a row, such as a customer number: they are copied to the predictions
    /// and are never features. Default: none.
    #[serde(
        default,
        skip_serializing_if = "OneOrSeveral::is_none",
        deserialize_with = "csv::one_or_several_names"
    )]
    pub id: OneOrSeveral<String>,
    /// Windows over rows in chronological order: the model sees several rows, and predicts the
    /// target of a later one. Default: none, each row is a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowConfig>,
}

impl DataConfig {
    /// What stands between two cells, where that is said.
    pub fn delimiter(&self) -> Option<char> {
        let of_format = self.format.is("tsv").then_some('\t');
        self.csv.delimiter.or(self.delimiter).or(of_format)
    }

    /// Format of the tables that are text.
    pub fn csv(&self) -> CsvConfig {
        CsvConfig { delimiter: self.delimiter(), ..self.csv.clone() }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{ConfigError, Node};

    fn read(json: &serde_json::Value) -> Result<DataConfig, ConfigError> {
        Node::from_json(json).read()
    }

    #[test]
    fn a_section_is_written_as_it_was_read() {
        let json = json!({
            "train": "loan.csv",
            "validation": "v.csv",
            "test": "t.csv",
            "delimiter": ";",
            "rows": { "where": "age > 0", "limit": 1000 },
            "features": [
                "age",
                { "column": "area", "encode": "label" },
                { "columns": ["a", "b"], "scale": "standard" },
                { "columns": "p*", "scale": "min_max" },
                { "columns": "q*", "scale": { "min_max": { "range": [-1.0, 1.0] } } },
                { "column": "c", "encode": "one_hot" },
                { "column": "d", "scale": ["log1p", "robust"], "missing": "median", "indicator": true },
                { "column": "e", "date": { "format": "iso", "parts": ["month"] } },
                { "column": "f", "vector": { "length": 3 }, "missing": { "constant": "0 0 0" } },
                { "column": "g", "encode": "label", "unknown": "other", "missing": "drop_row" },
            ],
            "target": "outcome",
            "sample_weight": "w",
            "id": ["customer", "order"],
        });
        let config = read(&json).unwrap();
        assert_eq!(serde_json::to_value(&config).unwrap(), json);
        assert_eq!(config.features[3].scale.steps(), [crate::sections::MinMax::default().into()]);
    }

    #[test]
    fn wrong_rules_are_errors_at_their_place() {
        let with = |feature: serde_json::Value| {
            read(&json!({ "train": "a", "features": ["x", feature], "target": "y" })).unwrap_err()
        };
        let error = with(json!({ "column": "a", "scal": "none" }));
        assert!(error.help.contains("did you mean `scale`"), "{error}");
        assert!(error.path.starts_with("features[1]"), "{error}");
        let error = with(json!({ "column": "a", "scale": "minmx" }));
        assert!(error.help.contains("did you mean `min_max`"), "{error}");
        assert_eq!(error.path, "features[1].scale");
        let error = with(json!({ "column": "a", "columns": ["b"] }));
        assert!(error.message.contains("got both"), "{error}");
        let error = with(json!({ "scale": "none" }));
        assert!(error.message.contains("`column` is missing"), "{error}");
        let error = with(json!(true));
        assert!(error.message.contains("the name of a column"), "{error}");
        let error = with(json!({ "column": "a", "scale": { "min_max": { "rnge": [0, 1] } } }));
        assert!(error.help.contains("`range`"), "{error}");
        let error = with(json!({ "column": "a", "encode": "onehot", "scale": "none", "x": 1 }));
        assert!(error.message.contains("`x`"), "{error}");
    }
}
