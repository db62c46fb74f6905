//! Rows of a table as they stand in its file, with their lines.

use std::path::Path;

use super::header::Header;
use super::records::Record;
use super::source::Source;
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
    let source = Source::open(path)?;
    let header = Header::read(&source, csv)?;
    let text = source.text()?;
    let (mut records, mut record) = (header.rows(text), Record::default());
    let mut found: Vec<Option<PlacedRow>> = vec![None; rows.len()];
    let last = rows.iter().max().copied().unwrap_or(0);
    let (mut line, mut counted) = (1, 0);
    for row in 0..=last {
        if !records.next(&mut record).map_err(|unclosed| unclosed.error(&source))? {
            break;
        }
        let is_wanted = |wanted: &usize| *wanted == row;
        if !rows.iter().any(is_wanted) {
            continue;
        }
        let before = &text.as_bytes()[counted..record.start];
        line += before.iter().filter(|byte| **byte == b'\n').count() as u64;
        counted = record.start;
        let cells = header.names.iter().zip(&record.cells);
        let cells = cells.map(|(name, cell)| (name.clone(), cell.trim().to_string())).collect();
        let placed = PlacedRow { line, cells };
        for (place, _) in rows.iter().enumerate().filter(|(_, wanted)| is_wanted(wanted)) {
            found[place] = Some(placed.clone());
        }
    }
    Ok(found.into_iter().flatten().collect())
}
