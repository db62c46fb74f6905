//! Table: the cells that are wanted, as numbers and as codes of texts, in chunks of rows.

use std::ops::Range;

use rayon::prelude::*;

use super::cells::Missing;
use super::chunk::{Chunk, Interner, MISSING_CODE, Read};
use super::header::Header;
use super::layout::{Layout, Slot, Wanted};
use super::source::Source;
use super::{careful, plain};
use crate::diagnostics::Code;
use crate::error::{Error, Result};
use crate::threads;

/// The wanted cells of a table.
pub(super) struct Table {
    /// In the order of the file.
    pub chunks: Vec<Chunk>,
    /// The distinct texts of each text slot, in the order in which they are first met.
    pub texts: Vec<Vec<String>>,
    /// The slot of each wanted column.
    pub slots: Vec<Slot>,
    /// How many numbers a row has.
    pub numbers: usize,
}

/// Bytes of text that are read at once; fixed, so that nothing depends on the number of threads.
const CHUNK_BYTES: usize = 1 << 20;

impl Table {
    /// Reads the wanted columns. Plain text goes the fast way; where that meets anything unusual, all
    /// of it is read again with care, which says what is wrong if something is.
    pub(super) fn read(
        source: &Source,
        header: &Header,
        wanted: &[Wanted],
        missing: &Missing,
    ) -> Result<Table> {
        let layout = Layout::new(header, wanted, missing);
        let reads = match read_plain(source, header, &layout, CHUNK_BYTES) {
            Some(reads) => reads,
            None => careful::read(source, header, &layout)?,
        };
        let table = join(reads, &layout, wanted);
        if table.rows() == 0 {
            return Err(Error::data(&source.name, "the table has a header and no rows")
                .with_code(Code::NotATable)
                .with_help("add at least one row under the columns' names"));
        }
        Ok(table)
    }

    /// How many rows.
    pub(super) fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows).sum()
    }

    /// The chunks, each with the number of its first row.
    pub(super) fn with_starts(&self) -> Vec<(usize, &Chunk)> {
        let starts = self.chunks.iter().scan(0, |next, chunk| {
            let start = *next;
            *next += chunk.rows;
            Some(start)
        });
        starts.zip(&self.chunks).collect()
    }
}

/// The fast way: None where a cell over several lines, a lone CR, or a cell that isn't right is met.
pub(super) fn read_plain(
    source: &Source,
    header: &Header,
    layout: &Layout<'_>,
    chunk_bytes: usize,
) -> Option<Vec<Read>> {
    let pieces = source.pieces(header.body, chunk_bytes);
    let read = |buffer: &mut Vec<u8>, piece: Range<usize>| {
        let is_first = piece.start == header.body;
        plain::read(source.lines(piece, is_first, buffer)?, layout)
    };
    threads::within(|| pieces.into_par_iter().map_init(Vec::new, read).collect())
}

/// Joins chunks in order; the texts' numbers become those of the whole table.
fn join(reads: Vec<Read>, layout: &Layout<'_>, wanted: &[Wanted]) -> Table {
    let mut whole: Vec<Interner> = (0..layout.texts).map(|_| Interner::default()).collect();
    let mut chunks = Vec::with_capacity(reads.len());
    for mut read in reads {
        let renumbered: Vec<Vec<u32>> = read
            .texts
            .iter()
            .zip(&mut whole)
            .map(|(own, whole)| own.texts.iter().map(|text| whole.number(text).0).collect())
            .collect();
        if !renumbered.is_empty() {
            for row in read.chunk.codes.chunks_mut(layout.texts) {
                for (code, new) in row.iter_mut().zip(&renumbered) {
                    *code = new.get(*code as usize).copied().unwrap_or(MISSING_CODE);
                }
            }
        }
        chunks.push(read.chunk);
    }
    let texts = whole.into_iter().map(|interner| interner.texts).collect();
    Table { chunks, texts, slots: layout.slots(wanted), numbers: layout.numbers }
}
