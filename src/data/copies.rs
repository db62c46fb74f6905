//! Copies: rows that stand in a table more than once, and validation rows that the model has
//! already seen in training.

use rayon::prelude::*;

use super::dataset::Dataset;
use super::looks::FEW_ROWS;
use super::samples::mix;
use crate::diagnostics::{Code, Diagnostic};
use crate::threads;

/// Of larger tables the first rows are looked at: at most so many rows, and so many numbers.
const MOST_ROWS: usize = 1 << 16;
const MOST_NUMBERS: usize = 1 << 21;
/// Fewer copies are left alone: they happen.
const SHARE: f64 = 0.01;
/// So many times more copies than chance makes are no chance.
const BEYOND_CHANCE: f64 = 10.0;

/// Warnings about rows that are alike in every feature and in the target, more than rounded numbers
/// and a few categories make by chance.
pub(super) fn warnings(
    train: &Dataset,
    validation: Option<&Dataset>,
    is_one_table: bool,
) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let own = Looked::at(train);
    if own.all < FEW_ROWS {
        return warnings;
    }
    let distinct = own.distinct();
    let copies = own.keys.len() - distinct.len();
    let repeated = validation.map(|validation| {
        let looked = Looked::at(validation);
        let is_known = |key: &&(u64, u32)| {
            distinct.binary_search_by_key(&key.0, |distinct| distinct.0).is_ok()
        };
        let count = looked.keys.iter().filter(is_known).count();
        (count, looked)
    });
    let is_much = |count: usize, of: usize| count > 1 && count as f64 >= SHARE * of as f64;
    let by_chance = |pairs: f64| BEYOND_CHANCE * pairs * chance(train, &distinct);
    let n = own.keys.len() as f64;
    if is_much(copies, own.keys.len()) && copies as f64 > by_chance(n * n / 2.0) {
        let message =
            format!("{copies} of {} are exact copies of other rows", own.words("training"));
        let help = "a row that stands twice counts twice: remove the copies, unless each is a case of its own";
        warnings.push(Diagnostic::warning(Code::DuplicateRows, message).with_help(help));
    }
    if let Some((count, looked)) = repeated
        && is_much(count, looked.keys.len())
        && count as f64 > by_chance(n * looked.keys.len() as f64)
    {
        let message =
            format!("{count} of {} are exact copies of training rows", looked.words("validation"));
        let table = if is_one_table { "the table before it is split" } else { "one of the tables" };
        let help = format!(
            "the validation metrics look better than they are: remove the copies from {table}"
        );
        warnings.push(Diagnostic::warning(Code::DuplicateRows, message).with_help(help));
    }
    warnings
}

/// The rows of a dataset that are looked at.
struct Looked {
    /// How many rows there are.
    all: usize,
    /// A number for each, the same for equal rows; and its place.
    keys: Vec<(u64, u32)>,
}

impl Looked {
    fn at(data: &Dataset) -> Looked {
        let (x, y) = (data.x.width.max(1), data.y.width().max(1));
        let all = data.len();
        let rows = all.min(MOST_ROWS).min(MOST_NUMBERS / (x + y));
        if let Some(pictures) = &data.x.pictures {
            let y = data.y.values.chunks(y);
            let pairs = pictures.hashes().zip(y).take(all.min(MOST_ROWS)).enumerate();
            let keys = pairs.map(|(row, (hash, y))| (key(y, hash), row as u32));
            return Looked { all, keys: keys.collect() };
        }
        let (x, y) = (data.x.values.par_chunks(x), data.y.values.par_chunks(y));
        let key = |(row, (x, y)): (usize, (&[f32], &[f32]))| (key(y, key(x, 0)), row as u32);
        let keys =
            || x.zip(y).take(rows).enumerate().with_min_len(512).map(key).collect::<Vec<_>>();
        Looked { all, keys: threads::within(keys) }
    }

    /// The first of all equal rows, in the order of their keys.
    fn distinct(&self) -> Vec<(u64, u32)> {
        let mut keys = self.keys.clone();
        keys.sort_unstable();
        keys.dedup_by_key(|key| key.0);
        keys
    }

