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

/// What to do where there are too many to be mended.
const WAYS: &str = "; to leave such pictures out, add `missing: drop_row` to the column's rule, or \
                    predict and evaluate with `--on-error skip`";

impl TablePictures {
    /// The error, where something is wrong.
    pub(super) fn error(&self) -> Option<Error> {
        let mut all: Vec<Diagnostic> = self.bad.iter().map(|(_, bad)| bad.clone()).collect();
        if let Some(first) = all.first_mut() {
            first.help += WAYS;
        }
        Error::all(all)
    }

    /// The rows that can't be used.
    pub(super) fn bad_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.bad.iter().map(|(row, _)| *row)
    }
}
