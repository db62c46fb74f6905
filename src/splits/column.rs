//! The rows with a value in a column.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use crate::config::{PlainText, plain_name, plain_names};
use crate::error::Problem;
use crate::transforms::classes::as_text;

/// A split that the table itself names: the rows whose cell in `name` is `value` are held back, the
/// others are trained on, except those that `leave_out` names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "column_split", deny_unknown_fields)]
pub struct ColumnSplit {
    /// Column that says which rows are held back; it need not be a feature.
    #[serde(deserialize_with = "plain_name")]
    pub name: String,
    /// Its value in the rows to hold back.
    #[serde(deserialize_with = "plain_name")]
    #[schemars(with = "PlainText")]
    pub value: String,
    /// Its values in rows that are neither trained nor validated on, such as `[test]`. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "plain_names")]
    #[schemars(with = "Vec<PlainText>")]
    pub leave_out: Vec<String>,
}

impl Split for ColumnSplit {
    fn needs(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn part(&self) -> Option<f64> {
        None
    }

    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem> {
        let column = rows.column()?;
        if self.leave_out.contains(&self.value) {
            let message = format!("`{}` is held back and left out", self.value);
            return Err(Problem::at("leave_out", message).help("it can be one of the two"));
        }
        let is_in_table = |value: &str| column.has(value);
        let named = self.leave_out.iter().map(|value| ("leave_out", value));
        for (key, value) in [("value", &self.value)].into_iter().chain(named) {
            if !is_in_table(value) {
                let message = format!("`{}` is `{value}` in no row", self.name);
                return Err(Problem::at(key, message).help(format!("it is {}", column.values())));
            }
        }
        let (value, others) = (as_text(&self.value), &self.leave_out);
        let role = |text: &str| match as_text(text) {
            text if text == value => RowRole::Validate,
            text if others.iter().any(|other| as_text(other) == text) => RowRole::LeftOut,
            _ => RowRole::Train,
        };
        Ok(column.map(role))
    }
}
