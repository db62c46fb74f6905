//! Whole groups of rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use crate::config::plain_name;
use crate::error::Problem;

/// Whole groups: rows with equal cells in `column` (those of one patient, one station) are never on
/// both sides. Groups are drawn at random as long as each brings the number of rows held back
/// closer to `part`. scikit-learn: `GroupShuffleSplit`, whose fraction is of the groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "group_split", deny_unknown_fields)]
pub struct GroupSplit {
    /// Column that names the group of each row; it need not be a feature.
    #[serde(deserialize_with = "plain_name")]
    pub column: String,
    /// Fraction of the rows to hold back, between 0 and 1.
    pub part: f64,
}

impl Split for GroupSplit {
    fn needs(&self) -> Option<&str> {
        Some(&self.column)
    }

    fn part(&self) -> Option<f64> {
        Some(self.part)
    }

    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem> {
        let groups = rows.column()?.groups();
        let mut sizes = vec![0; groups.iter().max().map_or(0, |last| last + 1)];
        groups.iter().for_each(|group| sizes[*group] += 1);
        let count = sizes.len();
        if count < 2 {
            let message = format!("`{}` has one group: it can't be split", self.column);
            let help = "name a column with several different cells";
            return Err(Problem::at("column", message).help(help));
        }
        let mut order: Vec<usize> = (0..count).collect();
        rows.random.stream("split", "group", 0).shuffle(&mut order);
        let wanted = rows.count as f64 * self.part;
        let (mut held, mut is_held) = (0usize, vec![false; count]);
        let distance = |held: usize| (held as f64 - wanted).abs();
        for group in &order {
            if distance(held + sizes[*group]) < distance(held) {
                held += sizes[*group];
                is_held[*group] = true;
            }
        }
        // at least one group on each side: the smallest, of those the first that was drawn
        let smallest = order.iter().copied().min_by_key(|group| sizes[*group]);
        if let Some(smallest) = smallest.filter(|_| held == 0 || held == rows.count) {
            is_held[smallest] = held == 0;
        }
        Ok(groups.iter().map(|group| RowRole::held(is_held[*group])).collect())
    }
}
