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
