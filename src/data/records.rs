//! Records: a table's text cut into cells, quotes and all, as RFC 4180 and the csv crate have it.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::dialect::Dialect;
use super::row_places::RowPlaces;
use super::text::TableText;
use crate::diagnostics::Code;
use crate::error::Error;

/// The records of a text, one after the other. Lines end with LF, CRLF or CR; a line that is empty,
/// or holds nothing but blanks, is none.
pub(super) struct Records<'t> {
    text: &'t str,
    at: usize,
    dialect: &'t Dialect,
    /// How many cells of a record are kept.
    most: usize,
}

/// The most columns that a table may have.
pub(super) const MOST_COLUMNS: usize = 1 << 19;

/// The cells between two line breaks.
#[derive(Default)]
pub(super) struct Record<'t> {
    /// The byte of the text where it begins.
    pub start: usize,
    /// The byte where its line break, or the text's end, is.
    pub end: usize,
    /// Without their quotes, with the blanks around them.
    pub cells: Vec<Cow<'t, str>>,
    /// Cells beside those.
    pub more: usize,
    /// True where a quoted cell runs over several lines and text follows the quote that closes it.
    pub is_torn: bool,
}

/// The byte of a quote that opens a cell and is never closed.
#[derive(Debug)]
pub(super) struct Unclosed(pub usize);

impl Unclosed {
    /// The error, at the line of the quote.
    pub(super) fn error(&self, text: &TableText) -> Error {
        let message = "a `\"` begins a quoted cell here that never ends";
        Error::data(text.at(self.0), message).with_code(Code::Row).with_help(
            "close it with another `\"` at the end of the cell, or remove it; \
             a quote that belongs to the text is written twice, in a quoted cell: `\"5\"\" pipe\"`",
        )
    }
}

impl Record<'_> {
    /// How many cells it has, kept or not.
    pub(super) fn len(&self) -> usize {
        self.cells.len() + self.more
    }
}

impl<'t> Records<'t> {
    /// The records from byte `at` on.
    pub(super) fn new(text: &'t str, at: usize, dialect: &'t Dialect) -> Records<'t> {
        Records { text, at, dialect, most: MOST_COLUMNS + 1 }
    }

    /// The same of a table with so many columns: of a longer record a cell more is kept, and the rest
    /// only counted.
    pub(super) fn of_columns(self, columns: usize) -> Records<'t> {
        Records { most: columns + 1, ..self }
    }

    /// Reads the next record into `record`; false where there is none left.
    pub(super) fn next(&mut self, record: &mut Record<'t>) -> Result<bool, Unclosed> {
        record.cells.clear();
        record.more = 0;
        record.is_torn = false;
        self.skip_lines();
        record.start = self.at;
        if self.at >= self.text.len() {
            record.end = self.at;
            return Ok(false);
        }
        let bytes = self.text.as_bytes();
        loop {
            let (cell, end) = cell(self.text, self.at, self.dialect).ok_or(Unclosed(self.at))?;
            record.is_torn |= bytes[self.at..end].first() == Some(&self.dialect.quote)
                && bytes[end - 1] != self.dialect.quote
                && cell.contains(['\n', '\r']);
            if record.cells.len() < self.most {
                record.cells.push(cell);
            } else {
                record.more += 1;
            }
            let next = self.after_delimiter(end);
            self.at = next.unwrap_or(end);
            if next.is_none() {
                record.end = end;
                return Ok(true);
            }
        }
    }

    /// The byte after what was read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Where the next cell of the row begins; None at its end.
    fn after_delimiter(&self, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if !bytes.get(end).is_some_and(|byte| self.dialect.is_delimiter(*byte)) {
            return None;
        }
        let mut next = end + 1;
        if self.dialect.is_of_blanks() {
            while bytes.get(next).is_some_and(|byte| self.dialect.is_delimiter(*byte)) {
                next += 1;
            }
            let is_end = matches!(bytes.get(next), None | Some(b'\n' | b'\r'));
            return (!is_end).then_some(next);
        }
        Some(next)
    }

    /// Skips lines that are no rows: empty ones, those of blanks, comments.
    fn skip_lines(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            while matches!(bytes.get(self.at), Some(b'\r' | b'\n')) {
                self.at += 1;
            }
            let rest = bytes.get(self.at..).unwrap_or_default();
            let may_be_none = match rest.first() {
                Some(b' ' | b'\t') => true,
                first => first.is_some() && first.copied() == self.dialect.comment,
            };
            if !may_be_none {
                return;
            }
            let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            if self.dialect.is_comment(&rest[..end]) || is_blank(&rest[..end], self.dialect) {
                self.at += end;
                continue;
            }
            if self.dialect.is_of_blanks() {
                self.at += rest.len() - rest.trim_ascii_start().len(); // blanks before the first cell
            }
            return;
        }
    }
}

