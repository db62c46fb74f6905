//! Pictures and sequences among the columns, told by their names and numbers.

use serde_json::{Value, json};

use super::columns::Role;
use crate::data::ColumnProfile;

/// What the features are together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// Columns of their own.
    Table,
    /// A picture: its height, width and channels, and the columns.
    Picture { shape: [usize; 3], pattern: String, largest: f64 },
    /// A measure or several, at each of several steps.
    Sequence { steps: usize, measures: usize, pattern: String, is_scaled: bool },
    /// Words as whole numbers, 0 where a text has ended.
    Words { steps: usize, vocabulary: usize, pattern: String, has_padding: bool },
}

/// Fewer columns are no picture and no sequence.
const FEW: usize = 8;

impl Form {
    /// The form of the features: a picture or a sequence needs all of them.
    pub(super) fn of(roles: &[(&ColumnProfile, Role)]) -> Form {
        let columns: Vec<&ColumnProfile> = roles
            .iter()
            .filter(|(_, role)| !matches!(role, Role::Key(_)))
            .map(|(column, _)| *column)
            .collect();
        let all_numbers = columns.iter().all(|c| c.missing == 0 && c.numbers == c.present());
        let count = columns.len();
        let Some(prefix) = common_prefix(&columns).filter(|_| count >= FEW && all_numbers) else {
            return Form::Table;
        };
        let pattern = format!("{prefix}*");
        let (low, high) =
            columns.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |range, column| {
                (range.0.min(column.range.0), range.1.max(column.range.1))
            });
        let are_whole = columns.iter().all(|column| column.is_whole);
        let word = prefix.trim_end_matches(['_', '.', '-']).to_lowercase();
        let is = |words: &[&str]| words.contains(&word.as_str());
        let is_pixel = is(&["p", "px", "pix", "pixel", "pixel_", "img", "image"]);
        if low >= 0.0
            && high > 1.0
            && high <= 255.0
            && are_whole
            && (is_pixel || count >= 49)
            && let Some(shape) = picture(count)
        {
            return Form::Picture { shape, pattern, largest: high };
        }
        if are_whole
            && low >= 0.0
            && high <= 1_000_000.0
            && is(&["w", "word", "token", "tok", "id"])
        {
            let (vocabulary, has_padding) = (high as usize + 1, low == 0.0);
            return Form::Words { steps: count, vocabulary, pattern, has_padding };
        }
        let measures = measures(&columns, &prefix);
        let is_step = is(&["t", "s", "step", "time", "lag", "hour", "day", "week", "month"]);
        if is_step || measures > 1 {
            let is_scaled = low < -3.0 || high > 3.0;
            let steps = count / measures;
            return Form::Sequence { steps, measures, pattern, is_scaled };
        }
        Form::Table
    }

    /// The one rule of all features, and its reason.
    pub(super) fn features(&self) -> Option<(Value, String)> {
        Some(match self {
            Form::Table => return None,
            Form::Picture { pattern, largest, .. } => (
                json!({ "columns": pattern, "scale": { "min_max": { "range": [0, 1] } } }),
                format!("pixels from 0 to {largest}"),
            ),
            Form::Sequence { pattern, steps, is_scaled: true, .. } => (
                json!({ "columns": pattern, "scale": "standard" }),
                format!("{steps} steps in a row, by the columns' names"),
            ),
            Form::Sequence { pattern, steps, .. } => (
                json!({ "columns": pattern }),
                format!("{steps} steps in a row, by the columns' names"),
            ),
            Form::Words { pattern, steps, .. } => {
                (json!({ "columns": pattern }), format!("{steps} words in a row, as whole numbers"))
            }
        })
    }
}

/// What all names begin with, before a number; None where they don't all.
fn common_prefix(columns: &[&ColumnProfile]) -> Option<String> {
    let first = columns.first()?;
    let end = first.name.find(|c: char| c.is_ascii_digit()).filter(|end| *end > 0)?;
    let prefix = &first.name[..end];
    let has_it = |column: &&ColumnProfile| {
        let rest = column.name.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    columns.iter().all(has_it).then(|| prefix.to_string())
}

/// How many columns share the first step's number: s0_x, s0_y, s1_x, …
fn measures(columns: &[&ColumnProfile], prefix: &str) -> usize {
    let step = |column: &ColumnProfile| {
        let rest = &column.name[prefix.len()..];
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().to_string()
    };
    let first = step(columns[0]);
    let measures = columns.iter().take_while(|column| step(column) == first).count();
    let is_regular = columns.chunks(measures).all(|chunk| {
        chunk.len() == measures && chunk.iter().all(|column| step(column) == step(chunk[0]))
    });
    if is_regular { measures } else { 1 }
}

/// Height, width and channels of so many pixels in a square.
fn picture(count: usize) -> Option<[usize; 3]> {
    [1, 3].into_iter().find_map(|channels| {
        let side = ((count / channels) as f64).sqrt().round() as usize;
        (side * side * channels == count && side >= 4).then_some([side, side, channels])
    })
}
