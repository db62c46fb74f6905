//! What each column is used as.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::data::{ColumnProfile, Profile};
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// Features of more categories are left out.
const MOST_CATEGORIES: usize = 50;
/// Whole numbers with as many different values, or fewer, are classes.
const MOST_CLASSES_OF_NUMBERS: usize = 20;
/// Texts with more different values are no classes.
const MOST_CLASSES: usize = 500;
/// Fewer rows say little of a column.
const FEW_ROWS: usize = 20;
/// More columns with one rule are written as one.
const MANY: usize = 8;

/// What a column is used as.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Role {
    /// A number that is 0 or 1.
    Number,
    /// A number of any size, to be scaled.
    Scaled,
    /// Yes or no.
    Boolean,
    /// Categories.
    OneHot,
    /// Nothing: it numbers or names the rows, for this reason.
    Key(String),
    /// Nothing, for this reason.
    LeftOut(String),
}

impl Role {
    /// Why the column isn't used.
    pub(super) fn left_out(&self) -> Option<&str> {
        match self {
            Role::Key(why) | Role::LeftOut(why) => Some(why),
            _ => None,
        }
    }
}

/// What is learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Task {
    /// One of several classes, each with its share of the rows.
    Classes { target: String, counts: Vec<(String, usize)>, are_numbers: bool },
    /// One or several numbers.
    Numbers { targets: Vec<String>, range: (f64, f64) },
    /// Several labels, each 0 or 1.
    Labels { targets: Vec<String> },
}

/// What a feature is used as.
pub(super) fn role(column: &ColumnProfile) -> Role {
    let (present, distinct) = (column.present(), column.distinct());
    let left_out = |why: String| Role::LeftOut(why);
    match () {
        () if column.name.is_empty() => left_out("the column has no name".to_string()),
        () if present == 0 => left_out("every cell is empty".to_string()),
        () if column.missing > 0 => left_out(format!(
            "{} missing; filling them in is not supported yet",
            count(column.missing, "cell is", "cells are")
        )),
        () if distinct == 1 => left_out("the same value in every row".to_string()),
        () if rises(column) => {
            Role::Key("it rises from row to row, as an id or a time does".to_string())
        }
        () if is_identifier(column) => {
            Role::Key("another value in each row, as in an id".to_string())
        }
        () if column.numbers == present && column.is_whole && column.range == (0.0, 1.0) => {
            Role::Number
        }
        () if column.booleans == present => Role::Boolean,
        () if column.numbers == present => Role::Scaled,
        () if column.dates == present => left_out(
            "dates are not supported yet; write the month or the weekday as a column of its own"
                .to_string(),
        ),
        () if (column.numbers + column.odd_numbers) * 10 >= present * 9 => left_out(format!(
            "{} not a number, such as `{}`",
            count(present - column.numbers, "cell is", "cells are"),
            column.text.as_deref().unwrap_or_default()
        )),
        () if column.words >= 4 && distinct > MOST_CATEGORIES => {
            left_out("text of several words, which is not supported yet".to_string())
        }
        () if distinct > MOST_CATEGORIES || distinct * 2 > present.max(FEW_ROWS) => {
            left_out(format!("{distinct} different texts in {present} rows"))
        }
        () => Role::OneHot,
    }
}

/// Whether a column of whole numbers is larger in each row than in the one before.
fn rises(column: &ColumnProfile) -> bool {
    let is_whole = column.is_whole && column.numbers == column.present();
    column.present() >= FEW_ROWS && is_whole && column.rises
}

/// Whether the rows are in the order of a column: dates, or a number named as a time.
pub(super) fn is_time(column: &ColumnProfile) -> bool {
    let name = column.name.to_lowercase();
    let is_named = ["time", "date", "timestamp", "day", "year", "month", "hour"]
        .iter()
        .any(|word| name.split(['_', ' ', '-', '.']).any(|part| part == *word));
    column.rises
        && (column.dates == column.present() || (is_named && column.numbers == column.present()))
}