/// Whether a line holds nothing but blanks that don't stand between cells.
pub(super) fn is_blank(line: &[u8], dialect: &Dialect) -> bool {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    line.iter().all(|byte| is_blank(byte) && (*byte != dialect.delimiter || dialect.is_of_blanks()))
}

/// The cell at byte `at` without its quotes, and the byte after it: a delimiter, a line break or the
/// end. None where a quote opens it and none closes it.
pub(super) fn cell<'t>(
    text: &'t str,
    at: usize,
    dialect: &Dialect,
) -> Option<(Cow<'t, str>, usize)> {
    let bytes = text.as_bytes();
    let quote_mark = dialect.quote;
    let plain_end = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let end = if dialect.is_of_blanks() {
            rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        } else {
            memchr3(dialect.delimiter, b'\n', b'\r', rest)
        };
        end.map_or(bytes.len(), |end| from + end)
    };
    if bytes.get(at) != Some(&quote_mark) {
        let end = plain_end(at);
        return Some((Cow::Borrowed(&text[at..end]), end));
    }
    let mut unescaped = String::new();
    let mut from = at + 1;
    loop {
        let quote = from + memchr(quote_mark, &bytes[from..])?;
        match bytes.get(quote + 1) {
            Some(byte) if *byte == quote_mark => {
                unescaped.push_str(&text[from..=quote]);
                from = quote + 2;
            }
            Some(byte) if !dialect.is_delimiter(*byte) && !matches!(byte, b'\n' | b'\r') => {
                // what follows the closing quote belongs to the cell, as it stands
                let end = plain_end(quote + 1);
                unescaped.push_str(&text[from..quote]);
                unescaped.push_str(&text[quote + 1..end]);
                return Some((Cow::Owned(unescaped), end));
            }
            _ if unescaped.is_empty() => {
                return Some((Cow::Borrowed(&text[from..quote]), quote + 1));
            }
            _ => {
                unescaped.push_str(&text[from..quote]);
                return Some((Cow::Owned(unescaped), quote + 1));
            }
        }
    }
}

/// The cells of a row that was read before.
pub(super) fn cells_of<'r>(row: &'r str, dialect: &'r Dialect) -> Vec<Cow<'r, str>> {
    let (mut records, mut record) = (Records::new(row, 0, dialect), Record::default());
    drop(records.next(&mut record));
    record.cells
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &str) -> Option<Vec<Vec<String>>> {
        let dialect = Dialect::default();
        let mut records = Records::new(text, 0, &dialect);
        let (mut record, mut all) = (Record::default(), Vec::new());
        while records.next(&mut record).ok()? {
            all.push(record.cells.iter().map(ToString::to_string).collect());
        }
        Some(all)
    }

    fn the_csv_crates(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
        let cells = |record: csv::StringRecord| record.iter().map(str::to_string).collect();
        reader.into_records().map(|record| cells(record.unwrap())).collect()
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_by_its_place() {
        for (text, at) in [("a,b\n1,\"2\n3,4\n", 6), ("\"", 0), ("a\n\"x\"\"", 2)] {
            let dialect = Dialect::default();
            let mut records = Records::new(text, 0, &dialect);
            let mut record = Record::default();
            let unclosed = loop {
                match records.next(&mut record) {
                    Ok(true) => {}
                    Ok(false) => panic!("{text:?}"),
                    Err(Unclosed(at)) => break at,
                }
            };
            assert_eq!(unclosed, at, "{text:?}");
        }
    }

    #[test]
    fn lines_of_blanks_are_no_records() {
        assert_eq!(ours("a,b\n  \n1,2\n\t\r\n , \n").unwrap().len(), 3);
    }

    proptest! {
        #[test]
        fn cells_are_those_of_the_csv_crate(text in "([0-9x]{1,2}|,|\"|\"\"|\n|\r|\r\n|é){0,40}") {
            if let Some(ours) = ours(&text) {
                prop_assert_eq!(ours, the_csv_crates(&text), "{:?}", text);
            }
        }
    }
}
