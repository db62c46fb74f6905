//! What each column is used as.

use serde_json::{Value, json};

use crate::data::{ColumnProfile, FEW_ROWS, names_rows};

/// Features of more categories are left out.
const MOST_CATEGORIES: usize = 50;
/// A cell of so many words is text, not a category.
const SEVERAL: usize = 4;
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
    /// Dates as ISO 8601 writes them.
    Date,
    /// Words.
    Text,
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

/// What a feature is used as.
pub(super) fn role(column: &ColumnProfile) -> Role {
    let (present, distinct) = (column.present(), column.distinct());
    let left_out = |why: String| Role::LeftOut(why);
    match () {
        () if column.name.is_empty() => left_out("the column has no name".to_string()),
        () if present == 0 => left_out("every cell is empty".to_string()),
        () if column.missing * 2 > present => left_out(format!(
            "{} missing, and {present} are not",
            count(column.missing, "cell is", "cells are")
        )),
        () if distinct == 1 => left_out("the same value in every row".to_string()),
        () if rises(column) => {
            Role::Key("it rises from row to row, as an id or a time does".to_string())
        }
        () if column.words >= SEVERAL && distinct > MOST_CATEGORIES.min(present / 2) => Role::Text,
        () if is_identifier(column) => {
            Role::Key("another value in each row, as in an id".to_string())
        }
        () if column.numbers == present && column.is_whole && column.range == (0.0, 1.0) => {
            Role::Number
        }
        () if column.booleans == present => Role::Boolean,
        () if column.numbers == present => Role::Scaled,
        () if column.dates == present && column.text.as_deref().is_some_and(is_iso) => Role::Date,
        () if column.dates == present => left_out(
            "dates; say how they are written: `date: {format: \"%d.%m.%Y\", parts: [month, weekday]}`"
                .to_string(),
        ),
        () if (column.numbers + column.odd_numbers) * 10 >= present * 9 => left_out(format!(
            "{} not a number, such as `{}`",
            count(present - column.numbers, "cell is", "cells are"),
            column.text.as_deref().unwrap_or_default()
        )),
        () if distinct > MOST_CATEGORIES || distinct * 2 > present.max(FEW_ROWS) => {
            left_out(format!("{distinct} different texts in {present} rows"))
        }
        () => Role::OneHot,
    }
}

/// Whether a text begins as `2026-01-31` does.
pub(super) fn is_iso(text: &str) -> bool {
    let digit = |place: usize| text.as_bytes().get(place).is_some_and(u8::is_ascii_digit);
    (0..4).all(digit) && text.get(4..5) == Some("-") && (5..7).all(digit)
}

/// Whether a column of whole numbers is larger in each row than in the one before.
pub(super) fn rises(column: &ColumnProfile) -> bool {
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
pub(super) fn short(number: f64) -> String {
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// Whether a column numbers or names the rows.
pub(super) fn is_identifier(column: &ColumnProfile) -> bool {
    let is_whole = column.is_whole && column.numbers == column.present();
    let is_text = column.numbers == 0 && column.dates == 0 && column.odd_numbers == 0;
    let differs = column.distinct() * 10 >= column.present() * 9 && column.words < SEVERAL;
    column.present() >= FEW_ROWS && differs && (is_text || (names_rows(&column.name) && is_whole))
}

/// Whether a column names each row, to be copied to the predictions.
pub(super) fn is_id(column: &ColumnProfile, role: &Role) -> bool {
    let is_complete = column.missing == 0 && column.distinct() == column.present();
    matches!(role, Role::Key(_)) && names_rows(&column.name) && is_complete
}

/// The rules of the features, each with its reason. `id` is a column that names the rows: a pattern
/// doesn't mean it.
pub(super) fn features(
    targets: &[&str],
    roles: &[(&ColumnProfile, Role)],
    id: Option<&str>,
) -> (Vec<Value>, Vec<String>) {
    let scaled = roles.iter().filter(|(_, role)| *role == Role::Scaled).count();
    let mut rules = Vec::new();
    if scaled > MANY {
        let exclude: Vec<&str> = roles
            .iter()
            .filter(|(column, role)| role.left_out().is_some() && !column.name.is_empty())
            .map(|(column, _)| column.name.as_str())
            .filter(|name| Some(*name) != id)
            .chain(targets.iter().skip(1).copied())
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
        let (mut rule, mut reason) = match role {
            Role::Key(_) | Role::LeftOut(_) => continue,
            Role::Scaled if scaled > MANY && column.missing == 0 && column.lone_zeros.is_none() => {
                continue;
            }
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
            Role::Text => (
                json!({
                    "column": name, "text": { "max_tokens": 1000, "output_mode": "multi_hot" },
                }),
                "text: which of its words there are".to_string(),
            ),
            Role::Date => (
                json!({
                    "column": name, "date": { "parts": ["month", "weekday"], "cyclic": true },
                }),
                "dates: where in the year and in the week they are".to_string(),
            ),
        };
        if column.missing > 0 {
            rule = with_missing(rule, role);
            reason += &format!("; {} missing", count(column.missing, "cell is", "cells are"));
        }
        if let (Role::Scaled, Some((zeros, least))) = (role, column.lone_zeros) {
            reason += &format!(
                "; {} 0 and the others {} or more: if 0 means missing, add `missing_values: [0], \
                 missing: median`",
                count(zeros, "cell is", "cells are"),
                short(least)
            );
        }
        rules.push((rule, reason));
    }
    rules.into_iter().unzip()
}

/// A rule that says what stands for missing cells, too.
fn with_missing(rule: Value, role: &Role) -> Value {
    let mut rule = match rule {
        Value::String(name) => json!({ "column": name }),
        rule => rule,
    };
    match role {
        Role::OneHot | Role::Text => rule["missing"] = json!({ "constant": "missing" }),
        Role::Scaled => {
            rule["missing"] = json!("median");
            rule["indicator"] = json!(true);
        }
        _ => rule["missing"] = json!("most_frequent"),
    }
    rule
}

pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
