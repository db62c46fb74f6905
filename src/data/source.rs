//! `Source`: what every table is read through, whatever it is kept in.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::array::Array;
use super::chunk::Read;
use super::csv_text::Csv;
use super::faults::Faults;
use super::header::Header;
use super::layout::Layout;
use super::row_places::RowPlaces;
use crate::diagnostics::{Diagnostic, Place};
use crate::error::Result;

/// A table, whatever it is kept in.
pub(super) trait Source: Send + Sync {
    /// Where its rows are.
    fn places(&self) -> &dyn RowPlaces;

    /// What messages call it: `data/loan.csv`, or `stdin`.
    fn name(&self) -> &str {
        self.places().name()
    }

    /// Where a row is, for messages: `loan.csv:17`.
    fn at(&self, place: usize) -> Place {
        self.places().at(place)
    }

    /// The names of its columns.
    fn header(&self) -> &Header;

    /// The text that it is, whose dialect may be told by its first lines.
    fn as_csv(&self) -> Option<&Csv> {
        None
    }

    /// Hands the wanted cells to `take`, chunk after chunk in the order of the rows. Cells that can't
    /// be used are added to `faults`, and their rows left out; unless such rows are skipped, nothing
    /// is handed over after them.
    fn read(
        &self,
        layout: &Layout<'_>,
        faults: &mut Faults<'_>,
        take: &mut dyn FnMut(Read) -> Result<()>,
    ) -> Result<()>;

    /// The first rows as text, written as the header says.
    fn beginning(&self) -> Beginning;

    /// Where the paths in the cells of a row begin, where these are relative.
    fn folder(&self, _place: usize) -> PathBuf {
        let file = Path::new(self.name());
        // of a file within an archive, that of the archive
        let folder = file.ancestors().skip(1).find(|folder| folder.is_dir());
        folder.unwrap_or(Path::new("")).to_path_buf()
    }

    /// What to do where there is no column of a name.
    fn missing_help(&self, name: &str) -> String {
        self.header().missing_help(name)
    }

    /// What the user should know of what is left out.
    fn notes(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// What `data.format` calls what it is kept in.
    fn format(&self) -> &'static str;

    /// The arrays that its columns are of, where it holds arrays.
    fn arrays(&self) -> &[ArrayColumns] {
        &[]
    }

    /// The arrays themselves, where it holds some.
    fn into_arrays(self: Box<Self>) -> Vec<Array> {
        Vec::new()
    }
}

/// An array among the columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArrayColumns {
    /// Empty for the only one of its file.
    pub name: String,
    /// Where its columns are.
    pub columns: Range<usize>,
    /// The shape of one row of it.
    pub shape: Vec<usize>,
}

/// The first rows of a table as text.
pub(super) struct Beginning {
    /// The text.
    pub text: String,
    /// The byte of it where the rows begin.
    pub body: usize,
    /// Whether it is the whole table.
    pub is_whole: bool,
}

impl Beginning {
    /// A header, and at most so many lines of CSV.
    pub(super) fn of_rows(
        header: &Header,
        mut rows: impl Iterator<Item = String>,
        most: usize,
        is_whole: bool,
    ) -> Beginning {
        let mut text = line_of_csv(header.raw.iter().map(String::as_str)) + "\n";
        let body = text.len();
        for row in rows.by_ref().take(most) {
            text += &row;
            text.push('\n');
        }
        Beginning { text, body, is_whole: is_whole && rows.next().is_none() }
    }
}

/// Cells as a line of CSV, without its line break.
pub(super) fn line_of_csv<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let mut line = String::new();
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            line.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            line += &format!("\"{}\"", cell.replace('"', "\"\""));
        } else {
            line += cell;
        }
    }
    line
}
