//! Rows of a table as they stand in its file, with their lines.

use std::collections::HashMap;
use std::path::Path;

use super::cells::Missing;
use super::faults::Faults;
use super::layout::Layout;
use super::records::{Record, Records};
use super::sources;
use crate::error::Result;
use crate::sections::CsvConfig;

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
pub fn rows_of_table(path: &Path, csv: &CsvConfig, rows: &[usize]) -> Result<Vec<PlacedRow>> {
    let source = sources::open(path, csv)?;
    let header = source.header();
    let missing = Missing::default();
    let mut layout = Layout::new(header, &[], &missing);
    layout.keeps_rows = true;
    let (mut found, mut start) = (HashMap::new(), 0);
    source.read(&layout, &mut Faults::new(source.places(), &layout), &mut |read| {
        for (at, kept) in read.kept_rows().enumerate() {
            if !rows.contains(&(start + at)) {
                continue;
            }
            let (mut records, mut record) =
                (Records::new(kept, 0, &header.dialect), Record::default());
            drop(records.next(&mut record)); // it was read before
            let cells = header.names.iter().zip(&record.cells);
            let cells = cells.map(|(name, cell)| (name.clone(), cell.trim().to_string()));
            let line = source.places().line(read.chunk.place_of(at)) as u64;
            found.insert(start + at, PlacedRow { line, cells: cells.collect() });
        }
        start += read.chunk.rows;
        Ok(())
    })?;
    Ok(rows.iter().filter_map(|row| found.get(row).cloned()).collect())
}
