//! The `data` section, as typed: the tables, the features and the target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::column::ColumnConfig;
use super::csv::{self, CsvConfig, MissingValues};
use super::features_and_target::{features, target};

/// The tables and the columns to use. Paths are relative to the configuration file; columns that are
/// not named are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Table to train on, whose first line names the columns; or a folder of pictures, with a folder
    /// for each class, which has the columns `path` and `class`.
    pub train: String,
    /// Table to validate on, instead of `fit.validation_split`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// Table for `lanthorn evaluate`, not used in training. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
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
    /// Features, in the order of the model's inputs.
    #[serde(deserialize_with = "features")]
    pub features: Vec<ColumnConfig>,
    /// Target: a column of classes, one or several columns of numbers, or `features`: the features
    /// themselves, as the model sees them, for an autoencoder.
    #[serde(deserialize_with = "target")]
    pub target: ColumnConfig,
    /// Column with the weight of each row in the loss. Default: 1 for all rows.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "csv::optional_name"
    )]
    pub sample_weight: Option<String>,
}

impl DataConfig {
    /// What stands between two cells.
    pub fn delimiter(&self) -> char {
        self.csv.delimiter.or(self.delimiter).unwrap_or(',')
    }

    /// Format of the tables.
    pub fn csv(&self) -> CsvConfig {
        CsvConfig { delimiter: Some(self.delimiter()), ..self.csv.clone() }
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
