//! Any rows of each class.

use super::random::drawn;
use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use crate::error::Problem;
use crate::random::Random;

/// Rows that are drawn from each class by its share. scikit-learn: `StratifiedShuffleSplit`.
pub(super) struct StratifiedSplit(pub f64);

impl Split for StratifiedSplit {
    fn part(&self) -> Option<f64> {
        Some(self.0)
    }

    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem> {
        let count = rows.part(self.0)?;
        let Some(classes) = rows.classes else {
            return Err(Problem::at("", "`stratified` needs a target of classes")
                .help(format!("write `{{random: {}}}` for numbers", self.0)));
        };
        Ok(RowRole::of(rows.count, of_each_class(classes, count, rows.random)))
    }
}

/// So many rows, each class by its share; a class keeps at least one row to train on.
fn of_each_class(classes: &[usize], count: usize, random: Random) -> Vec<usize> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); classes.iter().max().map_or(0, |max| max + 1)];
    classes.iter().enumerate().for_each(|(row, class)| rows[*class].push(row));
    let share = |class: &Vec<usize>| class.len() as u128 * count as u128;
    let total = classes.len().max(1) as u128;
    let mut quotas: Vec<usize> = rows.iter().map(|class| (share(class) / total) as usize).collect();
    // what rounding down has left goes to the largest remainders, the first class first
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|class| std::cmp::Reverse(share(&rows[*class]) % total));
    let mut left = count - quotas.iter().sum::<usize>();
    for class in order {
        if left > 0 && quotas[class] + 1 < rows[class].len() {
            quotas[class] += 1;
            left -= 1;
        }
    }
    let parts = rows.into_iter().zip(quotas).enumerate();
    parts
        .flat_map(|(class, (rows, quota))| drawn(rows, quota, random, &class.to_string()))
        .collect()
}
