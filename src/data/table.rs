//! Table: the cells that are wanted, as numbers and as codes of texts, in chunks of rows.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use super::header::{Header, records};
use super::source::Source;
use super::{float, plain};
use crate::diagnostics::{Code, Place};
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
    /// Row after row; a code is a place in the table's texts.
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
/// Rows of a chunk where the text isn't cut by bytes.
const CHUNK_ROWS: usize = 4096;

/// Rows that are gone over column by column: few enough to stay in the nearest cache.
pub(super) const BLOCK_ROWS: usize = 64;

impl Table {
    /// Reads the wanted columns. Plain text goes the fast way; where that meets anything unusual,
    /// the csv crate reads it all again, and says what is wrong if something is.
    pub(super) fn read(source: &Source, header: &Header, wanted: &[Wanted]) -> Result<Table> {
        let layout = Layout::new(header, wanted);
        let reads = match read_plain(source, header, &layout, CHUNK_BYTES) {
            Some(reads) => reads,
            None => read_records(source, &layout)?,
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
    pub(super) fn new(header: &Header, wanted: &'a [Wanted]) -> Layout<'a> {
        let mut steps: Vec<&Wanted> = wanted.iter().collect();
        steps.sort_by_key(|step| step.index);
        let texts = steps.iter().filter(|step| step.text).count();
        Layout {
            numbers: steps.len() - texts,
            texts,
            steps,
            columns: header.names.len(),
            delimiter: header.delimiter,
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
    /// The number of a text, which is a new one where it wasn't met before.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.to_string());
        self.numbers.insert(text.to_string(), number);
        number
    }
}

/// The fast way: None where a quote, a lone CR, or a cell that isn't right is met.
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

/// The csv crate's way, for text with quotes and for errors.
pub(super) fn read_records(source: &Source, layout: &Layout<'_>) -> Result<Vec<Read>> {
    let mut reader = records(source.text()?, layout.delimiter);
    let mut record = csv::StringRecord::new();
    let failed = |error: csv::Error| Error::data(&source.name, error.to_string());
    reader.read_record(&mut record).map_err(failed)?; // the header
    let mut reads = Vec::new();
    let mut read = layout.empty(CHUNK_ROWS);
    while reader.read_record(&mut record).map_err(failed)? {
        let place = || source.at(record.position().map_or(0, |at| at.byte() as usize));
        if record.len() != layout.columns {
            return Err(ragged(place(), &record, layout.columns));
        }
        let mut text_slot = 0;
        for step in &layout.steps {
            let cell = record.get(step.index).unwrap_or_default().trim();
            if cell.is_empty() {
                let message = format!("column `{}`: the cell is empty", step.name);
                let place = place().in_column(&step.name);
                return Err(Error::data(place, message).with_code(Code::Cell).with_help(FILL));
            }
            if step.text {
                read.chunk.codes.push(read.texts[text_slot].number(cell));
                text_slot += 1;
            } else {
                let value = number(cell).map_err(|why| wrong(place(), step, cell, why))?;
                read.numbers.push(value);
            }
        }
        read.chunk.rows += 1;
        if read.chunk.rows == CHUNK_ROWS {
            reads.push(std::mem::replace(&mut read, layout.empty(CHUNK_ROWS)).ended());
        }
    }
    reads.push(read.ended());
    Ok(reads)
}

const FILL: &str = "fill it, or remove the row";

/// Why a cell isn't a number that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Text,
    NotFinite,
    TooLarge,
}

/// The number in a cell, which must be finite and fit in 32 bits.
pub(super) fn number(cell: &str) -> Result<f64, Why> {
    let value = float::cell(cell).ok_or(Why::Text)?;
    match () {
        () if fits(value) => Ok(value),
        () if value.is_finite() || cell.bytes().any(|byte| byte.is_ascii_digit()) => {
            Err(Why::TooLarge)
        }
        () => Err(Why::NotFinite),
    }
}

/// Finite, and not too large for 32 bits.
pub(super) fn fits(value: f64) -> bool {
    value.abs() <= f64::from(f32::MAX)
}

/// The error for a cell that isn't a number that can be used.
pub(super) fn wrong(at: Place, column: &Wanted, cell: &str, why: Why) -> Error {
    unusable(at.in_column(&column.name), column, cell, why).with_code(Code::Cell)
}

fn unusable(at: Place, column: &Wanted, cell: &str, why: Why) -> Error {
    let (name, cell) = (&column.name, shortened(cell));
    let missing = ["na", "n/a", "null", "none", "?", "-", "missing", "nil", "<na>"];
    match why {
        Why::NotFinite => {
            Error::data(at, format!("column `{name}`: expected a finite number, found `{cell}`"))
                .with_help(FILL)
        }
        Why::TooLarge => Error::data(
            at,
            format!("column `{name}`: expected a number that fits in 32 bits, found `{cell}`"),
        )
        .with_help("numbers may be up to 3.4e38"),
        Why::Text => {
            let error =
                Error::data(at, format!("column `{name}`: expected a number, found `{cell}`"));
            if missing.contains(&cell.to_lowercase().as_str()) {
                return error.with_help(FILL);
            }
            error.with_help(&column.advice)
        }
    }
}

/// A cell as it is shown in a message.
pub(super) fn shortened(cell: &str) -> String {
    const SHOWN: usize = 40;
    let one_line = cell.replace(['\n', '\r'], " ");
    match one_line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &one_line[..at]),
        None => one_line,
    }
}

fn ragged(at: Place, record: &csv::StringRecord, columns: usize) -> Error {
    let cells = |n: usize| if n == 1 { "1 cell".to_string() } else { format!("{n} cells") };
    let error = Error::data(
        at,
        format!("expected {}, as in the header, found {}", cells(columns), record.len()),
    )
    .with_code(Code::Row);
    if record.iter().any(|cell| cell.contains('\n')) {
        return error.with_help("a quoted cell runs over several lines here: is a `\"` missing?");
    }
    error.with_help("a cell that holds the delimiter must be in double quotes")
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
            .map(|(own, whole)| own.texts.iter().map(|text| whole.number(text)).collect())
            .collect();
        if !renumbered.is_empty() {
            for row in read.chunk.codes.chunks_mut(layout.texts) {
                row.iter_mut().zip(&renumbered).for_each(|(code, new)| *code = new[*code as usize]);
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
