//! What stands for a cell that is missing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interpolation::quantile_of;
use super::met::Met;
use super::plain::Plain;

/// What replaces a missing cell: an empty one, or one of `missing_values`. The replacement is
/// computed on the training part. scikit-learn: `SimpleImputer`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "missing", rename_all = "snake_case")]
pub enum MissingRule {
    /// An error that names the row.
    #[default]
    Error,
    /// The mean of the column.
    Mean,
    /// The median of the column.
    Median,
    /// The value that most rows have; of several the smallest.
    MostFrequent,
    /// The row is left out of the training and of evaluations, and counted; in predictions it is an
    /// error.
    DropRow,
    /// This value.
    Constant(Plain),
}

/// What stands for a missing cell, once the training part is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fill {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Nothing: the row is left out.
    DropRow,
}

impl MissingRule {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            MissingRule::Error => "error",
            MissingRule::Mean => "mean",
            MissingRule::Median => "median",
            MissingRule::MostFrequent => "most_frequent",
            MissingRule::DropRow => "drop_row",
            MissingRule::Constant(_) => "constant",
        }
    }

    /// True where a missing cell is read.
    pub(crate) fn is_allowed(&self) -> bool {
        *self != MissingRule::Error
    }

    /// True where something stands for the cell.
    pub(crate) fn fills(&self) -> bool {
        self.is_allowed() && *self != MissingRule::DropRow
    }

    /// True where only a number can stand for the cell.
    pub(crate) fn is_of_numbers(&self) -> bool {
        matches!(self, MissingRule::Mean | MissingRule::Median)
    }

    /// True where the numbers of the column must be known.
    pub(crate) fn wants_numbers(&self) -> bool {
        matches!(self, MissingRule::Mean | MissingRule::Median | MissingRule::MostFrequent)
    }

    /// What stands for a missing number, by the others in the order of their size; 0 where there
    /// are no others.
    pub(crate) fn fit_numbers(&self, sorted: &[f64], mean: f64) -> Option<Fill> {
        Some(Fill::Number(match self {
            MissingRule::Error => return None,
            MissingRule::DropRow => return Some(Fill::DropRow),
            MissingRule::Mean => mean,
            MissingRule::Median => quantile_of(sorted, 0.5),
            MissingRule::MostFrequent => most_frequent(sorted),
            MissingRule::Constant(plain) => plain.number().unwrap_or_default(),
        }))
    }

    /// What stands for a missing text, by the others; the empty text where there are no others. It
    /// is counted for so many that are missing, and is among the texts though none is.
    pub(crate) fn fit_texts(&self, met: &mut Met<'_>, missing: usize) -> Option<Fill> {
        let text = match self {
            MissingRule::Error => return None,
            MissingRule::DropRow => return Some(Fill::DropRow),
            MissingRule::Constant(plain) => plain.text(),
            MissingRule::Mean | MissingRule::Median | MissingRule::MostFrequent => {
                let counts: BTreeMap<&str, usize> =
                    met.texts.iter().map(|(text, count)| (text.as_ref(), *count)).collect();
                let most = counts.iter().rev().max_by_key(|(_, count)| **count); // the last of equals
                most.map(|(text, _)| (*text).to_string()).unwrap_or_default()
            }
        };
        match met.texts.iter_mut().find(|(other, _)| **other == text) {
            Some((_, count)) => *count += missing,
            None => met.texts.push((text.clone().into(), missing)),
        }
        Some(Fill::Text(text))
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
    pub(crate) fn is_error(&self) -> bool {
        *self == MissingRule::Error
    }
}

impl Fill {
    /// True where the row is left out.
    pub(crate) fn drops(&self) -> bool {
        *self == Fill::DropRow
    }
}

/// The first of the numbers that stand there most often.
fn most_frequent(sorted: &[f64]) -> f64 {
    let runs = sorted.chunk_by(|a, b| a == b);
    let longest = runs.rev().max_by_key(|run| run.len());
    longest.and_then(|run| run.first()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_is_the_smallest_of_equals() {
        assert_eq!(most_frequent(&[1.0, 2.0, 2.0, 3.0, 3.0]), 2.0);
        assert_eq!(most_frequent(&[]), 0.0);
        let mut met = Met::of(["b", "a", "c"]);
        let fill = MissingRule::MostFrequent.fit_texts(&mut met, 5);
        assert_eq!((fill, met.rows()), (Some(Fill::Text("a".to_string())), 8));
        met.texts[2].1 = 9;
        let fill = MissingRule::MostFrequent.fit_texts(&mut met, 0);
        assert_eq!(fill, Some(Fill::Text("c".to_string())));
    }
}
