//! Head: the first rows, raw and as the model sees them.

use super::header::Header;
use super::records::{Record, Records};
use super::source::Source;
use crate::splits::RowRole;

/// The first rows to train on.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The columns that are used: features, target, weight.
    pub raw_names: Vec<String>,
    /// Their cells.
    pub raw: Vec<Vec<String>>,
    /// The model's inputs, then the target.
    pub model_names: Vec<String>,
    /// Their numbers.
    pub model: Vec<Vec<f32>>,
}

/// The beginning of the text, kept to be shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    text: String,
    /// The byte of it where the rows begin.
    body: usize,
    is_whole: bool,
    delimiter: u8,
    pub columns: Vec<(String, usize)>,
    /// What each of its rows is for; nothing where all are trained on.
    roles: Vec<RowRole>,
}

/// How much of the text is kept.
const KEPT_BYTES: usize = 1 << 20;

impl Kept {
    /// The beginning of a table, of which these columns are used.
    pub(super) fn new(
        source: &Source,
        header: &Header,
        columns: Vec<(String, usize)>,
        roles: Option<&[RowRole]>,
    ) -> Kept {
        let text = source.start();
        let mut end = text.len().min(header.body + KEPT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Kept {
            text: text[..end].to_string(),
            body: header.body,
            is_whole: end == text.len() && source.is_whole(),
            delimiter: header.delimiter,
            columns,
            roles: roles.map(<[RowRole]>::to_vec).unwrap_or_default(),
        }
    }

    /// The row of the table that the how-manieth row to train on, or of those held back, is.
    pub(super) fn row_of_the_table(&self, row: usize, role: RowRole) -> usize {
        let rows = self.roles.iter().enumerate().filter(|(_, of)| **of == role);
        rows.map(|(place, _)| place).nth(row).unwrap_or(row)
    }

    /// The rows of the table that have a role.
    pub(super) fn rows_of(&self, role: RowRole) -> Vec<usize> {
        let rows = self.roles.iter().enumerate().filter(|(_, of)| **of == role);
        rows.map(|(row, _)| row).collect()
    }

    /// The cells of the first rows of a role.
    pub(super) fn rows(&self, count: usize, role: RowRole) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let mut records = Records::new(&self.text, self.body, self.delimiter);
        let mut record = Record::default();
        let mut row = 0;
        while rows.len() < count && matches!(records.next(&mut record), Ok(true)) {
            if record.end == self.text.len() && !self.is_whole {
                break; // it may be cut
            }
            if self.roles.get(row).copied().unwrap_or(RowRole::Train) == role {
                let cell = |index: usize| record.cells.get(index).map_or("", |cell| cell.trim());
                rows.push(self.columns.iter().map(|(_, index)| cell(*index).to_string()).collect());
            }
            row += 1;
        }
        rows
    }
}
