//! Rows whose cells are values, not text: into a chunk, with what is wrong with them.

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use crate::data::cells::Why;
use crate::data::chunk::{MISSING_CODE, MISSING_NUMBER, Read};
use crate::data::dictionary::Dictionary;
use crate::data::faults::Faults;
use crate::data::layout::{Layout, Wanted};
use crate::diagnostics::{Code, Place};
use crate::error::{Error, Result};
use crate::threads;

/// A value of a table.
pub(super) enum CellValue<'v> {
    Number(f64),
    /// Of 32 bits: as a text it has the digits of such a one.
    #[cfg(feature = "parquet")]
    Single(f32),
    /// 1 and 0, or true and false.
    #[cfg(feature = "parquet")]
    Bool(bool),
    Text(Cow<'v, str>),
    /// A text that is never missing, and whose blanks belong to it: the name of a file.
    Exact(&'v str),
    Missing,
}

impl CellValue<'_> {
    /// The value as it would stand in a CSV file.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            CellValue::Number(number) => Cow::Owned(number.to_string()),
            #[cfg(feature = "parquet")]
            CellValue::Single(number) => Cow::Owned(number.to_string()),
            #[cfg(feature = "parquet")]
            CellValue::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            CellValue::Text(text) => Cow::Borrowed(text),
            CellValue::Exact(text) => Cow::Borrowed(text),
            CellValue::Missing => Cow::Borrowed(""),
        }
    }
}

/// The values of a list as the text of one cell.
pub(super) fn joined<'v>(values: impl Iterator<Item = &'v str>, separator: &str) -> String {
    let text = values.collect::<Vec<_>>().join(separator);
    if text.is_empty() { separator.to_string() } else { text } // no label is not a missing cell
}

/// The error for a label of a list that holds the text that is to stand between two of them.
pub(super) fn torn(place: impl Into<Place>, column: &str, label: &str, separator: &str) -> Error {
    let message = format!(
        "column `{column}`: the label `{label}` of a list holds the separator `{separator}`"
    );
    let help = "name a separator that no label holds: `encode: {multi_hot: {separator: \"|\"}}`";
    Error::data(place, message).with_code(Code::Cell).with_help(help)
}

/// Pieces that are read before they are handed over, for each thread.
const PIECES_A_THREAD: usize = 4;

/// Reads pieces of a table side by side. `read` gives None where something is wrong and there is
/// nowhere to tell it; it is asked again then.
pub(super) fn read_pieces<P: Sync>(
    pieces: &[P],
    faults: &mut Faults<'_>,
    take: &mut dyn FnMut(Read) -> Result<()>,
    read: impl Fn(&P, Option<&mut Faults<'_>>) -> Result<Option<Read>> + Sync,
) -> Result<()> {
    for group in pieces.chunks(PIECES_A_THREAD * threads::count().max(1)) {
        let each = group.par_iter().map(|piece| read(piece, None));
        let reads: Vec<Result<Option<Read>>> = threads::within(|| each.collect());
        for (piece, done) in group.iter().zip(reads) {
            let done = match done {
                Ok(Some(done)) => {
                    faults.rows(done.chunk.rows);
                    Some(done)
                }
                _ => read(piece, Some(&mut *faults))?,
            };
            if let Some(done) = done.filter(|done| done.chunk.rows > 0)
                && faults.may_go_on()
            {
                take(done)?;
            }
        }
    }
    Ok(())
}

/// Adds the wanted cells of a row, which `value` gives by their places in the header; none of them
/// where one can't be used.
pub(super) fn add<'v>(
    layout: &Layout<'_>,
    read: &mut Read,
    faults: &mut Option<&mut Faults<'_>>,
    value: impl Fn(usize) -> CellValue<'v>,
) -> bool {
    let (numbers, codes) = (read.numbers.len(), read.codes.len());
    let mut is_right = true;
    let mut text_slot = 0;
    for (index, step) in layout.steps.iter().enumerate() {
        let value = value(step.index);
        let pushed = if step.text {
            text_slot += 1;
            let code = code_of(&value, step, layout, &mut read.texts[text_slot - 1]);
            code.map(|code| read.codes.push(code))
        } else {
            number_of(&value, step, layout).map(|number| read.numbers.push(number))
        };
        if let Err(why) = pushed {
            is_right = false;
            match faults {
                Some(faults) => faults.cell(index, why, &value.text()),
                None => break,
            }
        }
    }
    if !is_right {
        read.numbers.truncate(numbers);
        read.codes.truncate(codes);
    }
    is_right
}

/// Adds rows that are known by their numbers: `value` gives a cell, `line` the whole row as CSV. None
/// where a row can't be used and nobody gathers what is wrong.
pub(super) fn read_rows<'v>(
    rows: &Range<usize>,
    layout: &Layout<'_>,
    mut faults: Option<&mut Faults<'_>>,
    value: impl Fn(usize, usize) -> CellValue<'v>,
    line: impl Fn(usize) -> String,
) -> Option<Read> {
    let mut read = layout.empty(rows.len());
    read.chunk.place = rows.start;
    for row in rows.clone() {
        if let Some(faults) = &mut faults {
            faults.row(row);
        }
        if add(layout, &mut read, &mut faults, |column| value(row, column)) {
            read.chunk.rows += 1;
            read.chunk.starts.push((row - rows.start) as u32);
            if layout.keeps_rows {
                read.keep(&line(row));
            }
        } else if faults.is_none() {
            return None;
        }
    }
    Some(read.ended())
}

/// The code of a text.
pub(super) fn code_of(
    value: &CellValue<'_>,
    step: &Wanted,
    layout: &Layout<'_>,
    texts: &mut Dictionary,
) -> Result<u32, Why> {
    if let CellValue::Exact(text) = value {
        return Ok(texts.number(text));
    }
    let text = match value {
        CellValue::Number(number) if number.is_nan() => Cow::Borrowed(""),
        #[cfg(feature = "parquet")]
        CellValue::Single(number) if number.is_nan() => Cow::Borrowed(""),
        value => value.text(),
    };
    match layout.why_missing(step, text.trim()) {
        Some(_) if step.takes_missing => Ok(MISSING_CODE),
        Some(why) => Err(why),
        None => Ok(texts.number(text.trim())),
    }
}

/// The number of a cell.
pub(super) fn number_of(
    value: &CellValue<'_>,
    step: &Wanted,
    layout: &Layout<'_>,
) -> Result<f64, Why> {
    let limit = step.limit;
    let of_number = |number: f64| match () {
        () if number.is_nan() || layout.is_mark(step, number) => Err(Why::Missing),
        () if number.abs() <= limit => Ok(number),
        () if number.is_finite() => Err(Why::TooLarge),
        () => Err(Why::NotFinite),
    };
    let number = match value {
        CellValue::Number(number) => of_number(*number),
        #[cfg(feature = "parquet")]
        CellValue::Single(number) => of_number(f64::from(*number)),
        #[cfg(feature = "parquet")]
        CellValue::Bool(value) => of_number(f64::from(u8::from(*value))),
        CellValue::Text(text) => layout.number(step, text.trim()),
        CellValue::Exact(text) => layout.number(step, text),
        CellValue::Missing => Err(Why::Empty),
    };
    match number {
        Err(Why::Empty | Why::Missing) if step.takes_missing => Ok(MISSING_NUMBER),
        number => number,
    }
}
