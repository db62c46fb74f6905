//! Dropped: rows that are left out since a cell is missing, and which they are in the file.

use super::chunk::MISSING_CODE;
use super::layout::Slot;
use super::table::Table;
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Result};

/// Rows that are left out, by the column for which they are.
#[derive(Debug, Clone, Default)]
pub(super) struct LeftOut {
    columns: Vec<(String, usize)>,
    rows: usize,
    all: usize,
}

impl LeftOut {
    /// None yet, for these columns.
    pub(super) fn new(columns: &[(&str, usize)]) -> LeftOut {
        let columns = columns.iter().map(|(name, _)| ((*name).to_string(), 0)).collect();
        LeftOut { columns, rows: 0, all: 0 }
    }

    /// What is to be told of them; an error where no row is left.
    pub(super) fn told(&self, file: &str) -> Result<Option<Diagnostic>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let because = self.columns.iter().filter(|(_, count)| *count > 0);
        let because: Vec<String> =
            because.map(|(name, count)| format!("`{name}` in {count}")).collect();
        let message = format!(
            "{} of {} rows are left out by `missing: drop_row`, for a cell is missing: {}",
            self.rows,
            self.all,
            because.join(", ")
        );
        if self.rows == self.all {
            return Err(Error::data(file, message)
                .with_code(Code::Cell)
                .with_help("no row is left"));
        }
        Ok(Some(Diagnostic::warning(Code::Cell, message).at(file)))
    }
}

impl Table {
    /// Leaves out the rows in which one of these columns is missing, each with its name and its
    /// place among the slots, and counts them.
    pub(super) fn drop_rows(&mut self, columns: &[(&str, usize)], left_out: &mut LeftOut) {
        if columns.is_empty() {
            return;
        }
        let (mut start, mut dropped) = (0, Vec::new());
        for chunk in &mut self.chunks {
            let is_missing = |row: usize, slot: Slot| match slot {
                Slot::Number(place) => chunk.numbers[place].at(row).is_nan(),
                Slot::Text(place) => chunk.codes[place][row] == MISSING_CODE,
            };
            let mut kept = Vec::with_capacity(chunk.rows);
            for row in 0..chunk.rows {
                let missing = |(_, slot): &(&str, usize)| is_missing(row, self.slots[*slot]);
                match columns.iter().position(missing) {
                    None => kept.push(row as u32),
                    Some(column) => {
                        left_out.columns[column].1 += 1;
                        dropped.push(start + row);
                    }
                }
            }
            start += chunk.rows;
            if kept.len() < chunk.rows {
                *chunk = chunk.of_rows(&kept);
            }
        }
        left_out.rows += dropped.len();
        left_out.all += start;
        self.add_dropped(&dropped);
    }

    /// Leaves out these rows, which rise and are counted among those that are left.
    pub(super) fn leave_out(&mut self, rows: &[usize]) {
        let left_out = rows;
        let (mut start, mut rows) = (0, rows.iter().copied().peekable());
        for chunk in &mut self.chunks {
            let is_kept = |row: &u32| rows.next_if_eq(&(start + *row as usize)).is_none();
            let kept: Vec<u32> = (0..chunk.rows as u32).filter(is_kept).collect();
            start += chunk.rows;
            if kept.len() < chunk.rows {
                *chunk = chunk.of_rows(&kept);
            }
        }
        self.add_dropped(left_out);
    }

    /// Notes that these rows are left out, counted among those that were left before.
    fn add_dropped(&mut self, rows: &[usize]) {
        let in_file = rows.iter().map(|row| row_of_the_file(&self.dropped, *row));
        let in_file: Vec<usize> = in_file.collect();
        self.dropped.extend(in_file);
        self.dropped.sort_unstable();
    }
}

/// The row of the file that the how-manieth row is of those that are not dropped.
pub(super) fn row_of_the_file(dropped: &[usize], row: usize) -> usize {
    // so many are kept before the one at `place` that is dropped
    let kept_before = |place: usize| dropped[place] - place;
    let (mut low, mut high) = (0, dropped.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if kept_before(middle) <= row { low = middle + 1 } else { high = middle }
    }
    row + low
}

#[cfg(test)]
mod tests {
    use super::row_of_the_file;

    #[test]
    fn rows_are_found_again_in_the_file() {
        let kept: Vec<usize> = (0..5).map(|row| row_of_the_file(&[0, 2, 3, 7], row)).collect();
        assert_eq!(kept, [1, 4, 5, 6, 8]);
    }
}
