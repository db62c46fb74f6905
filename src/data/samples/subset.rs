//! Some rows of other samples: a fold, a split, the share of one machine.

use super::{Samples, new_id};
use crate::data::batch::{BatchColumn, ColumnSpec};
use crate::error::Result;

/// Some rows of other samples, in an order of their own; nothing is copied.
pub struct Subset<'a> {
    id: u64,
    of: &'a dyn Samples,
    rows: Vec<u64>,
}

impl<'a> Subset<'a> {
    /// These rows, each of which `of` has.
    pub fn new(of: &'a dyn Samples, rows: Vec<u64>) -> Self {
        Subset { id: new_id(), of, rows }
    }
}

impl Samples for Subset<'_> {
    fn id(&self) -> Option<u64> {
        self.of.id().map(|_| self.id)
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn columns(&self) -> &[ColumnSpec] {
        self.of.columns()
    }

    fn expect(&self, rows: &[u64]) {
        let rows: Vec<u64> = rows.iter().map(|row| self.rows[*row as usize]).collect();
        self.of.expect(&rows);
    }

    fn gather_column(&self, column: usize, rows: &[u64], to: &mut BatchColumn) -> Result<()> {
        let rows: Vec<u64> = rows.iter().map(|row| self.rows[*row as usize]).collect();
        self.of.gather_column(column, &rows, to)
    }
}
