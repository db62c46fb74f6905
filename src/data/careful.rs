//! The careful way through a table: any text, quotes over several lines, and what is wrong with it.

use std::borrow::Cow;
use std::ops::Range;

use super::cells::Why;
use super::chunk::{MISSING_CODE, MISSING_NUMBER, Read};
use super::csv_text::Csv;
use super::dialect::Dialect;
use super::faults::Faults;
use super::layout::Layout;
use super::records::{Record, Records};
use super::row_places::RowPlaces;
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// Reads the wanted cells of the rows that begin in a part of the text, and adds what is wrong with
/// them to `faults`; gives where the rows after them begin, too.
pub(super) fn read(
    csv: &Csv,
    part: Range<usize>,
    layout: &Layout<'_>,
    faults: &mut Faults<'_>,
) -> Result<(Read, usize)> {
    let mut read = layout.empty(0);
    read.chunk.place = part.start;
    let end = csv.records(part.start, part.end, &mut |record, text, at| {
        let place = at + record.start;
        faults.row(place);
        if has_swallowed_rows(record, &csv.header.dialect) {
            return Err(too_long(csv, place));
        }
        if !layout.has_all_cells(record, &csv.header.dialect) {
            let after_cr = record.start == 0 && csv.text.byte_before(place) == Some(b'\r');
            faults.ragged(record, text, after_cr);
        } else if row(record, layout, &mut read, faults) {
            read.chunk.starts.push((place - part.start) as u32);
            read.chunk.rows += 1;
            if layout.keeps_rows {
                read.keep(&text[record.start..record.end]);
            }
        }
        Ok(())
    })?;
    Ok((read.ended(), end))
}

/// Adds the wanted cells of a row; none of them where one can't be used.
fn row(record: &Record<'_>, layout: &Layout<'_>, read: &mut Read, faults: &mut Faults<'_>) -> bool {
    let mut text_slot = 0;
    let mut is_right = true;
    let (numbers, codes) = (read.numbers.len(), read.codes.len());
    for (index, step) in layout.steps.iter().enumerate() {
        let cell = record.cells.get(step.index).map_or("", |cell| cell.trim());
        let mut wrong = |why| {
            faults.cell(index, why, cell);
            is_right = false;
        };
        if step.text {
            match layout.why_missing(step, cell) {
                Some(_) if step.takes_missing => read.codes.push(MISSING_CODE),
                Some(why) => wrong(why),
                None => read.codes.push(read.texts[text_slot].number(cell)),
            }
            text_slot += 1;
            continue;
        }
        match layout.number(step, cell) {
            Ok(value) => read.numbers.push(value),
            Err(Why::Empty | Why::Missing) if step.takes_missing => {
                read.numbers.push(MISSING_NUMBER);
            }
            Err(why) => wrong(why),
        }
    }
    if !is_right {
        read.numbers.truncate(numbers);
        read.codes.truncate(codes);
    }
    is_right
}

/// Whether a cell in quotes holds whole rows: lines of as many cells as its own row has, with
/// numbers where that has numbers; or ends in the middle of another row.
pub(super) fn has_swallowed_rows(record: &Record<'_>, dialect: &Dialect) -> bool {
    let columns = record.cells.len();
    let breaks = |cell: &Cow<'_, str>| cell.contains(['\n', '\r']);
    if columns < 2 || !record.cells.iter().any(breaks) {
        return false;
    }
    let is_number = |cell: &str| dialect.numerals.number(cell.trim()).is_some();
    let numbers = record.cells.iter().filter(|cell| is_number(cell)).count();
    let mut rows = 0;
    for (long, cell) in record.cells.iter().enumerate().filter(|(_, cell)| breaks(cell)) {
        for line in cell.split(['\n', '\r']).skip(1) {
            let mut inner = Record::default();
            let is_row = matches!(Records::new(line, 0, dialect).next(&mut inner), Ok(true))
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

fn too_long(csv: &Csv, place: usize) -> Error {
    let message = "a cell in quotes that begins in this row runs over other rows of the table";
    Error::data(csv.text.at(place), message).with_code(Code::Row).with_help(
        "a `\"` is missing or one too many here: a quoted cell ends with a `\"`; one that belongs \
         to the text is written twice, in a quoted cell: `\"5\"\" pipe\"`",
    )
}
