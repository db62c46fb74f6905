//! Records: a table's text cut into cells, quotes and all, as RFC 4180 and the csv crate have it.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::source::Source;
use crate::diagnostics::Code;
use crate::error::Error;

/// The records of a text, one after the other. Lines end with LF, CRLF or CR; a line that is empty,
/// or holds nothing but blanks, is none.
pub(super) struct Records<'t> {
    text: &'t str,
    at: usize,
    delimiter: u8,
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
    pub(super) fn error(&self, source: &Source) -> Error {
        let message = "a `\"` begins a quoted cell here that never ends";
        Error::data(source.at(self.0), message).with_code(Code::Row).with_help(
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
    pub(super) fn new(text: &'t str, at: usize, delimiter: u8) -> Records<'t> {
        Records { text, at, delimiter, most: MOST_COLUMNS + 1 }
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
        self.skip_blank_lines();
        record.start = self.at;
        if self.at >= self.text.len() {
            record.end = self.at;
            return Ok(false);
        }
        loop {
            let (cell, end) = cell(self.text, self.at, self.delimiter).ok_or(Unclosed(self.at))?;
            let bytes = self.text.as_bytes();
            record.is_torn |= bytes[self.at..end].first() == Some(&b'"')
                && bytes[end - 1] != b'"'
                && cell.contains(['\n', '\r']);
            match record.cells.len() < self.most {
                true => record.cells.push(cell),
                false => record.more += 1,
            }
            self.at = end;
            if bytes.get(end) != Some(&self.delimiter) {
                record.end = end;
                return Ok(true);
            }
            self.at += 1;
        }
    }

    /// The byte after what was read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn skip_blank_lines(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            while matches!(bytes.get(self.at), Some(b'\r' | b'\n')) {
                self.at += 1;
            }
            let rest = bytes.get(self.at..).unwrap_or_default();
            if !matches!(rest.first(), Some(b' ' | b'\t')) {
                return;
            }
            let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            if !is_blank(&rest[..end], self.delimiter) {
                return;
            }
            self.at += end;
        }
    }
}

/// Whether a line holds nothing but blanks that don't stand between cells.
pub(super) fn is_blank(line: &[u8], delimiter: u8) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t') && *byte != delimiter)
}

/// The cell at byte `at` without its quotes, and the byte after it: a delimiter, a line break or the
/// end. None where a quote opens it and none closes it.
pub(super) fn cell(text: &str, at: usize, delimiter: u8) -> Option<(Cow<'_, str>, usize)> {
    let bytes = text.as_bytes();
    let plain_end = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        memchr3(delimiter, b'\n', b'\r', rest).map_or(bytes.len(), |end| from + end)
    };
    if bytes.get(at) != Some(&b'"') {
        let end = plain_end(at);
        return Some((Cow::Borrowed(&text[at..end]), end));
    }
    let mut unescaped = String::new();
    let mut from = at + 1;
    loop {
        let quote = from + memchr(b'"', &bytes[from..])?;
        match bytes.get(quote + 1) {
            Some(b'"') => {
                unescaped.push_str(&text[from..=quote]);
                from = quote + 2;
            }
            Some(byte) if *byte != delimiter && !matches!(byte, b'\n' | b'\r') => {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &str) -> Option<Vec<Vec<String>>> {
        let mut records = Records::new(text, 0, b',');
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
            let mut records = Records::new(text, 0, b',');
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
