//! Ragged: why a row may have another number of cells than the header, and what to do.

use super::header::Header;
use super::records::Record;

/// What to do about a row of another length.
pub(super) fn remedy(record: &Record<'_>, text: &str, header: &Header, after_cr: bool) -> String {
    let line = text.get(record.start..record.end).unwrap_or_default();
    let (columns, found) = (header.names.len(), record.len());
    let delimiter = char::from(header.dialect.delimiter);
    let is_empty = |cell: Option<&str>| cell.is_some_and(|cell| cell.trim().is_empty());
    let last = record.cells.get(found.wrapping_sub(1)).map(AsRef::as_ref);
    if line.trim_start().starts_with(['#', '%']) || line.trim_start().starts_with("//") {
        let mark = line.trim_start().chars().next().unwrap_or('#');
        return format!(
            "this line looks like a comment: set `csv: {{comment: \"{mark}\"}}`, or remove it"
        );
    }
    if found == columns + 1 && is_empty(last) {
        return if header.is_first_line {
            format!(
                "the rows end with a `{delimiter}` and the header doesn't: set `csv: {{trailing_delimiter: drop}}`"
            )
        } else {
            format!("the rows end with a `{delimiter}`: set `csv: {{trailing_delimiter: drop}}`")
        };
    }
    if found + 1 == columns
        && header.is_first_line
        && is_empty(header.raw.last().map(String::as_str))
    {
        return format!(
            "the header ends with a `{delimiter}` and the rows don't: set `csv: {{trailing_delimiter: drop}}`"
        );
    }
    if delimiter == '\t' && line.split_whitespace().count() == columns {
        return "the cells are apart by several blanks: set `csv: {delimiter: \" \"}`, which takes any number of them".to_string();
    }
    let quote = char::from(header.dialect.quote);
    if line.contains(&format!("\\{quote}")) {
        return "a quote that belongs to the text is written twice, `\"\"`, not `\\\"`".to_string();
    }
    let bytes = text.as_bytes();
    let is_lone = |at: usize| bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) != Some(&b'\n');
    if header.ends_with_lf
        && (is_lone(record.end) || record.start.checked_sub(1).map_or(after_cr, is_lone))
    {
        return "a carriage return (CR) that stands alone ends the line in the middle of a cell: remove it, or quote the cell".to_string();
    }
    if line.contains(['\n', '\r']) {
        return "a quoted cell runs over several lines here: is a `\"` missing?".to_string();
    }
    let other = [',', ';', '\t', '|'].into_iter().find(|other| {
        *other != delimiter && found == 1 && line.matches(*other).count() + 1 == columns
    });
    if let Some(other) = other {
        return format!(
            "this row has {} between its cells, and the header a `{delimiter}`: write the same everywhere",
            named(other)
        );
    }
    if found > columns {
        return format!("a cell that holds a `{delimiter}` must be in double quotes");
    }
    "cells are missing, or the line was cut: complete it, or remove it".to_string()
}

/// A delimiter in words.
fn named(delimiter: char) -> String {
    match delimiter {
        '\t' => "a tab".to_string(),
        other => format!("a `{other}`"),
    }
}
