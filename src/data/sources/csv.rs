//! CSV files, and other text with a row on each line.
//!
//! The text is cut into pieces that are read side by side. A piece is read from the first line that
//! begins in it; where that line turns out to stand inside of a quoted cell, since the piece before it
//! ends elsewhere, it is read again from where the rows before it end.

use std::ops::Range;

use rayon::prelude::*;

use super::table_format::{FileContents, TableFormat};
use crate::data::chunk::Read;
use crate::data::csv_text::{Csv, MOST_CELL};
use crate::data::encoding;
use crate::data::faults::Faults;
use crate::data::header::Header;
use crate::data::layout::Layout;
use crate::data::other_formats::other_format;
use crate::data::plain::Stop;
use crate::data::row_places::RowPlaces;
use crate::data::source::{Beginning, Source};
use crate::data::text::{Bytes, TableText};
use crate::data::{careful, plain};
use crate::diagnostics::Code;
use crate::error::{Error, Result};
use crate::sections::{CsvConfig, TextEncoding};
use crate::threads;

/// The format: any text that is of no other.
pub(super) const FORMAT: TableFormat = TableFormat {
    title: "CSV",
    names: &[CSV, TSV],
    endings: &[],
    packs: false,
    is_begun: |_| false,
    open: |name, bytes, format| Ok(FileContents::table(open(name, bytes, format)?)),
};

const CSV: &str = "csv";
const TSV: &str = "tsv";
/// Pieces that are read before they are handed over, for each thread.
const PIECES_A_THREAD: usize = 4;
/// How much of the text is kept to be shown.
const KEPT_BYTES: usize = 1 << 20;
/// What a piece gave that was read before its beginning was known for sure.
struct Guess {
    /// Where its first row was taken to begin.
    start: usize,
    /// Its rows, and where those after it begin; None where something isn't plain and right.
    read: Option<(Read, usize)>,
}

/// The table in a text.
fn open(name: &str, bytes: Bytes, format: &CsvConfig) -> Result<Csv> {
    let by_ending = CsvConfig { delimiter: Some('\t'), ..format.clone() };
    let is_tsv = format.delimiter.is_none() && name.to_ascii_lowercase().ends_with(".tsv");
    let format = if is_tsv { &by_ending } else { format };
    let encoding = match format.encoding {
        None if encoding::is_utf16(bytes.start()) => TextEncoding::Utf16,
        encoding => encoding.unwrap_or(TextEncoding::Utf8),
    };
    if encoding == TextEncoding::Utf8 {
        if let Some(help) = other_format(bytes.start()) {
            let error = Error::data(name, "expected a table").with_code(Code::NotATable);
            return Err(error.with_help(help));
        }
        return Csv::new(TableText::new(name, bytes)?, format);
    }
    let decoded = encoding::decode(&bytes.whole()?, encoding).ok_or_else(|| {
        let says = match format.encoding {
            Some(_) => "`csv.encoding` names",
            None => "its first bytes name, UTF-16",
        };
        Error::data(name, format!("the text is not in the encoding that {says}"))
            .with_code(Code::NotATable)
            .with_help("`utf-8`, `latin1`, `windows-1252` or `utf-16`")
    })?;
    Csv::new(TableText::new(name, decoded.into_bytes())?, format)
}

impl Source for Csv {
    fn places(&self) -> &dyn RowPlaces {
        &*self.text
    }

    fn header(&self) -> &Header {
        &self.header
    }

    fn as_csv(&self) -> Option<&Csv> {
        Some(self)
    }

    fn read(
        &self,
        layout: &Layout<'_>,
        faults: &mut Faults<'_>,
        take: &mut dyn FnMut(Read) -> Result<()>,
    ) -> Result<()> {
        self.read_pieces(layout.piece_bytes, layout, faults, take).map(drop)
    }

    fn beginning(&self) -> Beginning {
        let (text, body) = (self.text.start(), self.header.body);
        let mut end = text.len().min(body + KEPT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let is_whole = end == text.len() && self.text.is_whole();
        Beginning { text: text[..end].to_string(), body, is_whole }
    }

    fn format(&self) -> &'static str {
        match self.header.dialect.delimiter {
            b'\t' => TSV,
            _ => CSV,
        }
    }
}

impl Csv {
    /// Reads pieces of so many bytes; gives how many of them had to be read with care.
    pub(crate) fn read_pieces(
        &self,
        bytes: usize,
        layout: &Layout<'_>,
        faults: &mut Faults<'_>,
        take: &mut dyn FnMut(Read) -> Result<()>,
    ) -> Result<usize> {
        let pieces = self.text.pieces(self.header.body, bytes);
        let mut next = self.header.body; // where the rows that aren't read yet begin
        let mut with_care = 0;
        let mut buffer = Vec::new();
        for group in pieces.chunks(PIECES_A_THREAD * threads::count().max(1)) {
            let guesses = group
                .par_iter()
                .map_init(Vec::new, |buffer, piece| self.guess(piece.clone(), layout, buffer));
            let guesses: Vec<Guess> = threads::within(|| guesses.collect());
            for (piece, guess) in group.iter().zip(guesses) {
                if next >= piece.end {
                    continue; // a long row has taken all of it
                }
                let read = if guess.start == next {
                    guess.read
                } else {
                    self.plain(next, piece.end, layout, &mut buffer)
                };
                let is_plain = read.is_some();
                let (read, end) = if let Some(read) = read {
                    read
                } else {
                    with_care += 1;
                    careful::read(self, next..piece.end, layout, faults)?
                };
                next = end;
                if is_plain {
                    faults.rows(read.chunk.rows);
                }
                if faults.may_go_on() && read.chunk.rows > 0 {
                    take(read)?;
                }
            }
        }
        Ok(with_care)
    }

    /// Reads a piece from the first line that begins in it.
    fn guess(&self, piece: Range<usize>, layout: &Layout<'_>, buffer: &mut Vec<u8>) -> Guess {
        let start = if piece.start == self.header.body {
            Some(piece.start)
        } else {
            self.first_line(piece.clone(), buffer)
        };
        // None where all of it is within a line
        let start = start.unwrap_or(piece.end);
        Guess { start, read: self.plain(start, piece.end, layout, buffer) }
    }

    /// Where the first line begins whose line break is in a piece, or just before it.
    fn first_line(&self, piece: Range<usize>, buffer: &mut Vec<u8>) -> Option<usize> {
        let window = self.text.window(piece.start - 1, 1, buffer).ok()?; // up to the end of a line
        let line = memchr::memchr(b'\n', window.bytes)?;
        Some(piece.start + line)
    }

    /// The fast way through the rows from `start` on that begin before `end`.
    fn plain(
        &self,
        start: usize,
        end: usize,
        layout: &Layout<'_>,
        buffer: &mut Vec<u8>,
    ) -> Option<(Read, usize)> {
        if start >= end {
            return Some((layout.empty(0).ended(), start));
        }
        let mut length = end - start;
        loop {
            let window = self.text.window(start, length, buffer).ok()?;
            let text = std::str::from_utf8(window.bytes).ok()?;
            let is_end = window.is_end;
            match plain::read(text, end - start, is_end, layout, &self.header.dialect) {
                Ok((mut read, next)) => {
                    read.chunk.place = start;
                    return Some((read, start + next));
                }
                Err(Stop::Unusual) => return None,
                Err(Stop::More) if is_end || length > MOST_CELL => return None,
                Err(Stop::More) => length = length.saturating_mul(4).max(1 << 18),
            }
        }
    }
}
