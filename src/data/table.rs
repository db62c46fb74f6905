//! Table: the cells that are wanted, as numbers and as codes of texts, in chunks of rows.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use super::cells::{Missing, limit};
use super::header::Header;
use super::source::Source;
use super::{careful, plain};
use crate::diagnostics::Code;
use crate::error::{Error, Result};
use crate::threads;

/// A column that is wanted.
pub(super) struct Wanted {
    /// Its name.
    pub name: String,
    /// Its place in the header.
    pub index: usize,
    /// Categories, not numbers.
    pub text: bool,
    /// What to do where text stands in place of a number.
    pub advice: String,
    /// What to do where booleans do.
    pub booleans: String,
    /// The largest number that it takes.
    pub limit: f64,
    /// Whether cells that are missing are read, as [`MISSING_NUMBER`] or [`MISSING_CODE`]; where
    /// not, they are errors.
    pub takes_missing: bool,
}

/// A cell of numbers that is missing; no cell that is read is NaN.
pub(super) const MISSING_NUMBER: f64 = f64::NAN;
/// A cell of texts that is missing: no place in the table's texts.
pub(super) const MISSING_CODE: u32 = u32::MAX;

impl Wanted {
    /// The column of the sample weights.
    pub(super) fn weight(name: &str, index: usize) -> Wanted {
        let advice = "weights are numbers".to_string();
        let (name, booleans) = (name.to_string(), "write 1 and 0".to_string());
        let limit = limit(false);
        Wanted { name, index, text: false, advice, booleans, limit, takes_missing: false }
    }
}

/// Where a wanted column is kept: the how-manieth of the numbers or of the texts of a row.
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
    /// How many cells a row has.
    pub columns: usize,
    /// What stands between two cells.
    pub delimiter: u8,
    /// How many of the steps are numbers.
    pub numbers: usize,
    /// How many are texts.
    pub texts: usize,
    /// What reads as missing.
    pub missing: &'a Missing,
}

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
}

/// Some consecutive rows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Chunk {
    /// How many.
    pub rows: usize,
    /// Row after row.
    pub numbers: Numbers,
    /// Row after row; a code is a place in the table's texts, or [`MISSING_CODE`].
    pub codes: Vec<u32>,
}

/// The numbers of a chunk. Where each of them is one that 32 bits hold (pixels, counts), they take
/// half of the memory.
#[derive(Debug, PartialEq)]
pub(super) enum Numbers {
    /// As they were read.
    Wide(Vec<f64>),
    /// The same numbers, to the last bit.
    Narrow(Vec<f32>),
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::Wide(Vec::new())
    }
}

impl Numbers {
    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Numbers::Wide(values) => values.len(),
            Numbers::Narrow(values) => values.len(),
        }
    }

    /// One of them.
    #[inline]
    pub(super) fn at(&self, index: usize) -> f64 {
        match self {
            Numbers::Wide(values) => values[index],
            Numbers::Narrow(values) => f64::from(values[index]),
        }
    }

    /// These numbers, in half of the memory where that holds them.
    pub(super) fn of(values: Vec<f64>) -> Numbers {
        let is_narrow = |value: &f64| f64::from(*value as f32).to_bits() == value.to_bits();
        match values.iter().all(is_narrow) {
            true => Numbers::Narrow(values.iter().map(|value| *value as f32).collect()),
            false => Numbers::Wide(values),
        }
    }
}

/// A chunk that is being read, whose codes are of its own texts.
pub(super) struct Read {
    pub chunk: Chunk,
    /// The chunk's numbers until [`Read::ended`].
    pub numbers: Vec<f64>,
    pub texts: Vec<Interner>,
}

impl Read {
    /// The same when all rows are read.
    pub(super) fn ended(mut self) -> Read {
        self.chunk.numbers = Numbers::of(std::mem::take(&mut self.numbers));
        self
    }
}

/// Distinct texts, numbered as they are met.
#[derive(Default)]
pub(super) struct Interner {
    /// By number.
    pub texts: Vec<String>,
    numbers: HashMap<String, u32>,
}

