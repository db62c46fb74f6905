//! The fast way through text: lines, cells and numbers in one pass. Only a row with a cell in quotes
//! that runs over several lines, or of an unusual dialect, is first cut into cells.

use memchr::{memchr, memchr_iter};

use super::careful::has_swallowed_rows;
use super::chunk::{MISSING_CODE, MISSING_NUMBER, Read};
use super::dialect::Dialect;
use super::layout::{Layout, Wanted};
use super::records::{Record, Records, is_blank};
use super::{float, records};

/// Why the fast way ends.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// Something isn't plain and right.
    Unusual,
    /// A row goes on after the text.
    More,
}

/// Reads the rows that begin in the first `length` bytes of a text of whole lines; gives where those
/// after them begin, too.
pub(super) fn read(
    text: &str,
    length: usize,
    is_end: bool,
    layout: &Layout<'_>,
    dialect: &Dialect,
) -> Result<(Read, usize), Stop> {
    if !layout.is_in_order {
        return Err(Stop::Unusual);
    }
    let bytes = text.as_bytes();
    let has_quotes = memchr(dialect.quote, bytes).is_some();
    let mut read = layout.empty(rows_like_the_first(text, length));
    let mut start = 0;
    while start < length.min(text.len()) {
        let end = memchr(b'\n', &bytes[start..]).map_or(text.len(), |end| start + end);
        let mut next = end + 1;
        let line = &text[start..end];
        let line = line.strip_suffix('\r').unwrap_or(line);
        if may_be_no_row(line, dialect) {
            start = next;
            continue;
        }
        if memchr(b'\r', line.as_bytes()).is_some() {
            return Err(Stop::Unusual); // a line break of its own
        }
        let mut row_end = start + line.len();
        if dialect.is_of_blanks()
            || (has_quotes && memchr(dialect.quote, line.as_bytes()).is_some())
        {
            let before = (read.numbers.len(), read.codes.len());
            if dialect.is_of_blanks()
                || read_quoted_line(line, layout, dialect, &mut read).is_none()
            {
                read.numbers.truncate(before.0);
                read.codes.truncate(before.1);
                row_end = read_lines(text, start, is_end, layout, dialect, &mut read)?;
                next = next.max(after_break(bytes, row_end).ok_or(Stop::Unusual)?);
            }
        } else {
            read_line(line, layout, dialect, &mut read).ok_or(Stop::Unusual)?;
        }
        read.chunk.starts.push(start as u32);
        read.chunk.rows += 1;
        if layout.keeps_rows {
            read.keep(&text[start..row_end]);
        }
        start = next;
    }
    Ok((read.ended(), start))
}

/// Whether a line is empty, of blanks alone, or a comment.
fn may_be_no_row(line: &str, dialect: &Dialect) -> bool {
    match line.as_bytes().first() {
        None => true,
        Some(b' ' | b'\t') => {
            is_blank(line.as_bytes(), dialect) || dialect.is_comment(line.as_bytes())
        }
        first => first.copied() == dialect.comment,
    }
}

/// How many rows there may be, were all as long as the first; a little more, so that the room for
/// them seldom grows.
fn rows_like_the_first(text: &str, length: usize) -> usize {
    let first = memchr(b'\n', text.as_bytes()).unwrap_or(text.len()).max(16);
    let rows = text.len().min(length) / first;
    rows + rows / 16 + 1
}

fn read_line(line: &str, layout: &Layout<'_>, dialect: &Dialect, read: &mut Read) -> Option<()> {
    let bytes = line.as_bytes();
    let delimiter = dialect.delimiter;
    let are_plain = layout.are_numbers_plain;
    let (mut at, mut column, mut text_slot) = (0, 0, 0);
    for step in &layout.steps {
        while column < step.index {
            at += memchr(delimiter, bytes.get(at..)?)? + 1;
            column += 1;
        }
        let rest = bytes.get(at..)?;
        let end = if step.text {
            let (cell, end) = cell(line, at, delimiter)?;
            push_text(cell, text_slot, step, layout, read)?;
            text_slot += 1;
            end
        } else {
            let is_end = |end: usize| rest.get(end).is_none_or(|byte| *byte == delimiter);
            let fast = if are_plain { float::prefix(rest) } else { None };
            if let Some((value, end)) = fast.filter(|(_, end)| is_end(*end)) {
                push_number(value, step, layout, read)?;
                end
            } else {
                let (cell, end) = cell(line, at, delimiter)?;
                push_cell(cell, step, layout, read)?;
                end
            }
        };
        at += end + 1;
        column += 1;
    }
    // the cells after the last wanted one: as many as the header has
    let more = match bytes.get(at..) {
        Some(rest) => 1 + memchr_iter(delimiter, rest).count(),
        None => 0,
    };
    let cells = column + more;
    let is_right = cells == layout.columns
        || (dialect.drops_trailing
            && cells == layout.columns + 1
            && line.ends_with(delimiter as char));
    is_right.then_some(())
}

