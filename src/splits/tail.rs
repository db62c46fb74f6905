//! The last rows.

use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use crate::error::Problem;

/// The last rows of the table. Keras: `fit(validation_split=…)`.
pub(super) struct TailSplit(pub f64);

impl Split for TailSplit {
    fn part(&self) -> Option<f64> {
        Some(self.0)
    }

    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem> {
        Ok(RowRole::tail(rows.count, rows.part(self.0)?))
    }
}