/// Bytes of text that are read at once; fixed, so that nothing depends on the number of threads.
const CHUNK_BYTES: usize = 1 << 20;

impl Table {
    /// Reads the wanted columns. Plain text goes the fast way; where that meets anything unusual, all
    /// of it is read again with care, which says what is wrong if something is.
    pub(super) fn read(
        source: &Source,
        header: &Header,
        wanted: &[Wanted],
        missing: &Missing,
    ) -> Result<Table> {
        let layout = Layout::new(header, wanted, missing);
        let reads = match read_plain(source, header, &layout, CHUNK_BYTES) {
            Some(reads) => reads,
            None => careful::read(source, header, &layout)?,
        };
        let table = join(reads, &layout, wanted);
        if table.rows() == 0 {
            return Err(Error::data(&source.name, "the table has a header and no rows")
                .with_code(Code::NotATable)
                .with_help("add at least one row under the columns' names"));
        }
        Ok(table)
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

impl<'a> Layout<'a> {
    /// The layout of the wanted columns under a header.
    pub(super) fn new(header: &Header, wanted: &'a [Wanted], missing: &'a Missing) -> Layout<'a> {
        let mut steps: Vec<&Wanted> = wanted.iter().collect();
        steps.sort_by_key(|step| step.index);
        let texts = steps.iter().filter(|step| step.text).count();
        Layout {
            numbers: steps.len() - texts,
            texts,
            steps,
            columns: header.names.len(),
            delimiter: header.delimiter,
            missing,
        }
    }

    /// A chunk to be filled, with room for so many rows.
    pub(super) fn empty(&self, rows: usize) -> Read {
        let codes = Vec::with_capacity(rows * self.texts);
        Read {
            chunk: Chunk { rows: 0, numbers: Numbers::default(), codes },
            numbers: Vec::with_capacity(rows * self.numbers),
            texts: (0..self.texts).map(|_| Interner::default()).collect(),
        }
    }
}

impl Interner {
    /// The number of a text, and whether it is a new one since the text wasn't met before.
    pub(super) fn number(&mut self, text: &str) -> (u32, bool) {
        if let Some(number) = self.numbers.get(text) {
            return (*number, false);
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.to_string());
        self.numbers.insert(text.to_string(), number);
        (number, true)
    }
}

/// The fast way: None where a cell over several lines, a lone CR, or a cell that isn't right is met.
pub(super) fn read_plain(
    source: &Source,
    header: &Header,
    layout: &Layout<'_>,
    chunk_bytes: usize,
) -> Option<Vec<Read>> {
    let pieces = source.pieces(header.body, chunk_bytes);
    let read = |buffer: &mut Vec<u8>, piece: Range<usize>| {
        let is_first = piece.start == header.body;
        plain::read(source.lines(piece, is_first, buffer)?, layout)
    };
    threads::within(|| pieces.into_par_iter().map_init(Vec::new, read).collect())
}

/// Joins chunks in order; the texts' numbers become those of the whole table.
fn join(reads: Vec<Read>, layout: &Layout<'_>, wanted: &[Wanted]) -> Table {
    let mut whole: Vec<Interner> = (0..layout.texts).map(|_| Interner::default()).collect();
    let mut chunks = Vec::with_capacity(reads.len());
    for mut read in reads {
        let renumbered: Vec<Vec<u32>> = read
            .texts
            .iter()
            .zip(&mut whole)
            .map(|(own, whole)| own.texts.iter().map(|text| whole.number(text).0).collect())
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
    let texts = whole.into_iter().map(|interner| interner.texts).collect();
    Table { chunks, texts, slots: slots(layout, wanted), numbers: layout.numbers }
}

/// The slot of each wanted column: its rank among those of its kind, in the order of the file.
fn slots(layout: &Layout<'_>, wanted: &[Wanted]) -> Vec<Slot> {
    let mut by_index = HashMap::new();
    let (mut numbers, mut texts) = (0, 0);
    for step in &layout.steps {
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