/// A line with quotes, all of whose cells end on it.
fn read_quoted_line(
    line: &str,
    layout: &Layout<'_>,
    dialect: &Dialect,
    read: &mut Read,
) -> Option<()> {
    let (mut at, mut column, mut text_slot) = (0, 0, 0);
    let mut steps = layout.steps.iter().peekable();
    loop {
        let (text, end) = records::cell(line, at, dialect)?;
        if let Some(step) = steps.next_if(|step| step.index == column) {
            let text = text.trim();
            if step.text {
                push_text(text, text_slot, step, layout, read)?;
                text_slot += 1;
            } else {
                push_cell(text, step, layout, read)?;
            }
        }
        column += 1;
        if end == line.len() {
            return (column == layout.columns).then_some(());
        }
        at = end + 1;
    }
}

/// A row that is first cut into cells; gives where it ends.
fn read_lines(
    text: &str,
    start: usize,
    is_end: bool,
    layout: &Layout<'_>,
    dialect: &Dialect,
    read: &mut Read,
) -> Result<usize, Stop> {
    let mut records = Records::new(text, start, dialect).of_columns(layout.columns);
    let mut record = Record::default();
    match records.next(&mut record) {
        Ok(true) => {}
        Ok(false) => return Err(Stop::Unusual),
        Err(_) if is_end => return Err(Stop::Unusual),
        Err(_) => return Err(Stop::More),
    }
    if !layout.has_all_cells(&record, dialect) || has_swallowed_rows(&record, dialect) {
        return Err(Stop::Unusual);
    }
    let mut text_slot = 0;
    for step in &layout.steps {
        let cell = record.cells.get(step.index).ok_or(Stop::Unusual)?.trim();
        if step.text {
            push_text(cell, text_slot, step, layout, read).ok_or(Stop::Unusual)?;
            text_slot += 1;
        } else {
            push_cell(cell, step, layout, read).ok_or(Stop::Unusual)?;
        }
    }
    Ok(record.end)
}

/// Where the line after a row begins; None where the break is a CR alone.
fn after_break(bytes: &[u8], end: usize) -> Option<usize> {
    let blanks = bytes[end..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match &bytes[end + blanks..] {
        [] => Some(bytes.len() + 1),
        [b'\n', ..] => Some(end + blanks + 1),
        [b'\r', b'\n', ..] => Some(end + blanks + 2),
        _ => None,
    }
}

fn push_text(
    cell: &str,
    slot: usize,
    step: &Wanted,
    layout: &Layout<'_>,
    read: &mut Read,
) -> Option<()> {
    if step.takes_missing && layout.why_missing(step, cell).is_some() {
        read.codes.push(MISSING_CODE);
        return Some(());
    }
    let is_right = || layout.why_missing(step, cell).is_none();
    let code = read.texts.get_mut(slot)?.number_if(cell, is_right)?;
    read.codes.push(code);
    Some(())
}

/// The number in a cell that doesn't begin with a plain one.
fn push_cell(cell: &str, step: &Wanted, layout: &Layout<'_>, read: &mut Read) -> Option<()> {
    match layout.why_missing(step, cell) {
        None => push_number(layout.numerals.number(cell)?, step, layout, read),
        Some(_) => step.takes_missing.then(|| read.numbers.push(MISSING_NUMBER)),
    }
}

#[inline]
fn push_number(value: f64, step: &Wanted, layout: &Layout<'_>, read: &mut Read) -> Option<()> {
    if layout.is_mark(step, value) {
        return step.takes_missing.then(|| read.numbers.push(MISSING_NUMBER));
    }
    let is_right = value.abs() <= step.limit; // a NaN is no smaller than the limit either
    is_right.then(|| read.numbers.push(value))
}

/// The cell from `at` on without blanks around it, and how many bytes it takes with them.
fn cell(line: &str, at: usize, delimiter: u8) -> Option<(&str, usize)> {
    let rest = line.get(at..)?;
    let end = memchr(delimiter, rest.as_bytes()).unwrap_or(rest.len());
    Some((rest.get(..end)?.trim(), end))
}
