//! Which categories are too rare to be ones of their own.

use crate::error::Problem;

/// Which categories are folded into one. scikit-learn: `OneHotEncoder`'s infrequent categories.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rare {
    /// Those with fewer rows; below 1, with a smaller share of the rows.
    pub min_frequency: Option<f64>,
    /// All but so many, less one, of those with most rows.
    pub max_categories: Option<usize>,
}

impl Rare {
    /// What is wrong with the arguments.
    pub(super) fn check(self) -> Result<(), Problem> {
        if let Some(least) = self.min_frequency
            && !(least > 0.0 && (least < 1.0 || least.fract() == 0.0))
        {
            let message = format!(
                "`min_frequency` must be a number of rows from 1 or a share of them below 1, got \
                 {least}"
            );
            return Err(Problem::at("min_frequency", message));
        }
        match self.max_categories {
            Some(0 | 1) => {
                let most = self.max_categories.unwrap_or_default();
                let message = format!("`max_categories` must be at least 2, got {most}");
                let help = "the category of all that are folded is counted, too";
                Err(Problem::at("max_categories", message).help(help))
            }
            _ => Ok(()),
        }
    }

    /// Whether each of the categories is folded, by how many rows each has.
    pub(super) fn folded(self, counts: &[usize]) -> Vec<bool> {
        let rows: usize = counts.iter().sum();
        let least = match self.min_frequency {
            Some(share) if share < 1.0 => share * rows as f64,
            Some(least) => least,
            None => 0.0,
        };
        let mut folded: Vec<bool> = counts.iter().map(|count| (*count as f64) < least).collect();
        let left = folded.iter().filter(|is_folded| !**is_folded).count();
        if let Some(most) = self.max_categories.filter(|most| *most < left + 1) {
            // the smallest first; of equals the first, as in scikit-learn
            let mut order: Vec<usize> = (0..counts.len()).collect();
            order.sort_by_key(|place| counts[*place]);
            let smallest = counts.len().saturating_sub(most.saturating_sub(1));
            order[..smallest].iter().for_each(|place| folded[*place] = true);
        }
        folded
    }
}
