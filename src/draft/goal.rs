//! What is learned, told from the targets.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::columns::{count, is_identifier, rises, short};
use crate::data::{ColumnProfile, Profile};
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// Whole numbers with as many different values, or fewer, are classes.
const MOST_CLASSES_OF_NUMBERS: usize = 20;
/// Texts with more different values are no classes.
const MOST_CLASSES: usize = 500;

/// What is learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Goal {
    /// One of several classes, each with its share of the rows.
    Classes { target: String, counts: Vec<(String, usize)>, are_numbers: bool },
    /// One or several numbers.
    Numbers { targets: Vec<String>, range: (f64, f64) },
    /// Several labels, each 0 or 1.
    Labels { targets: Vec<String> },
}

impl Goal {
    /// What is learned from the targets.
    pub(super) fn of(
        profile: &Profile,
        targets: &[&ColumnProfile],
        regression: bool,
    ) -> Result<Goal> {
        for target in targets {
            if target.missing > 0 {
                let missing = count(target.missing, "cell", "cells");
                let message =
                    format!("the target `{}` has {missing} that are empty or missing", target.name);
                let help = "remove those rows from the table: nothing can be learned from them";
                return Err(Error::run(message).with_code(Code::Cell).with_help(help));
            }
            if target.distinct() < 2 {
                let message =
                    format!("the target `{}` has the same value in every row", target.name);
                return Err(Error::run(message)
                    .with_code(Code::OneClass)
                    .with_help("name another column"));
            }
        }
        let names = || targets.iter().map(|target| target.name.clone()).collect::<Vec<_>>();
        let are_numbers = |target: &&ColumnProfile| target.numbers == target.present();
        let one = match targets {
            [] => {
                return Err(
                    Error::run("no target is named").with_help("name it: `--target COLUMN`")
                );
            }
            [one] => one,
            several => {
                if let Some(text) = several.iter().find(|target| !are_numbers(target)) {
                    let message =
                        format!("several targets must all be numbers; `{}` is not", text.name);
                    let help = format!("train a model of its own for it: `--target {}`", text.name);
                    return Err(Error::run(message).with_code(Code::Column).with_help(help));
                }
                let is_label =
                    |target: &&ColumnProfile| target.is_whole && target.range == (0.0, 1.0);
                if several.iter().all(is_label) {
                    return Ok(Goal::Labels { targets: names() });
                }
                let range =
                    several.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |range, target| {
                        (range.0.min(target.range.0), range.1.max(target.range.1))
                    });
                return Ok(Goal::Numbers { targets: names(), range });
            }
        };
        let is_number = are_numbers(one);
        let few = if is_number { MOST_CLASSES_OF_NUMBERS } else { MOST_CLASSES };
        if regression && !is_number {
            let text = one.text.as_deref().unwrap_or_default();
            let message =
                format!("the target `{}` isn't a number in each row, such as `{text}`", one.name);
            return Err(Error::run(message)
                .with_code(Code::Column)
                .with_help("leave out `--regression`"));
        }
        let least_rows = one.distinct() * if is_number { 3 } else { 2 };
        let are_classes = !regression
            && one.distinct() <= few
            && least_rows <= profile.rows.max(7)
            && (!is_number || one.is_whole);
        match one.counts() {
            Some(counts) if are_classes => {
                let mut counts = counts.to_vec();
                counts.sort_by_key(|(name, count)| (Reverse(*count), name.clone()));
                Ok(Goal::Classes { target: one.name.clone(), counts, are_numbers: is_number })
            }
            _ if is_number => Ok(Goal::Numbers { targets: names(), range: one.range }),
            _ if (one.numbers + one.odd_numbers) * 10 >= one.present() * 9 => {
                let message = format!(
                    "the target `{}` is a column of numbers, but {} not",
                    one.name,
                    count(one.present() - one.numbers, "cell is", "cells are")
                );
                let text = one.text.as_deref().unwrap_or_default();
                let help =
                    format!("the first of them is `{text}`: write it as a number, such as 3.14");
                Err(Error::run(message).with_code(Code::Cell).with_help(help))
            }
            _ => {
                let message = format!(
                    "the target `{}` has {} different texts in {} rows: too many for classes",
                    one.name,
                    one.distinct(),
                    profile.rows
                );
                let help = format!("likely targets: {}", candidates(profile).join(", "));
                Err(Error::run(message).with_code(Code::Column).with_help(help))
            }
        }
    }

    /// The targets' names.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Goal::Classes { target, .. } => vec![target],
            Goal::Numbers { targets, .. } | Goal::Labels { targets } => {
                targets.iter().map(String::as_str).collect()
            }
        }
    }

    /// The rule of the target, and its reason.
    pub(super) fn target(&self) -> (Value, String) {
        match self {
            Goal::Classes { target, counts, are_numbers } => {
                let total: usize = counts.iter().map(|(_, count)| count).sum();
                let shown: Vec<String> = counts
                    .iter()
                    .take(4)
                    .map(|(name, count)| format!("{name} {} %", percent(*count, total)))
                    .collect();
                let more = if counts.len() > shown.len() { ", …" } else { "" };
                let or = if *are_numbers && counts.len() > 2 {
                    "; `--regression` takes it as a number"
                } else {
                    ""
                };
                let why = format!("{} classes: {}{more}{or}", counts.len(), shown.join(", "));
                (json!({ "column": target, "encode": "label" }), why)
            }
            Goal::Numbers { targets, range } => {
                let (low, high) = (short(range.0), short(range.1));
                let why = format!(
                    "numbers from {low} to {high}; metrics and predictions are in their unit"
                );
                let rule = match targets.as_slice() {
                    [one] => json!({ "column": one, "scale": "standard" }),
                    several => json!({ "columns": several, "scale": "standard" }),
                };
                (rule, why)
            }
            Goal::Labels { targets } => {
                (json!({ "columns": targets }), format!("{} labels, each 0 or 1", targets.len()))
            }
        }
    }

    /// What knows nothing of the features reaches.
    pub(super) fn baseline(&self, rows: usize) -> String {
        match self {
            Goal::Classes { counts, .. } => match counts.first() {
                Some((name, count)) => format!(
                    "always `{name}`, an accuracy of {:.3}",
                    *count as f64 / rows.max(1) as f64
                ),
                None => "nothing".to_string(),
            },
            Goal::Numbers { .. } => "always the mean of the target, an r2_score of 0".to_string(),
            Goal::Labels { .. } => "always each label's more frequent value".to_string(),
        }
    }
}

