//! `ChosenRows`: which rows of a table are used, where not all are.

use super::chunk::Chunk;
use crate::diagnostics::Diagnostic;

/// Which rows of a table are used.
pub(super) struct ChosenRows {
    /// The places of those that are left out, which rise.
    pub places: Vec<usize>,
    /// Their numbers, counted from 0 among all rows of the table.
    pub rows: Vec<usize>,
    /// The place of the last row that is used, where those after it are not read.
    pub last: Option<usize>,
    /// What is to be told of them.
    pub told: Option<Diagnostic>,
}

impl ChosenRows {
    /// Whether the row at a place is used.
    pub(super) fn has(&self, place: usize) -> bool {
        self.last.is_none_or(|last| place <= last) && self.places.binary_search(&place).is_err()
    }

    /// Whether a chunk is the last that has rows that are used.
    pub(super) fn end_in(&self, chunk: &Chunk) -> bool {
        let Some(last) = self.last else { return false };
        chunk.rows > 0 && chunk.place_of(chunk.rows - 1) >= last
    }
}
