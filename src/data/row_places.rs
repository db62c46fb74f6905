//! Where the rows of a table are, for messages.

use crate::diagnostics::Place;

/// What tells where rows are. A place is a number that grows from row to row: the byte where a row of
/// text begins, or the number of the row.
pub(super) trait RowPlaces: Send + Sync {
    /// What messages call it: `data/loan.csv`, or `stdin`.
    fn name(&self) -> &str;

    /// The line of a place, or the number of the row, from 1.
    fn line(&self, place: usize) -> usize;

    /// What that number counts.
    fn unit(&self) -> &'static str {
        "line"
    }

    /// The same for messages: `loan.csv:17`.
    fn at(&self, place: usize) -> Place {
        Place::line(self.name(), self.line(place))
    }

    /// Where its columns are named, for messages.
    fn at_header(&self) -> Place {
        self.at(0)
    }
}

/// The rows of a table that is no text: their places are their numbers.
pub(super) struct NumberedRows {
    /// What messages call the table.
    pub name: String,
}

impl RowPlaces for NumberedRows {
    fn name(&self) -> &str {
        &self.name
    }

    fn line(&self, place: usize) -> usize {
        place + 1
    }

    fn unit(&self) -> &'static str {
        "row"
    }
}
