//! Chunks of a table: consecutive rows as numbers and as codes of texts.

use std::collections::HashMap;

/// Some consecutive rows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Chunk {
    /// How many.
    pub rows: usize,
    /// Row after row.
    pub numbers: Numbers,
    /// Row after row; a code is a place in the table's texts, or [`MISSING_CODE`].
    pub codes: Vec<u32>,
    /// The place of the first row, as its source counts.
    pub place: usize,
    /// The places of the rows, counted from there; none where each is one after the other.
    pub starts: Vec<u32>,
}

impl Chunk {
    /// The place of a row.
    pub(super) fn place_of(&self, row: usize) -> usize {
        self.place + self.starts.get(row).map_or(row, |start| *start as usize)
    }
}

/// A cell of numbers that is missing; no cell that is read is NaN.
pub(super) const MISSING_NUMBER: f64 = f64::NAN;
/// A cell of texts that is missing: no place in the table's texts.
pub(super) const MISSING_CODE: u32 = u32::MAX;

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
    /// The rows as they stand in the file, where they are kept, and where each ends.
    pub kept: String,
    pub kept_ends: Vec<usize>,
}

impl Read {
    /// Keeps a row as it stands in the file.
    pub(super) fn keep(&mut self, row: &str) {
        self.kept.push_str(row);
        self.kept_ends.push(self.kept.len());
    }

    /// The rows that are kept.
    pub(super) fn kept_rows(&self) -> impl Iterator<Item = &str> {
        let starts = [0].into_iter().chain(self.kept_ends.iter().copied());
        starts.zip(&self.kept_ends).map(|(start, end)| &self.kept[start..*end])
    }

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

impl Interner {
    /// The number of a text.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        self.number_if(text, || true).unwrap_or_default()
    }

    /// The same; None where it wasn't met before, and may not be added.
    pub(super) fn number_if(
        &mut self,
        text: &str,
        may_be_new: impl FnOnce() -> bool,
    ) -> Option<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        if !may_be_new() {
            return None;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.to_string());
        self.numbers.insert(text.to_string(), number);
        Some(number)
    }
}
