//! Table: the cells that are wanted, as numbers and as codes of texts, in chunks of rows.

use std::borrow::Cow;

use super::cells::Missing;
use super::chosen_rows::ChosenRows;
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
    /// Reads the wanted columns of a whole table, or of the rows of it that are chosen.
    pub(super) fn read(
        source: &dyn Source,
        wanted: &[Wanted],
        missing: &Missing,
        chosen: Option<&ChosenRows>,
    ) -> Result<Table> {
        let layout = Layout::new(source.header(), wanted, missing);
        let mut reads = Vec::new();
        read_until(source, &layout, chosen, &mut |read| {
            let is_last = chosen.is_some_and(|chosen| chosen.end_in(&read.chunk));
            reads.push(read);
            Ok(!is_last)
        })?;
        let mut table = Table::of(reads, &layout, wanted);
        if let Some(chosen) = chosen {
            table.choose(chosen);
            table.dropped.clone_from(&chosen.rows);
        }
        if table.rows() == 0 {
            return Err(no_rows(source.name()));
        }
        Ok(table)
    }

    /// Hands over the wanted columns, some rows at a time, as long as `take` gives true.
    pub(super) fn read_parts(
        source: &dyn Source,
        wanted: &[Wanted],
        missing: &Missing,
        take: &mut dyn FnMut(&Table) -> Result<bool>,
    ) -> Result<()> {
        let layout = Layout::new(source.header(), wanted, missing);
        read_until(source, &layout, None, &mut |read| take(&Table::of(vec![read], &layout, wanted)))
    }

    /// Leaves out the rows that are not chosen.
    pub(super) fn choose(&mut self, chosen: &ChosenRows) {
        for chunk in &mut self.chunks {
            let is_kept = |row: &u32| chosen.has(chunk.place_of(*row as usize));
            let kept: Vec<u32> = (0..chunk.rows as u32).filter(is_kept).collect();
            if kept.len() < chunk.rows {
                *chunk = chunk.of_rows(&kept);
            }
        }
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

/// Reads chunk after chunk, as long as `take` gives true.
fn read_until(
    source: &dyn Source,
    layout: &Layout<'_>,
    chosen: Option<&ChosenRows>,
    take: &mut dyn FnMut(Read) -> Result<bool>,
) -> Result<()> {
    let mut faults = Faults::new(source.places(), layout).of_chosen(chosen);
    let mut is_enough = false;
    let read = source.read(layout, &mut faults, &mut |read| {
        is_enough = !take(read)?;
        // an error is how a source is told to break off
        if is_enough { Err(Error::Internal("enough rows".to_string())) } else { Ok(()) }
    });
    if is_enough {
        return Ok(());
    }
    read?;
    faults.error().map_or(Ok(()), Err)
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
