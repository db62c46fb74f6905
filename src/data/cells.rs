//! Cells: what is missing, what is a number, and how a cell is shown.

use super::dialect::Numerals;
use super::float;
use crate::sections::MissingValues;

/// What reads as missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Missing {
    texts: Vec<String>,
    /// Those of them that are numbers: -999 is -999.0 in a column of numbers.
    numbers: Vec<f64>,
}

/// Why a cell can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Empty,
    Missing,
    Text,
    NotFinite,
    TooLarge,
}

impl Missing {
    /// These values and the empty cell.
    pub(super) fn new(values: &MissingValues) -> Missing {
        let texts: Vec<String> = values.0.iter().map(|text| text.trim().to_string()).collect();
        let numbers = texts.iter().filter_map(|text| float::cell(text));
        let numbers = numbers.filter(|number| number.is_finite()).collect();
        Missing { texts, numbers }
    }

    /// Whether a cell, without blanks around it, is missing, and how.
    pub(super) fn why(&self, cell: &str) -> Option<Why> {
        match () {
            () if cell.is_empty() => Some(Why::Empty),
            () if self.texts.iter().any(|text| text == cell) => Some(Why::Missing),
            () => None,
        }
    }

    /// Whether nothing reads so but the empty cell.
    pub(super) fn is_nothing(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether a number is missing.
    #[inline]
    pub(super) fn has(&self, number: f64) -> bool {
        !self.numbers.is_empty() && self.numbers.contains(&number)
    }

    /// The number in a cell, which must be finite and at most `limit`.
    pub(super) fn number(&self, cell: &str, limit: f64, numerals: &Numerals) -> Result<f64, Why> {
        if let Some(why) = self.why(cell) {
            return Err(why);
        }
        let value = numerals.number(cell).ok_or(Why::Text)?;
        match () {
            () if self.has(value) => Err(Why::Missing),
            () if value.abs() <= limit => Ok(value),
            () if value.is_finite() || cell.bytes().any(|byte| byte.is_ascii_digit()) => {
                Err(Why::TooLarge)
            }
            () => Err(Why::NotFinite),
        }
    }
}

/// The largest number of a column that is scaled, or goes into 32 bits as it is. Far enough from the
/// end of what 64 bits hold for sums of them.
pub(super) fn limit(is_scaled: bool) -> f64 {
    if is_scaled { 1e290 } else { f64::from(f32::MAX) }
}

/// A cell as it is shown in a message.
pub(super) fn shortened(cell: &str) -> String {
    const SHOWN: usize = 40;
    let one_line = cell.replace(['\n', '\r'], " ");
    match one_line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &one_line[..at]),
        None => one_line,
    }
}
