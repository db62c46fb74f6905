//! Any rows.

use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use crate::error::Problem;
use crate::random::Random;

/// Rows that are drawn. scikit-learn: `ShuffleSplit`.
pub(super) struct RandomSplit(pub f64);

impl Split for RandomSplit {
    fn part(&self) -> Option<f64> {
        Some(self.0)
    }

    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem> {
        let held = drawn((0..rows.count).collect(), rows.part(self.0)?, rows.random, "");
        Ok(RowRole::of(rows.count, held))
    }
}

/// So many of the rows, drawn from the stream ("split", name).
pub(super) fn drawn(mut rows: Vec<usize>, count: usize, random: Random, name: &str) -> Vec<usize> {
    random.stream("split", name, 0).shuffle(&mut rows);
    rows.truncate(count);
    rows
}
