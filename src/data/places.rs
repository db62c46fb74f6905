//! Rows of a table as they stand in its file, with their lines.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cells::Missing;
use super::faults::Faults;
use super::layout::Layout;
use super::records::cells_of;
use super::source::Source;
use super::sources;
use crate::error::Result;
use crate::sections::{CsvConfig, TablePaths};

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedRow {
    /// The line, from 1.
    pub line: u64,
    /// The names of the columns and their cells.
    pub cells: Vec<(String, String)>,
}

/// Some rows of a table, counted from 0, in the order that is asked for; those that it doesn't have
/// are left out.
pub fn rows_of_table(
    tables: &TablePaths,
    csv: &CsvConfig,
    rows: &[usize],
) -> Result<Vec<PlacedRow>> {
    let source = sources::open(tables, csv)?;
    let names = &source.header().names;
    let mut found = HashMap::new();
    each_row(&*source, &|row| rows.contains(&row), &mut |row, place, cells| {
        let cells = names.iter().zip(cells);
        let cells = cells.map(|(name, cell)| (name.clone(), cell.trim().to_string()));
        let line = source.places().line(place) as u64;
        found.insert(row, PlacedRow { line, cells: cells.collect() });
    })?;
    Ok(rows.iter().filter_map(|row| found.get(row).cloned()).collect())
}

/// The cells of some columns, by their places in the header, of all rows of a table.
pub(super) fn columns_of(source: &dyn Source, columns: &[usize]) -> Result<Vec<Vec<String>>> {
    let mut all = Vec::new();
    each_row(source, &|_| true, &mut |_, _, cells| {
        let cell = |place: &usize| cells.get(*place).map_or("", |cell| cell.trim()).to_string();
        all.push(columns.iter().map(cell).collect());
    })?;
    Ok(all)
}

/// Hands over the number, the place and the cells of each row that is wanted.
fn each_row(
    source: &dyn Source,
    is_wanted: &dyn Fn(usize) -> bool,
    each: &mut dyn FnMut(usize, usize, &[Cow<'_, str>]),
) -> Result<()> {
    let header = source.header();
    let missing = Missing::default();
    let mut layout = Layout::new(header, &[], &missing);
    layout.keeps_rows = true;
    let mut start = 0;
    source.read(&layout, &mut Faults::new(source.places(), &layout), &mut |read| {
        for (at, kept) in read.kept_rows().enumerate().filter(|(at, _)| is_wanted(start + at)) {
            each(start + at, read.chunk.place_of(at), &cells_of(kept, &header.dialect));
        }
        start += read.chunk.rows;
        Ok(())
    })
}
