//! `data.rows`: which rows of the tables are used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::row_condition::RowCondition;

/// Which rows are used, before any of them are held back for validation. A warning tells how many are
/// left out. `lanthorn predict` predicts every row of its table all the same.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "rows", deny_unknown_fields)]
pub struct RowsConfig {
    /// Condition that a row must meet, such as `amount > 0 and country in ['DE', 'FR']`; of
    /// `data.validation` and of the tables of `lanthorn evaluate`, too. Default: none, all rows are used.
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<RowCondition>,
    /// The most rows of `data.train` to use, from the first on, of those that meet the condition; what
    /// comes after them is not read. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}
