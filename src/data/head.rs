//! Head: the first rows, raw and as the model sees them.

use super::dataset::{Dataset, Matrix, Targets};
use super::dialect::Dialect;
use super::dropped;
use super::records::{Record, Records};
use super::source::{Beginning, Source};
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
    dialect: Dialect,
    pub columns: Vec<KeptColumn>,
    /// What each of its rows is for; nothing where all are trained on.
    roles: Vec<RowRole>,
    /// Which rows of the file are left out, and how many are not.
    dropped: Vec<usize>,
    count: usize,
    /// The first rows to train on as the model sees them, where samples are several rows.
    pub model_rows: Option<(Matrix, Targets)>,
}

/// Rows that are kept as the model sees them.
const MODEL_ROWS: usize = 1000;

/// A column that is used.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeptColumn {
    pub name: String,
    /// Its place in the header.
    pub index: usize,
    pub is_number: bool,
}

impl Kept {
    /// The beginning of a table, of which these columns are used.
    pub(super) fn new(
        source: &dyn Source,
        columns: Vec<KeptColumn>,
        roles: Option<&[RowRole]>,
        (dropped, count): (&[usize], usize),
    ) -> Kept {
        let Beginning { text, body, is_whole } = source.beginning();
        let dialect = source.header().dialect.clone();
        let roles = roles.map(<[RowRole]>::to_vec).unwrap_or_default();
        let dropped = dropped.to_vec();
        let model_rows = None;
        Kept { text, body, is_whole, dialect, columns, roles, dropped, count, model_rows }
    }

    /// Keeps the first rows to train on as the model sees them; `base` are all rows of the table.
    pub(super) fn keep_model_rows(&mut self, base: &Dataset, roles: Option<&[RowRole]>) {
        let is_trained = |row: &usize| roles.is_none_or(|roles| roles[*row] == RowRole::Train);
        let rows: Vec<usize> = (0..base.len()).filter(is_trained).take(MODEL_ROWS).collect();
        let Dataset { x, y, .. } = base.rows(&rows);
        self.model_rows = Some((x, y));
    }

    /// The row of the file that the how-manieth row to train on, or of those held back, is.
    pub(super) fn row_of_the_file(&self, row: usize, role: RowRole) -> usize {
        let rows = self.roles.iter().enumerate().filter(|(_, of)| **of == role);
        let row = rows.map(|(place, _)| place).nth(row).unwrap_or(row);
        dropped::row_of_the_file(&self.dropped, row)
    }

    /// The rows of the file that these rows of the table are.
    pub(super) fn in_the_file(&self, rows: &[usize]) -> Vec<usize> {
        rows.iter().map(|row| dropped::row_of_the_file(&self.dropped, *row)).collect()
    }

    /// The rows of the file that have a role.
    pub(super) fn rows_of(&self, role: RowRole) -> Vec<usize> {
        let rows = self.roles.iter().enumerate().filter(|(_, of)| **of == role);
        rows.map(|(row, _)| dropped::row_of_the_file(&self.dropped, row)).collect()
    }

    /// The cells of the first rows of a role.
    pub(super) fn rows(&self, count: usize, role: RowRole) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let mut records = Records::new(&self.text, self.body, &self.dialect);
        let mut record = Record::default();
        let (mut row, mut dropped) = (0, self.dropped.iter().copied().peekable());
        let mut line = 0;
        while rows.len() < count
            && row < self.count
            && matches!(records.next(&mut record), Ok(true))
        {
            if record.end == self.text.len() && !self.is_whole {
                break; // it may be cut
            }
            line += 1;
            if dropped.next_if_eq(&(line - 1)).is_some() {
                continue;
            }
            if self.roles.get(row).copied().unwrap_or(RowRole::Train) == role {
                let cell = |column: &KeptColumn| {
                    let cell = record.cells.get(column.index).map_or("", |cell| cell.trim());
                    self.written(column, cell)
                };
                rows.push(self.columns.iter().map(cell).collect());
            }
            row += 1;
        }
        rows
    }

    /// A cell; of numbers as programs write them.
    fn written(&self, column: &KeptColumn, cell: &str) -> String {
        let numerals = &self.dialect.numerals;
        let plain =
            if column.is_number && !numerals.are_plain() { numerals.plain(cell) } else { None };
        plain.unwrap_or_else(|| cell.to_string())
    }
}
