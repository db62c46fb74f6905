//! What every split does.

use super::role::RowRole;
use super::rows::SplitRows;
use crate::error::Problem;

/// A way to hold rows back.
pub(crate) trait Split {
    /// The column that it looks at, by its name.
    fn needs(&self) -> Option<&str> {
        None
    }

    /// The fraction of the rows that it holds back, where it is asked for one.
    fn part(&self) -> Option<f64>;

    /// What each row is for.
    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem>;
}
