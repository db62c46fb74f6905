//! Chunks of a table: consecutive rows, a column beside the other.

use super::dictionary::Dictionary;
use super::numbers::Numbers;

/// Some consecutive rows.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Chunk {
    /// How many.
    pub rows: usize,
    /// The columns of numbers.
    pub numbers: Vec<Numbers>,
    /// The columns of texts; a code is a place in the table's texts, or [`MISSING_CODE`].
    pub codes: Vec<Vec<u32>>,
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

    /// The same with these rows alone.
    pub(super) fn of_rows(&self, rows: &[u32]) -> Chunk {
        let place = |row: &u32| (self.place_of(*row as usize) - self.place) as u32;
        let codes_of = |codes: &Vec<u32>| rows.iter().map(|row| codes[*row as usize]).collect();
        Chunk {
            rows: rows.len(),
            numbers: self.numbers.iter().map(|numbers| numbers.of_rows(rows)).collect(),
            codes: self.codes.iter().map(codes_of).collect(),
            place: self.place,
            starts: rows.iter().map(place).collect(),
        }
    }
}

/// A cell of numbers that is missing; no cell that is read is NaN.
pub(super) const MISSING_NUMBER: f64 = f64::NAN;
/// A cell of texts that is missing: no place in the table's texts.
pub(super) const MISSING_CODE: u32 = u32::MAX;

/// A chunk that is being read, whose codes are of its own texts.
pub(super) struct Read {
    pub chunk: Chunk,
    /// The numbers and the codes, row after row, until [`Read::ended`].
    pub numbers: Vec<f64>,
    pub codes: Vec<u32>,
    /// How many numbers a row has.
    pub width: usize,
    pub texts: Vec<Dictionary>,
    /// The rows as they stand in the file, where they are kept, and where each ends.
    pub kept: String,
    pub kept_ends: Vec<usize>,
}

/// Columns that are taken out of the rows together, since they lie in one line of the cache.
const TOGETHER: usize = 8;

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
        let (numbers, codes) = (std::mem::take(&mut self.numbers), std::mem::take(&mut self.codes));
        self.chunk.numbers.reserve_exact(self.width);
        columns(&numbers, self.width, &mut |column| self.chunk.numbers.push(Numbers::of(column)));
        columns(&codes, self.texts.len(), &mut |column| self.chunk.codes.push(column.to_vec()));
        self
    }
}

/// Hands over the columns of rows that stand one after the other.
fn columns<T: Copy>(rows: &[T], width: usize, take: &mut dyn FnMut(&[T])) {
    let mut columns: Vec<Vec<T>> = vec![Vec::new(); TOGETHER.min(width)];
    for first in (0..width).step_by(TOGETHER) {
        let count = TOGETHER.min(width - first);
        columns.iter_mut().for_each(Vec::clear);
        for row in rows.chunks_exact(width) {
            let cells = &row[first..first + count];
            columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(*cell));
        }
        columns[..count].iter().for_each(|column| take(column));
    }
}
