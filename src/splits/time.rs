//! The latest rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use crate::config::plain_name;
use crate::error::Problem;

/// The latest rows by a column of times, wherever they stand in the table: numbers, or dates such
/// as `2026-01-31` and `2026-01-31 10:00:00`. Rows with the same time are never on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "time_split", deny_unknown_fields)]
pub struct TimeSplit {
    /// Column with the time of each row; it need not be a feature.
    #[serde(deserialize_with = "plain_name")]
    pub column: String,
    /// Fraction of the rows to hold back, between 0 and 1.
    pub part: f64,
}

impl Split for TimeSplit {
    fn needs(&self) -> Option<&str> {
        Some(&self.column)
    }

    fn part(&self) -> Option<f64> {
        Some(self.part)
    }

    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem> {
        let held = rows.part(self.part)?;
        let times = rows.column()?.times()?;
        let mut sorted = times.clone();
        sorted.sort_unstable();
        let boundary = sorted.get(rows.count - held).copied().unwrap_or_default();
        if sorted.first() == Some(&boundary) {
            let message = format!(
                "{} of the rows are later than the first time of `{}`: none would be left to train \
                 on",
                times.iter().filter(|time| **time > boundary).count(),
                self.column
            );
            let help = "choose a smaller part; rows of one time stay together";
            return Err(Problem::at("part", message).help(help));
        }
        Ok(times.iter().map(|time| RowRole::held(*time >= boundary)).collect())
    }
}
