//! The fast way through text whose cells are each on one line: lines, cells and numbers in one pass.

use memchr::{memchr, memchr_iter};

use super::chunk::{MISSING_CODE, MISSING_NUMBER, Read};
use super::layout::{Layout, Wanted};
use super::records::is_blank;
use super::{float, records};

/// Reads whole lines; None at the first thing that isn't plain and right.
pub(super) fn read(text: &str, layout: &Layout<'_>) -> Option<Read> {
    let has_quotes = memchr(b'"', text.as_bytes()).is_some();
    let mut read = layout.empty(rows_like_the_first(text));
    let mut start = 0;
    for end in memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        let line = text.get(start..end)?;
        start = end + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if matches!(line.as_bytes().first(), None | Some(b' ' | b'\t'))
            && is_blank(line.as_bytes(), layout.delimiter)
        {
            continue;
        }
        if memchr(b'\r', line.as_bytes()).is_some() {
            return None; // a line break of its own
        }
        if has_quotes && memchr(b'"', line.as_bytes()).is_some() {
            read_quoted_line(line, layout, &mut read)?;
        } else {
            read_line(line, layout, &mut read)?;
        }
        read.chunk.rows += 1;
    }
    Some(read.ended())
}

/// How many rows there may be, were all as long as the first; a little more, so that the room for
/// them seldom grows.
fn rows_like_the_first(text: &str) -> usize {
    let first = memchr(b'\n', text.as_bytes()).unwrap_or(text.len()).max(16);
    let rows = text.len() / first;
    rows + rows / 16 + 1
}

fn read_line(line: &str, layout: &Layout<'_>, read: &mut Read) -> Option<()> {
    let bytes = line.as_bytes();
    let delimiter = layout.delimiter;
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
            let fast = float::prefix(rest).filter(|(_, end)| is_end(*end));
            if let Some((value, end)) = fast {
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
    (column + more == layout.columns).then_some(())
}

/// A line with quotes, all of whose cells end on it. A quote that opens a cell and isn't closed on
/// the line makes it unusual, so that no line is read that stands inside of a cell.
fn read_quoted_line(line: &str, layout: &Layout<'_>, read: &mut Read) -> Option<()> {
    let (mut at, mut column, mut text_slot) = (0, 0, 0);
    let mut steps = layout.steps.iter().peekable();
    loop {
        let (text, end) = records::cell(line, at, layout.delimiter)?;
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

fn push_text(
    cell: &str,
    slot: usize,
    step: &Wanted,
    layout: &Layout<'_>,
    read: &mut Read,
) -> Option<()> {
    if step.takes_missing && layout.missing.why(cell).is_some() {
        read.chunk.codes.push(MISSING_CODE);
        return Some(());
    }
    let (code, is_new) = read.texts.get_mut(slot)?.number(cell);
    if is_new && layout.missing.why(cell).is_some() {
        return None;
    }
    read.chunk.codes.push(code);
    Some(())
}

/// The number in a cell that doesn't begin with a plain one.
fn push_cell(cell: &str, step: &Wanted, layout: &Layout<'_>, read: &mut Read) -> Option<()> {
    match layout.missing.why(cell) {
        None => push_number(float::cell(cell)?, step, layout, read),
        Some(_) => step.takes_missing.then(|| read.numbers.push(MISSING_NUMBER)),
    }
}

#[inline]
fn push_number(value: f64, step: &Wanted, layout: &Layout<'_>, read: &mut Read) -> Option<()> {
    if layout.missing.has(value) {
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
