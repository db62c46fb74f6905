//! Table: the cells that are wanted, as numbers and as codes of texts, in chunks of rows.

use super::cells::Missing;
use super::chunk::{Chunk, Interner, MISSING_CODE, Read};
use super::faults::Faults;
use super::layout::{Layout, Slot, Wanted};
use super::source::Source;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// The wanted cells of a table.
pub(super) struct Table {
    /// In the order of the file.
    pub chunks: Vec<Chunk>,
    /// The distinct texts of each text slot, in the order in which they are first met.
    pub texts: Vec<Vec<String>>,
    /// The slot of each wanted column.
    pub slots: Vec<Slot>,
    /// How many numbers a row has.
    pub numbers: usize,
    /// The rows of the file that are left out, in its order.
    pub dropped: Vec<usize>,
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
        Table {
            chunks,
            texts,
            slots: layout.slots(wanted),
            numbers: layout.numbers,
            dropped: Vec::new(),
        }
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
}

/// Joins chunks in order; the texts' numbers become those of the whole table.
fn join(reads: Vec<Read>, layout: &Layout<'_>) -> (Vec<Chunk>, Vec<Vec<String>>) {
    let mut whole: Vec<Interner> = (0..layout.texts).map(|_| Interner::default()).collect();
    let mut chunks = Vec::with_capacity(reads.len());
    for mut read in reads {
        let renumbered: Vec<Vec<u32>> = read
            .texts
            .iter()
            .zip(&mut whole)
            .map(|(own, whole)| own.texts.iter().map(|text| whole.number(text)).collect())
            .collect();
        if !renumbered.is_empty() {
            for row in read.chunk.codes.chunks_mut(layout.texts) {
                for (code, new) in row.iter_mut().zip(&renumbered) {
                    *code = new.get(*code as usize).copied().unwrap_or(MISSING_CODE);
                }
            }
        }
        chunks.push(read.chunk);
    }
    (chunks, whole.into_iter().map(|interner| interner.texts).collect())
}

/// A table without rows.
pub(super) fn no_rows(name: &str) -> Error {
    Error::data(name, "the table has a header and no rows")
        .with_code(Code::NotATable)
        .with_help("add at least one row under the columns' names")
}
