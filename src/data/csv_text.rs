//! A CSV file: its text, and the header that says how it is cut.

use std::sync::Arc;

use super::dialect::Dialect;
use super::header::Header;
use super::records::{Record, Records, Unclosed};
use super::text::TableText;
use crate::error::Result;
use crate::sections::CsvConfig;

/// A table in a text.
pub(super) struct Csv {
    pub text: Arc<TableText>,
    pub header: Header,
}

/// The longest cell in quotes.
pub(super) const MOST_CELL: usize = 256 << 20;

/// Read at least, where a row goes on.
const MORE_BYTES: usize = 1 << 20;

impl Csv {
    /// The table in a text.
    pub(super) fn new(text: TableText, format: &CsvConfig) -> Result<Csv> {
        Csv::of(Arc::new(text), format)
    }

    fn of(text: Arc<TableText>, format: &CsvConfig) -> Result<Csv> {
        let dialect = Dialect::of(format);
        let header = Header::read(&text, &dialect, &format.header)?;
        Ok(Csv { text, header })
    }

    /// The same text in another format.
    pub(super) fn again(&self, format: &CsvConfig) -> Result<Csv> {
        Csv::of(Arc::clone(&self.text), format)
    }

    /// Hands the records from `start` on that begin before `end` to `each`, with the text that they
    /// are in and its first byte; gives where the record after them begins.
    pub(super) fn records(
        &self,
        start: usize,
        end: usize,
        each: &mut dyn FnMut(&Record<'_>, &str, usize) -> Result<()>,
    ) -> Result<usize> {
        let (mut at, mut length) = (start, end.saturating_sub(start));
        let mut buffer = Vec::new();
        while at < end {
            let window = self.text.window(at, length, &mut buffer)?;
            let text = std::str::from_utf8(window.bytes).map_err(|error| {
                let bad = error.valid_up_to();
                self.text.not_utf8(at + bad, window.bytes.get(bad).copied().unwrap_or_default())
            })?;
            let mut records =
                Records::new(text, 0, &self.header.dialect).of_columns(self.header.names.len());
            let mut record = Record::default();
            loop {
                match records.next(&mut record) {
                    Ok(true) if at + record.start >= end => return Ok(at + record.start),
                    Ok(true) => each(&record, text, at)?,
                    Ok(false) if window.is_end => return Ok(self.text.len().max(end)),
                    Ok(false) => {
                        at += text.len();
                        length = end.saturating_sub(at).max(1);
                        break;
                    }
                    Err(unclosed) if window.is_end || length > MOST_CELL => {
                        return Err(Unclosed(at + unclosed.0).error(&self.text));
                    }
                    Err(_) => {
                        at += record.start;
                        length = length.saturating_mul(4).max(MORE_BYTES);
                        break;
                    }
                }
            }
        }
        Ok(at)
    }
}
