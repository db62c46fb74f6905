//! Codes: what each text of a column becomes.

use super::chunk::MISSING_CODE;
use super::dictionary::Dictionary;
use crate::transforms::{Encoded, Encoding, Fill};

/// What each text of a column becomes, by its code.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// The number of each code, or of its row of numbers; None where it can't be encoded.
    indices: Vec<Option<usize>>,
    /// The same of a missing cell.
    missing: Option<usize>,
    /// A row of numbers for each code, and one for a missing cell, where a text becomes several.
    rows: Vec<f64>,
    width: usize,
}

impl Codes {
    /// Of these texts.
    pub(super) fn new(encoding: &Encoding, fill: Option<&Fill>, texts: &Dictionary) -> Codes {
        let fill = match fill {
            Some(Fill::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        if encoding.image().is_some() {
            // they are read apart
            return Codes { indices: vec![Some(0); texts.len()], ..Codes::default() };
        }
        if !encoding.has_numbers() {
            let indices = texts.iter().map(|text| encoding.index(text)).collect();
            let missing = fill.and_then(|text| encoding.index(text));
            return Codes { indices, missing, ..Codes::default() };
        }
        let width = encoding.width();
        let mut rows = vec![0.0; (texts.len() + 1) * width];
        let mut row = |place: usize, text: &str| {
            encoding.numbers(text, &mut rows[place * width..][..width]).then_some(place)
        };
        let indices = texts.iter().enumerate().map(|(place, text)| row(place, text)).collect();
        let missing = fill.and_then(|text| row(texts.len(), text));
        Codes { indices, missing, rows, width }
    }

    /// The number of a code, or of its row; None where it can't be encoded.
    #[inline]
    pub(super) fn index(&self, code: u32) -> Option<usize> {
        match code {
            MISSING_CODE => self.missing,
            code => self.indices.get(code as usize).copied().flatten(),
        }
    }

    /// Whether every code has a number.
    pub(super) fn are_known(&self) -> bool {
        self.indices.iter().all(Option::is_some)
    }

    /// The rows of numbers, where a text becomes several.
    pub(super) fn rows(&self) -> Option<&[f64]> {
        (self.width > 0).then_some(&self.rows)
    }

    /// One of the numbers of a code.
    pub(super) fn number(&self, code: u32, place: usize) -> f64 {
        let index = self.index(code).unwrap_or_default();
        match self.rows() {
            None => index as f64,
            Some(rows) => rows.get(index * self.width + place).copied().unwrap_or_default(),
        }
    }
}
