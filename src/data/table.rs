//! Table: the cells that are wanted, as numbers and as codes of texts, in chunks of rows.

use std::borrow::Cow;

use super::cells::Missing;
use super::chunk::{Chunk, MISSING_CODE, Read};
use super::dictionary::Dictionary;
use super::faults::Faults;
use super::layout::{Layout, Slot, Wanted};
use super::part::Part;
use super::source::Source;
use super::table_pictures::TablePictures;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// The wanted cells of a table.
pub(super) struct Table {
    /// In the order of the file.
    pub chunks: Vec<Chunk>,
    /// The distinct texts of each text slot, in the order in which they are first met.
    pub texts: Vec<Dictionary>,
    /// The slot of each wanted column.
    pub slots: Vec<Slot>,
    /// The rows of the file that are left out, in its order.
    pub dropped: Vec<usize>,
    /// The pictures, where a column names some; of the rows that are not left out.
    pub pictures: Option<TablePictures>,
}

impl Table {
    /// Reads the wanted columns of a whole table.
    pub(super) fn read(source: &dyn Source, wanted: &[Wanted], missing: &Missing) -> Result<Table> {
        let layout = Layout::new(source.header(), wanted, missing);
        let mut faults = Faults::new(source.places(), &layout);
        let mut reads = Vec::new();
        source.read(&layout, &mut faults, &mut |read| {
            reads.push(read);
            Ok(())
        })?;
        if let Some(error) = faults.error() {
            return Err(error);
        }
        let table = Table::of(reads, &layout, wanted);
        if table.rows() == 0 {
            return Err(no_rows(source.name()));
        }
        Ok(table)
    }

    /// Chunks in order as one table; the texts' numbers become those of the whole.
    pub(super) fn of(reads: Vec<Read>, layout: &Layout<'_>, wanted: &[Wanted]) -> Table {
        let (chunks, texts) = join(reads, layout);
        let (slots, dropped, pictures) = (layout.slots(wanted), Vec::new(), None);
        Table { chunks, texts, slots, dropped, pictures }
    }

    /// The place of a row, as its source counts.
    pub(super) fn place_of(&self, row: usize) -> usize {
        let mut left = row;
        for chunk in &self.chunks {
            if left < chunk.rows {
                return chunk.place_of(left);
            }
            left -= chunk.rows;
        }
        row
    }

    /// How many rows.
    pub(super) fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows).sum()
    }

    /// The chunks, each with the number of its first row.
    pub(super) fn with_starts(&self) -> Vec<(usize, &Chunk)> {
        let starts = self.chunks.iter().scan(0, |next, chunk| {
            let start = *next;
            *next += chunk.rows;
            Some(start)
        });
        starts.zip(&self.chunks).collect()
    }

    /// The chunks, to be dropped one by one.
    pub(super) fn take_chunks(&mut self) -> Vec<Cow<'static, Chunk>> {
        std::mem::take(&mut self.chunks).into_iter().map(Cow::Owned).collect()
    }

    /// The chunks, which stay here.
    pub(super) fn lend_chunks(&self) -> Vec<Cow<'_, Chunk>> {
        self.chunks.iter().map(Cow::Borrowed).collect()
    }

    /// The codes of a column of texts, row after row.
    pub(super) fn codes(&self, place: usize) -> impl Iterator<Item = u32> + '_ {
        self.chunks.iter().flat_map(move |chunk| chunk.codes[place].iter().copied())
    }

    /// The numbers of a column of numbers in a part of the rows, in their order.
    pub(super) fn numbers_of(&self, place: usize, part: Part<'_>) -> Vec<f64> {
        let mut numbers = Vec::new();
        for (start, chunk) in self.with_starts() {
            chunk.numbers[place].append(&part.rows(start, chunk.rows), &mut numbers);
        }
        numbers
    }

    /// The numbers of a column of numbers, row after row.
    pub(super) fn numbers(&self, place: usize) -> impl Iterator<Item = f64> + '_ {
        self.chunks.iter().flat_map(move |chunk| chunk.numbers[place].iter())
    }
}

/// Joins chunks in order; the texts' numbers become those of the whole table.
fn join(reads: Vec<Read>, layout: &Layout<'_>) -> (Vec<Chunk>, Vec<Dictionary>) {
    let mut whole = vec![Dictionary::default(); layout.texts];
    let mut chunks = Vec::with_capacity(reads.len());
    for mut read in reads {
        for ((codes, own), whole) in read.chunk.codes.iter_mut().zip(&read.texts).zip(&mut whole) {
            let new = whole.take(own);
            for code in codes {
                *code = new.get(*code as usize).copied().unwrap_or(MISSING_CODE);
            }
        }
        chunks.push(read.chunk);
    }
    (chunks, whole)
}

/// A table without rows.
pub(super) fn no_rows(name: &str) -> Error {
    Error::data(name, "the table has a header and no rows")
        .with_code(Code::NotATable)
        .with_help("add at least one row under the columns' names")
}
