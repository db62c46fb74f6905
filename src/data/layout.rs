//! The layout of a table: which cells of a row are wanted, and where each is kept.

use std::collections::HashMap;

use super::cells::{Missing, Why, limit};
use super::chunk::{Chunk, Read};
use super::dialect::{Dialect, Numerals};
use super::dictionary::Dictionary;
use super::header::Header;
use super::records::Record;

/// Bytes of text that are read at once, where all of it is.
const PIECE_BYTES: usize = 1 << 20;

/// A column that is wanted.
#[derive(Clone)]
pub(super) struct Wanted {
    /// Its name.
    pub name: String,
    /// Its place in the header.
    pub index: usize,
    /// Categories, not numbers.
    pub text: bool,
    /// What to do where text stands in place of a number.
    pub advice: String,
    /// What else to do about a cell that is missing than to fill it.
    pub filling: String,
    /// What to do where booleans do.
    pub booleans: String,
    /// The largest number that it takes.
    pub limit: f64,
    /// Whether cells that are missing are read, as [`MISSING_NUMBER`](super::chunk::MISSING_NUMBER) or [`MISSING_CODE`](super::chunk::MISSING_CODE); where
    /// not, they are errors.
    pub takes_missing: bool,
    /// What else reads as missing in it.
    pub missing: Missing,
    /// The text between the values of a cell that may hold several.
    pub separator: Option<String>,
}

impl Wanted {
    /// A column of texts that only this program reads.
    pub(super) fn text(name: &str, index: usize) -> Wanted {
        Wanted { text: true, ..Wanted::weight(name, index) }
    }

    /// The column of the sample weights.
    pub(super) fn weight(name: &str, index: usize) -> Wanted {
        let advice = "weights are numbers".to_string();
        let (name, booleans) = (name.to_string(), "write 1 and 0".to_string());
        let limit = limit(false);
        Wanted {
            name,
            index,
            text: false,
            advice,
            filling: String::new(),
            booleans,
            limit,
            takes_missing: false,
            missing: Missing::default(),
            separator: None,
        }
    }
}

/// Where a wanted column is kept: the how-manieth of the columns of numbers or of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// In [`Chunk::numbers`].
    Number(usize),
    /// In [`Chunk::codes`].
    Text(usize),
}

/// The wanted columns in the order of the file.
pub(super) struct Layout<'a> {
    /// By place in the header.
    pub steps: Vec<&'a Wanted>,
    /// The names of all columns.
    pub header: &'a Header,
    /// How many cells a row has.
    pub columns: usize,
    /// Whether the steps are in the order of the columns.
    pub is_in_order: bool,
    /// How numbers are written, and whether that is as programs do.
    pub numerals: &'a Numerals,
    pub are_numbers_plain: bool,
    /// Whether the rows are kept as they stand in the file.
    pub keeps_rows: bool,
    /// How many bytes of text are read at once: never by the number of threads, so that nothing
    /// depends on it.
    pub piece_bytes: usize,
    /// How many of the steps are numbers.
    pub numbers: usize,
    /// How many are texts.
    pub texts: usize,
    /// What reads as missing in any column.
    missing: &'a Missing,
}

impl<'a> Layout<'a> {
    /// The layout of the wanted columns under a header.
    pub(super) fn new(
        header: &'a Header,
        wanted: &'a [Wanted],
        missing: &'a Missing,
    ) -> Layout<'a> {
        let mut steps: Vec<&Wanted> = wanted.iter().collect();
        steps.sort_by_key(|step| step.index); // stable: a column is read as it is first wanted
        steps.dedup_by_key(|step| step.index);
        let texts = steps.iter().filter(|step| step.text).count();
        Layout {
            numbers: steps.len() - texts,
            texts,
            steps,
            header,
            columns: header.names.len(),
            is_in_order: true,
            numerals: &header.dialect.numerals,
            are_numbers_plain: header.dialect.numerals.are_plain(),
            keeps_rows: false,
            piece_bytes: PIECE_BYTES,
            missing,
        }
    }

    /// The same steps of a table that has these columns in another order.
    pub(super) fn in_the_order_of<'b>(&self, header: &'b Header, wanted: &'b [Wanted]) -> Layout<'b>
    where
        'a: 'b,
    {
        let is_in_order = wanted.is_sorted_by_key(|step| step.index);
        let (numerals, columns) = (&header.dialect.numerals, header.names.len());
        Layout {
            steps: wanted.iter().collect(),
            header,
            columns,
            is_in_order,
            numerals,
            are_numbers_plain: numerals.are_plain(),
            keeps_rows: self.keeps_rows,
            piece_bytes: self.piece_bytes,
            numbers: self.numbers,
            texts: self.texts,
            missing: self.missing,
        }
    }

    /// Whether a cell of a column, without blanks around it, is missing, and how.
    pub(super) fn why_missing(&self, step: &Wanted, cell: &str) -> Option<Why> {
        self.missing.why(cell).or_else(|| step.missing.why(cell))
    }

    /// Whether a number is a mark of what is missing.
    #[inline]
    pub(super) fn is_mark(&self, step: &Wanted, number: f64) -> bool {
        self.missing.has(number) || step.missing.has(number)
    }

    /// The number in a cell.
    pub(super) fn number(&self, step: &Wanted, cell: &str) -> Result<f64, Why> {
        step.missing.why(cell).map_or(Ok(()), Err)?;
        let number = self.missing.number(cell, step.limit, self.numerals)?;
        if step.missing.has(number) { Err(Why::Missing) } else { Ok(number) }
    }

    /// Whether a row has as many cells as the header.
    pub(super) fn has_all_cells(&self, record: &Record<'_>, dialect: &Dialect) -> bool {
        let has_one_more = || {
            let last = record.cells.last().is_some_and(|last| last.trim().is_empty());
            dialect.drops_trailing && record.len() == self.columns + 1 && last
        };
        record.len() == self.columns || has_one_more()
    }

    /// A chunk to be filled, with room for so many rows.
    pub(super) fn empty(&self, rows: usize) -> Read {
        Read {
            chunk: Chunk { starts: Vec::with_capacity(rows), ..Chunk::default() },
            numbers: Vec::with_capacity(rows * self.numbers),
            codes: Vec::with_capacity(rows * self.texts),
            width: self.numbers,
            texts: vec![Dictionary::default(); self.texts],
            kept: String::new(),
            kept_ends: Vec::new(),
        }
    }

    /// The slot of each wanted column: its rank among those of its kind, in the order of the file.
    pub(super) fn slots(&self, wanted: &[Wanted]) -> Vec<Slot> {
        let mut by_index = HashMap::new();
        let (mut numbers, mut texts) = (0, 0);
        for step in &self.steps {
            let (slot, next) = if step.text {
                (Slot::Text(texts), &mut texts)
            } else {
                (Slot::Number(numbers), &mut numbers)
            };
            *next += 1;
            by_index.insert(step.index, slot);
        }
        wanted.iter().filter_map(|column| by_index.get(&column.index).copied()).collect()
    }
}
