//! The pictures of a table, and what is wrong with any.

use super::pictures::Pictures;
use crate::diagnostics::Diagnostic;
use crate::error::Error;

/// The pictures of a table, row after row.
pub(super) struct TablePictures {
    pub pictures: Pictures,
    /// What is wrong, by the row.
    pub bad: Vec<(usize, Diagnostic)>,
}

impl TablePictures {
    /// The error, where something is wrong.
    pub(super) fn error(&self) -> Option<Error> {
        Error::all(self.bad.iter().map(|(_, diagnostic)| diagnostic.clone()).collect())
    }

    /// The rows that can't be used.
    pub(super) fn bad_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.bad.iter().map(|(row, _)| *row)
    }
}
