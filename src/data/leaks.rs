//! Leaks: a feature that alone tells the target, as what is known only after it does.

use super::dataset::{Matrix, Targets};
use super::load::Loaded;
use super::looks::FEW_ROWS;
use crate::diagnostics::{Code, Diagnostic};

/// The most values of a feature, or classes of the target, that are told apart.
const MOST: usize = 1000;
/// Fewer rows may be told apart by chance.
const ENOUGH_ROWS: usize = 50;

impl Loaded {
    /// The warning about the first feature that tells the target alone; a single feature is all
    /// that there is, and is none.
    pub(crate) fn leak(&self) -> Option<Diagnostic> {
        let (x, y) = (&self.train.x, &self.train.y);
        let is_told = x.pictures.is_none() && !self.preprocessing.is_of_features();
        let knows_its_past = self.train.windows.is_some();
        if !is_told || knows_its_past || y.width() != 1 || self.train.len() < FEW_ROWS {
            return None;
        }
        let names = self.preprocessing.feature_names();
        let (name, what) = (0..x.width).find_map(|column| {
            let what = self.what_tells(x, column, y)?;
            Some((names.get(column)?, what))
        })?;
        let message = format!("column `{name}` {what}");
        let help = "if it is made from the target, or known only after it, leave it out";
        Some(Diagnostic::warning(Code::Leak, message).with_help(help))
    }

    fn what_tells(&self, x: &Matrix, column: usize, y: &Targets) -> Option<String> {
        if is_the_target(x, column, &y.values) {
            return Some("has one value for each value of the target".to_string());
        }
        if x.width == 1 || self.train.len() < ENOUGH_ROWS {
            return None;
        }
        if let Some(classes) = self.preprocessing.classes() {
            return are_apart(x, column, &y.values, classes.len())
                .then(|| "alone tells the classes of the target apart, in every row".to_string());
        }
        is_on_a_line(x, column, &y.values)
            .then(|| "is the target in another unit: all rows lie on one line".to_string())
    }
}

/// The values of a column, row by row.
fn of_column(x: &Matrix, column: usize) -> impl Iterator<Item = f32> + '_ {
    x.values.iter().skip(column).step_by(x.width.max(1)).copied()
}

/// One value of the feature for each value of the target.
fn is_the_target(x: &Matrix, column: usize, y: &[f32]) -> bool {
    let mut pairs: Vec<(f32, f32)> = Vec::new();
    for (value, y) in of_column(x, column).zip(y) {
        match pairs.iter().find(|pair| pair.0 == value || pair.1 == *y) {
            Some(pair) if *pair == (value, *y) => {}
            Some(_) => return false,
            None if pairs.len() == MOST => return false,
            None => pairs.push((value, *y)),
        }
    }
    // as many values as rows is what any two columns of different numbers have
    pairs.len() > 1 && pairs.len() * 2 < y.len()
}

/// Each class has a range of the feature of its own, and several rows.
fn are_apart(x: &Matrix, column: usize, y: &[f32], classes: usize) -> bool {
    if classes > MOST {
        return false;
    }
    let range_of = |rows: usize| {
        let mut ranges = vec![(f32::INFINITY, f32::NEG_INFINITY, 0usize); classes];
        for (value, y) in of_column(x, column).zip(y).take(rows) {
            if let Some(range) = ranges.get_mut(*y as usize) {
                *range = (range.0.min(value), range.1.max(value), range.2 + 1);
            }
        }
        ranges.retain(|range| range.2 > 0);
        ranges.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        ranges
    };
    let is_apart = |ranges: &[(f32, f32, usize)]| ranges.windows(2).all(|two| two[0].1 < two[1].0);
    // most columns mix the classes soon
    if !is_apart(&range_of(ENOUGH_ROWS)) {
        return false;
    }
    let ranges = range_of(y.len());
    ranges.len() > 1 && is_apart(&ranges) && ranges.iter().all(|range| range.2 > 2)
}

/// The feature and the target lie on a line, to the digits that a rounded number keeps.
fn is_on_a_line(x: &Matrix, column: usize, y: &[f32]) -> bool {
    const ALIKE: f64 = 0.999_999;
    let squared_correlation = |rows: usize| {
        let pairs =
            || of_column(x, column).zip(y).take(rows).map(|(x, y)| (f64::from(x), f64::from(*y)));
        let n = pairs().count() as f64;
        let (sum_x, sum_y) = pairs().fold((0.0, 0.0), |sums, (x, y)| (sums.0 + x, sums.1 + y));
        let (mean_x, mean_y) = (sum_x / n, sum_y / n);
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        for (x, y) in pairs() {
            let (x, y) = (x - mean_x, y - mean_y);
            (xx, yy, xy) = (xx + x * x, yy + y * y, xy + x * y);
        }
        if xx > 0.0 && yy > 0.0 { xy * xy / (xx * yy) } else { 0.0 }
    };
    squared_correlation(ENOUGH_ROWS) > ALIKE && squared_correlation(y.len()) > ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(values: Vec<f32>) -> Matrix {
        Matrix::new(values, 1)
    }

    #[test]
    fn ranges_of_their_own_tell_classes_apart() {
        let y: Vec<f32> = (0..90).map(|i| (i % 3) as f32).collect();
        let apart = |i: usize| [5.0, -3.0, 9.0][i % 3] + (i % 4) as f32 / 4.0;
        let values: Vec<f32> = (0..90).map(apart).collect();
        assert!(are_apart(&matrix(values.clone()), 0, &y, 3));
        let mut mixed = values;
        mixed[87] = 9.5; // a single row, behind those that are looked at first
        assert!(!are_apart(&matrix(mixed), 0, &y, 3));
    }

    #[test]
    fn another_unit_is_on_a_line() {
        let x: Vec<f32> = (0..90).map(|i| (i * 37 % 90) as f32).collect();
        let y: Vec<f32> = x.iter().map(|x| 1.19 * x - 7.0).collect();
        assert!(is_on_a_line(&matrix(x.clone()), 0, &y));
        let noisy: Vec<f32> = y.iter().enumerate().map(|(i, y)| y + (i % 3) as f32).collect();
        assert!(!is_on_a_line(&matrix(x), 0, &noisy));
        assert!(!is_on_a_line(&matrix(vec![1.0; 90]), 0, &y));
    }
}
