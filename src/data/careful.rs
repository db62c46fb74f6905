//! The careful way through a table: any text, quotes over several lines, and what is wrong with it.

use std::borrow::Cow;

use super::cells::Why;
use super::chunk::{MISSING_CODE, MISSING_NUMBER, Read};
use super::faults::Faults;
use super::float;
use super::header::Header;
use super::layout::Layout;
use super::records::{Record, Records};
use super::source::Source;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// Rows of a chunk.
const CHUNK_ROWS: usize = 4096;

/// Reads the wanted cells of all rows, or tells the first twenty that can't be used.
pub(super) fn read(source: &Source, header: &Header, layout: &Layout<'_>) -> Result<Vec<Read>> {
    let text = source.text()?;
    let mut records = Records::new(text, header.body, layout.delimiter).of_columns(layout.columns);
    let mut record = Record::default();
    let mut faults = Faults::new(source, header, layout);
    let mut reads = Vec::new();
    let mut read = layout.empty(CHUNK_ROWS);
    while records.next(&mut record).map_err(|unclosed| unclosed.error(source))? {
        faults.row(&record);
        if has_swallowed_rows(&record, layout.delimiter) {
            return Err(too_long(source, &record));
        }
        if record.len() != layout.columns {
            faults.ragged(&record, text);
            continue;
        }
        let mut text_slot = 0;
        for (index, step) in layout.steps.iter().enumerate() {
            let cell = record.cells[step.index].trim();
            if step.text {
                match layout.missing.why(cell) {
                    Some(_) if step.takes_missing => read.chunk.codes.push(MISSING_CODE),
                    Some(why) => faults.cell(index, why, cell),
                    None => read.chunk.codes.push(read.texts[text_slot].number(cell).0),
                }
                text_slot += 1;
                continue;
            }
            match layout.missing.number(cell, step.limit) {
                Ok(value) => read.numbers.push(value),
                Err(Why::Empty | Why::Missing) if step.takes_missing => {
                    read.numbers.push(MISSING_NUMBER);
                }
                Err(why) => faults.cell(index, why, cell),
            }
        }
        read.chunk.rows += 1;
        if read.chunk.rows == CHUNK_ROWS {
            reads.push(std::mem::replace(&mut read, layout.empty(CHUNK_ROWS)).ended());
        }
    }
    reads.push(read.ended());
    match faults.error() {
        Some(error) => Err(error),
        None => Ok(reads),
    }
}

/// Whether a cell in quotes holds whole rows: lines of as many cells as its own row has, with
/// numbers where that has numbers; or ends in the middle of another row.
fn has_swallowed_rows(record: &Record<'_>, delimiter: u8) -> bool {
    let columns = record.cells.len();
    let breaks = |cell: &Cow<'_, str>| cell.contains(['\n', '\r']);
    if columns < 2 || !record.cells.iter().any(breaks) {
        return false;
    }
    let is_number = |cell: &str| float::cell(cell.trim()).is_some();
    let numbers = record.cells.iter().filter(|cell| is_number(cell)).count();
    let mut rows = 0;
    for (long, cell) in record.cells.iter().enumerate().filter(|(_, cell)| breaks(cell)) {
        for line in cell.split(['\n', '\r']).skip(1) {
            let mut inner = Record::default();
            let is_row = matches!(Records::new(line, 0, delimiter).next(&mut inner), Ok(true))
                && inner.cells.len() == columns;
            let mut pairs = record.cells.iter().zip(&inner.cells).enumerate();
            let is_like = pairs.all(|(at, (outer, inner))| {
                at == long || breaks(outer) || is_number(outer) == is_number(inner)
            });
            rows += usize::from(is_row && is_like);
        }
    }
    // one line of two cells, or of words alone, may be prose
    record.is_torn || if numbers > 0 { rows * (columns - 1) > 1 } else { rows > 1 && columns > 2 }
}

fn too_long(source: &Source, record: &Record<'_>) -> Error {
    let message = "a cell in quotes that begins in this row runs over other rows of the table";
    Error::data(source.at(record.start), message).with_code(Code::Row).with_help(
        "a `\"` is missing or one too many here: a quoted cell ends with a `\"`; one that belongs \
         to the text is written twice, in a quoted cell: `\"5\"\" pipe\"`",
    )
}