/// A share in percent, with as many decimals as tell it from nothing and from all.
fn percent(count: usize, total: usize) -> String {
    let share = 100.0 * count as f64 / total.max(1) as f64;
    let is_part = count > 0 && count < total;
    let shown = (0..6).map(|decimals| format!("{share:.decimals$}"));
    let is_end = |text: &String| matches!(text.parse::<f64>(), Ok(0.0 | 100.0));
    shown.into_iter().find(|text| !(is_part && is_end(text))).unwrap_or_else(|| share.to_string())
}

/// Columns that are likely to be a target: by name, and the last.
pub(super) fn candidates(profile: &Profile) -> Vec<&str> {
    const NAMES: [&str; 22] = [
        "target",
        "label",
        "class",
        "y",
        "outcome",
        "output",
        "survived",
        "species",
        "diagnosis",
        "price",
        "quality",
        "churn",
        "default",
        "fraud",
        "is_fraud",
        "medv",
        "sales",
        "income",
        "salary",
        "category",
        "response",
        "result",
    ];
    let is_possible = |column: &&ColumnProfile| {
        column.missing == 0
            && column.distinct() > 1
            && !is_identifier(column)
            && !rises(column)
            && (column.numbers == column.present()
                || column.distinct() <= MOST_CLASSES.min(profile.rows / 2))
    };
    let last = profile.columns.len().saturating_sub(1);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (index, column) in profile.columns.iter().enumerate().filter(|(_, c)| is_possible(c)) {
        let name = column.name.to_lowercase();
        let named = NAMES.iter().any(|known| {
            name == *known || name.split(['_', ' ', '-', '.']).any(|word| word == *known)
        });
        let is_class = column.distinct() <= MOST_CLASSES_OF_NUMBERS;
        let rank = match (named, index == last) {
            (true, _) => 0,
            (_, true) => 1,
            _ if is_class => 2,
            _ => 3,
        };
        found.push((rank, index));
    }
    found.sort_unstable();
    found.iter().take(8).map(|(_, index)| profile.columns[*index].name.as_str()).collect()
}