    fn words(&self, part: &str) -> String {
        match self.keys.len() {
            rows if rows < self.all => format!("the first {rows} {part} rows"),
            rows => format!("{rows} {part} rows"),
        }
    }
}

/// A number that equal values share; two at a time.
fn key(values: &[f32], hash: u64) -> u64 {
    let word = |pair: &[f32]| match pair {
        [a, b] => (u64::from(a.to_bits()) << 32) | u64::from(b.to_bits()),
        rest => u64::from(rest[0].to_bits()),
    };
    values.chunks(2).fold(hash, |hash, pair| mix(hash, word(pair)))
}

/// How probable it is that two different rows would be equal, were their columns drawn one by one.
fn chance(data: &Dataset, distinct: &[(u64, u32)]) -> f64 {
    const SAMPLE: usize = 1024;
    if data.x.pictures.is_some() {
        return 0.0; // no two files are alike by chance
    }
    let step = distinct.len().div_ceil(SAMPLE).max(1);
    let rows: Vec<usize> = distinct.iter().step_by(step).map(|(_, row)| *row as usize).collect();
    let pairs = (rows.len() * rows.len().saturating_sub(1)).max(1) as f64;
    let mut chance = 1.0;
    for (values, width) in [(&data.x.values, data.x.width), (&data.y.values, data.y.width())] {
        for column in 0..width {
            let mut cells: Vec<f32> = rows.iter().map(|row| values[row * width + column]).collect();
            cells.sort_unstable_by(f32::total_cmp);
            let equal = cells.chunk_by(|a, b| a == b).map(|run| run.len() * (run.len() - 1));
            chance *= equal.sum::<usize>().max(1) as f64 / pairs;
            if chance < 1e-15 {
                return chance; // less than one pair of any table that is looked at
            }
        }
    }
    chance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Matrix, Targets};

    fn dataset(rows: usize, x: impl Fn(usize) -> [f32; 2], y: impl Fn(usize) -> f32) -> Dataset {
        let values: Vec<f32> = (0..rows).flat_map(x).collect();
        let y = Targets::new((0..rows).map(y).collect::<Vec<f32>>(), vec![]);
        Dataset { x: Matrix::new(values, 2), y, weights: None, windows: None }
    }

    fn messages(train: &Dataset, validation: &Dataset) -> Vec<String> {
        warnings(train, Some(validation), true).into_iter().map(|w| w.message).collect()
    }

    #[test]
    fn copies_of_measured_rows_are_counted() {
        let measured = |i: usize| [i as f32 / 7.0, (i * i % 101) as f32];
        let once = dataset(100, measured, |i| (i % 2) as f32);
        let other = dataset(20, |i| measured(i + 500), |i| (i % 2) as f32);
        assert_eq!(messages(&once, &other), [""; 0]);
        let twice = dataset(100, |i| measured(i % 50), |i| (i % 2) as f32);
        assert_eq!(
            messages(&twice, &other),
            ["50 of 100 training rows are exact copies of other rows"]
        );
        let seen = dataset(20, |i| measured(i + 90), |i| (i % 2) as f32);
        assert_eq!(
            messages(&once, &seen),
            ["10 of 20 validation rows are exact copies of training rows"]
        );
    }

    #[test]
    fn rows_of_few_categories_are_alike_by_chance() {
        let few = |i: usize| [(i * 7 % 5) as f32, (i / 3 % 4) as f32];
        let train = dataset(200, few, |i| (i % 2) as f32);
        assert_eq!(messages(&train, &dataset(50, few, |i| (i % 2) as f32)), [""; 0]);
    }

    #[test]
    fn the_first_rows_of_a_large_table_are_looked_at() {
        let large = dataset(MOST_ROWS + 10, |i| [(i / 2) as f32, 1.0], |_| 0.0);
        let few = dataset(2, |_| [0.5, 0.5], |_| 0.0);
        let expected = format!("{} of the first {MOST_ROWS} training rows", MOST_ROWS / 2);
        assert!(messages(&large, &few)[0].starts_with(&expected), "{:?}", messages(&large, &few));
    }
}