/// A number in at most six digits.
fn short(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// Whether a column numbers or names the rows.
fn is_identifier(column: &ColumnProfile) -> bool {
    let name = column.name.to_lowercase();
    let is_named =
        matches!(name.as_str(), "id" | "index" | "unnamed: 0" | "row" | "row_id" | "uuid")
            || name.ends_with("_id")
            || column.name.ends_with("Id")
            || column.name.ends_with("ID");
    let is_whole = column.is_whole && column.numbers == column.present();
    let is_text = column.numbers == 0 && column.dates == 0 && column.odd_numbers == 0;
    let differs = column.distinct() * 10 >= column.present() * 9;
    column.present() >= FEW_ROWS && differs && (is_text || (is_named && is_whole))
}

/// What is learned from the targets.
pub(super) fn task(
    profile: &Profile,
    targets: &[&ColumnProfile],
    regression: bool,
) -> Result<Task> {
    for target in targets {
        if target.missing > 0 {
            let missing = count(target.missing, "cell", "cells");
            let message =
                format!("the target `{}` has {missing} that are empty or missing", target.name);
            let help = "remove those rows from the table: nothing can be learned from them";
            return Err(Error::run(message).with_code(Code::Cell).with_help(help));
        }
        if target.distinct() < 2 {
            let message = format!("the target `{}` has the same value in every row", target.name);
            return Err(Error::run(message)
                .with_code(Code::OneClass)
                .with_help("name another column"));
        }
    }
    let names = || targets.iter().map(|target| target.name.clone()).collect::<Vec<_>>();
    let are_numbers = |target: &&ColumnProfile| target.numbers == target.present();
    let one = match targets {
        [] => return Err(Error::run("no target is named").with_help("name it: `--target COLUMN`")),
        [one] => one,
        several => {
            if let Some(text) = several.iter().find(|target| !are_numbers(target)) {
                let message =
                    format!("several targets must all be numbers; `{}` is not", text.name);
                let help = format!("train a model of its own for it: `--target {}`", text.name);
                return Err(Error::run(message).with_code(Code::Column).with_help(help));
            }
            let is_label = |target: &&ColumnProfile| target.is_whole && target.range == (0.0, 1.0);
            if several.iter().all(is_label) {
                return Ok(Task::Labels { targets: names() });
            }
            let range = several.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |range, target| {
                (range.0.min(target.range.0), range.1.max(target.range.1))
            });
            return Ok(Task::Numbers { targets: names(), range });
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
    let are_classes = !regression
        && one.distinct() <= few
        && (!is_number || (one.is_whole && one.distinct() * 3 <= profile.rows.max(7)));
    match one.counts() {
        Some(counts) if are_classes => {
            let mut counts = counts.to_vec();
            counts.sort_by_key(|(name, count)| (Reverse(*count), name.clone()));
            Ok(Task::Classes { target: one.name.clone(), counts, are_numbers: is_number })
        }
        _ if is_number => Ok(Task::Numbers { targets: names(), range: one.range }),
        _ if (one.numbers + one.odd_numbers) * 10 >= one.present() * 9 => {
            let message = format!(
                "the target `{}` is a column of numbers, but {} not",
                one.name,
                count(one.present() - one.numbers, "cell is", "cells are")
            );
            let text = one.text.as_deref().unwrap_or_default();
            let help = format!("the first of them is `{text}`: write it as a number, such as 3.14");
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

/// The rules of the features, each with its reason.
pub(super) fn features(
    profile: &Profile,
    task: &Task,
    roles: &[(&ColumnProfile, Role)],
) -> (Vec<Value>, Vec<String>) {
    let scaled = roles.iter().filter(|(_, role)| *role == Role::Scaled).count();
    let mut rules = Vec::new();
    if scaled > MANY {
        let exclude: Vec<&str> = roles
            .iter()
            .filter(|(column, role)| role.left_out().is_some() && !column.name.is_empty())
            .map(|(column, _)| column.name.as_str())
            .chain(task.names().into_iter().skip(1))
            .collect();
        let mut rule = json!({ "columns": "*", "scale": "standard" });
        if !exclude.is_empty() {
            rule["exclude"] = json!(exclude);
        }
        rules
            .push((rule, format!("{scaled} columns of numbers, scaled to mean 0 and deviation 1")));
    }
    for (column, role) in roles {
        let name = column.name.as_str();
        let (low, high) = (short(column.range.0), short(column.range.1));
        rules.push(match role {
            Role::Key(_) | Role::LeftOut(_) => continue,
            Role::Scaled if scaled > MANY => continue,
            Role::Number => (json!(name), "0 or 1".to_string()),
            Role::Scaled => (
                json!({ "column": name, "scale": "standard" }),
                format!("numbers from {low} to {high}"),
            ),
            Role::Boolean => {
                (json!({ "column": name, "encode": "boolean" }), "yes or no".to_string())
            }
            Role::OneHot => {
                let names = column.counts().unwrap_or_default();
                let shown: Vec<&str> =
                    names.iter().take(4).map(|(name, _)| name.as_str()).collect();
                let more = if names.len() > shown.len() { ", …" } else { "" };
                (
                    json!({ "column": name, "encode": "one_hot" }),
                    format!("{} categories: {}{more}", names.len(), shown.join(", ")),
                )
            }
        });
    }
    let order = |(rule, _): &(Value, String)| {
        let name = rule.get("column").and_then(Value::as_str).or(rule.as_str());
        profile.columns.iter().position(|column| Some(column.name.as_str()) == name)
    };
    rules.sort_by_key(order);
    rules.into_iter().unzip()
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

impl Task {
    /// The targets' names.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Task::Classes { target, .. } => vec![target],
            Task::Numbers { targets, .. } | Task::Labels { targets } => {
                targets.iter().map(String::as_str).collect()
            }
        }
    }

    /// The rule of the target, and its reason.
    pub(super) fn target(&self) -> (Value, String) {
        match self {
            Task::Classes { target, counts, are_numbers } => {
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
            Task::Numbers { targets, range } => {
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
            Task::Labels { targets } => {
                (json!({ "columns": targets }), format!("{} labels, each 0 or 1", targets.len()))
            }
        }
    }

    /// What knows nothing of the features reaches.
    pub(super) fn baseline(&self, rows: usize) -> String {
        match self {
            Task::Classes { counts, .. } => match counts.first() {
                Some((name, count)) => format!(
                    "always `{name}`, an accuracy of {:.3}",
                    *count as f64 / rows.max(1) as f64
                ),
                None => "nothing".to_string(),
            },
            Task::Numbers { .. } => "always the mean of the target, an r2_score of 0".to_string(),
            Task::Labels { .. } => "always each label's more frequent value".to_string(),
        }
    }
}

fn percent(count: usize, total: usize) -> usize {
    (count * 100 + total / 2) / total.max(1)
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
