//! Apply: from a table and the preprocessing to numbers as the model sees them.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::chunk::{Chunk, MISSING_CODE};
use super::codes::Codes;
use super::dataset::{Dataset, Matrix, Targets, check_weights};
use super::fitted::{BLOCK_ROWS, Cells, FittedColumn};
use super::layout::Slot;
use super::part::Part;
use super::pictures::Pictures;
use super::preprocessing::{Preprocessing, overflow, unknown};
use super::source::Source;
use super::table::Table;
use super::table_pictures::TablePictures;
use super::unknown_cells::UnknownCells;
use super::unseen::Unseen;
use crate::diagnostics::Diagnostic;
use crate::error::{Error, Result};
use crate::limits::free_memory::lacking;
use crate::limits::freed_memory;
use crate::splits::RowRole;
use crate::target::Target;
use crate::threads;
use crate::transforms::Encoded;

/// Chunks that are dropped before their memory is returned: of a CSV file some 32 MB of text.
const CHUNKS_AT_ONCE: usize = 32;

/// The columns of a table, each with what becomes of it.
pub(super) struct Bound<'a> {
    features: Vec<BoundColumn<'a>>,
    target: Vec<BoundColumn<'a>>,
    weight: Option<Slot>,
    /// The features, where they are pictures.
    pictures: Option<Pictures>,
    /// Whether the targets are the features themselves.
    is_of_features: bool,
    kind: Target,
    width: usize,
}

struct BoundColumn<'a> {
    column: &'a FittedColumn,
    slot: Slot,
    /// What each code becomes; of numbers nothing.
    codes: Codes,
}

impl<'a> Bound<'a> {
    /// The preprocessing's columns in a table that holds the features, then the target where it was
    /// read, then the weight where there is one.
    pub(super) fn new(
        preprocessing: &'a Preprocessing,
        table: &Table,
        with_target: bool,
    ) -> Bound<'a> {
        let keys = preprocessing.window_columns().count();
        let columns =
            preprocessing.features.len() + if with_target { preprocessing.target.len() } else { 0 };
        let has_weight = with_target
            && preprocessing.sample_weight.is_some()
            && table.slots.len() > columns + keys;
        let mut slots = table.slots.iter().copied();
        let mut bind = |columns: &'a [FittedColumn]| -> Vec<BoundColumn<'a>> {
            let pairs = columns.iter().zip(slots.by_ref().take(columns.len()));
            pairs.map(|(column, slot)| BoundColumn::new(column, slot, table)).collect()
        };
        let features = bind(&preprocessing.features);
        let target = if with_target { bind(&preprocessing.target) } else { Vec::new() };
        Bound {
            features,
            target,
            weight: slots.next().filter(|_| has_weight),
            pictures: table.pictures.as_ref().map(|own| own.pictures.clone()),
            is_of_features: with_target && preprocessing.is_of_features(),
            kind: preprocessing.target_kind(),
            width: preprocessing.features(),
        }
    }

    /// An error at the first cell that training didn't see, or whose weight is negative.
    pub(super) fn check(&self, table: &Table, source: &dyn Source, remedy: &str) -> Result<()> {
        if let Some(error) = table.pictures.as_ref().and_then(TablePictures::error) {
            return Err(error);
        }
        let at = |row| source.at(table.place_of(row));
        let mut unseen: Vec<(Unseen, &BoundColumn<'_>)> = self
            .features
            .iter()
            .chain(&self.target)
            .filter_map(|bound| Some((bound.unseen(table)?, bound)))
            .collect();
        unseen.sort_by_key(|(unseen, _)| unseen.row); // stable: columns in their order
        let mut errors: Vec<Diagnostic> = Vec::new();
        for (unseen, bound) in &unseen {
            let Slot::Text(place) = bound.slot else { continue };
            let text = |code: u32| table.texts[place].get(code as usize);
            let (name, first) = (&bound.column.name, text(unseen.first));
            let error = unknown(at(unseen.row), bound.column, first, remedy);
            let list = |error: Diagnostic| unseen.list(error, name, text);
            errors.extend(error.map(list).diagnostics().iter().cloned());
        }
        if let Some(error) = Error::all(errors) {
            return Err(error);
        }
        let Some(Slot::Number(place)) = self.weight else { return Ok(()) };
        match table.numbers(place).enumerate().find(|(_, weight)| *weight < 0.0) {
            Some((row, weight)) => {
                let message = format!("a sample weight must be 0 or more, got {weight}");
                Err(Error::data(at(row), message).with_help("0 leaves the row out of the loss"))
            }
            None => Ok(()),
        }
    }

    /// Categories that training didn't see, and that are taken nevertheless.
    pub(super) fn unknown(&self, table: &Table) -> Vec<UnknownCells> {
        self.features.iter().filter_map(|column| column.unknown(table)).collect()
    }

    /// Leaves out the rows with a category that training didn't see.
    pub(super) fn roles(&self, table: &Table) -> Vec<RowRole> {
        let mut roles = vec![RowRole::Train; table.rows()];
        for bound in self.features.iter().chain(&self.target) {
            let Slot::Text(place) = bound.slot else { continue };
            for (role, code) in roles.iter_mut().zip(table.codes(place)) {
                if code != MISSING_CODE && bound.codes.index(code).is_none() {
                    *role = RowRole::LeftOut;
                }
            }
        }
        for row in table.pictures.iter().flat_map(TablePictures::bad_rows) {
            roles[row] = RowRole::LeftOut;
        }
        roles
    }

    /// Some parts of the rows as the model sees them; an error where no row of one counts.
    pub(super) fn datasets(
        &self,
        chunks: Vec<Cow<'_, Chunk>>,
        parts: &[Part<'_>],
        name: &str,
    ) -> Result<Vec<Dataset>> {
        let all = self.rows(chunks, parts, name)?;
        all.iter().try_for_each(|data| check_weights(data, name))?;
        Ok(all)
    }

    /// Some parts of the rows as the model sees them. Chunks are done side by side, each into its
    /// own rows, and dropped.
    pub(super) fn rows(
        &self,
        chunks: Vec<Cow<'_, Chunk>>,
        parts: &[Part<'_>],
        name: &str,
    ) -> Result<Vec<Dataset>> {
        let weight = FittedColumn::number("sample_weight");
        let weight =
            self.weight.map(|slot| BoundColumn { column: &weight, slot, codes: Codes::default() });
        let features = if self.pictures.is_some() { &[][..] } else { &self.features };
        let groups: [&[BoundColumn<'_>]; 3] = [features, &self.target, weight.as_slice()];
        let widths = groups.map(|group| group.iter().map(|bound| bound.column.width()).sum());
        let count: usize = chunks.iter().map(|chunk| chunk.rows).sum();
        let numbers: usize = widths.iter().sum();
        let need = (count as u64).saturating_mul(numbers as u64).saturating_mul(4);
        if let Some(problem) =
            lacking(&format!("a table of {count} rows and {numbers} numbers each"), need)
        {
            let help = "fewer columns, or shorter texts, take less";
            return Err(Error::from(problem.with_help(help)));
        }
        let mut filled = fill(chunks, parts, groups, widths);
        if let Some(column) = filled.overflow {
            return Err(overflow(name, column));
        }
        let shape = match self.kind {
            Target::Classes(_) => vec![],
            Target::OneHot(width) | Target::Numbers(width) => vec![width],
        };
        let each = filled.parts.drain(..).zip(parts).map(|([x, y, weights], part)| {
            let x = match &self.pictures {
                Some(all) => {
                    Matrix::of_pictures(all.of_rows((0..count).filter(|row| part.has(*row))))
                }
                None => Matrix::new(x, self.width),
            };
            let y = match (self.is_of_features, &self.pictures) {
                (true, None) => Arc::clone(&x.values),
                (true, Some(_)) => Arc::new(x.all_numbers()?.into_owned()),
                (false, _) => Arc::new(y),
            };
            let weights = weight.is_some().then_some(weights);
            Ok(Dataset { x, y: Targets::new(y, shape.clone()), weights, windows: None })
        });
        each.collect()
    }
}

impl<'a> BoundColumn<'a> {
    fn new(column: &'a FittedColumn, slot: Slot, table: &Table) -> Self {
        let codes = match (&column.encode, slot) {
            (Some(encoding), Slot::Text(place)) => {
                Codes::new(encoding, column.missing.as_ref(), &table.texts[place])
            }
            _ => Codes::default(),
        };
        BoundColumn { column, slot, codes }
    }

    /// Categories that training didn't see, and that are taken nevertheless.
    fn unknown(&self, table: &Table) -> Option<UnknownCells> {
        let (Slot::Text(place), Some(encode)) = (self.slot, &self.column.encode) else {
            return None;
        };
        let texts = &table.texts[place];
        let is_taken = |code: usize| self.codes.index(code as u32).is_some();
        let is_unknown = |(code, text): (usize, &str)| is_taken(code) && !encode.is_known(text);
        let is_unknown: Vec<bool> = texts.iter().enumerate().map(is_unknown).collect();
        let is_counted = |code: &u32| is_unknown.get(*code as usize) == Some(&true);
        let rows = table.codes(place).filter(is_counted).count();
        let kinds = texts.iter().zip(&is_unknown).filter(|(_, is_unknown)| **is_unknown);
        let kinds = kinds.map(|(text, _)| text.to_string()).collect();
        (rows > 0).then(|| UnknownCells { column: self.column.name.clone(), rows, kinds })
    }

    /// The cells whose class isn't known.
    fn unseen(&self, table: &Table) -> Option<Unseen> {
        let Slot::Text(place) = self.slot else { return None };
        if self.codes.are_known() {
            return None;
        }
        let mut found: Option<Unseen> = None;
        for (row, code) in table.codes(place).enumerate() {
            if self.codes.index(code).is_some() || code == MISSING_CODE {
                continue;
            }
            let unseen =
                found.get_or_insert_with(|| Unseen { row, first: code, counts: Vec::new() });
            match unseen.counts.iter().position(|(other, _)| *other == code) {
                Some(place) => unseen.counts[place].1 += 1,
                None if unseen.counts.len() < Unseen::TOLD => unseen.counts.push((code, 1)),
                None => {}
            }
        }
        found
    }

    /// Writes the numbers of a block of rows of a chunk at `at` of each row of `out`; false where one
    /// isn't finite.
    fn write(&self, chunk: &Chunk, rows: &[u32], out: &mut [f32], at: usize, width: usize) -> bool {
        match self.slot {
            Slot::Number(place) => {
                let mut block = [0.0; BLOCK_ROWS];
                let block = &mut block[..rows.len()];
                chunk.numbers[place].read(rows, block);
                let mut missing = [false; BLOCK_ROWS];
                if self.column.indicator {
                    missing.iter_mut().zip(&*block).for_each(|(to, number)| *to = number.is_nan());
                }
                self.column.apply(&Cells::Numbers(block), &missing, out, at, width)
            }
            Slot::Text(place) => {
                let mut block = [0; BLOCK_ROWS];
                let block = &mut block[..rows.len()];
                let mut missing = [false; BLOCK_ROWS];
                for ((to, is_missing), row) in block.iter_mut().zip(&mut missing).zip(rows) {
                    let code = chunk.codes[place][*row as usize];
                    *to = self.codes.index(code).unwrap_or_default();
                    *is_missing = code == MISSING_CODE;
                }
                let cells = match self.codes.rows() {
                    Some(rows) => Cells::Rows(rows, block),
                    None => Cells::Indices(block),
                };
                self.column.apply(&cells, &missing, out, at, width)
            }
        }
    }
}

/// The numbers of three groups of columns: features, target, weight.
struct Filled<'a> {
    /// For each part of the rows those of each group, row after row.
    parts: Vec<[Vec<f32>; 3]>,
    /// A column with a number that isn't finite in 32 bits.
    overflow: Option<&'a str>,
}

/// A chunk, and where its numbers go to: for each part those of each group.
struct Filling<'c, 'o> {
    chunk: Cow<'c, Chunk>,
    /// The number of its first row.
    start: usize,
    out: Vec<[&'o mut [f32]; 3]>,
}

fn fill<'a>(
    chunks: Vec<Cow<'_, Chunk>>,
    parts: &[Part<'_>],
    groups: [&[BoundColumn<'a>]; 3],
    widths: [usize; 3],
) -> Filled<'a> {
    let starts = chunks.iter().scan(0, |next, chunk| {
        let start = *next;
        *next += chunk.rows;
        Some(start)
    });
    let starts: Vec<usize> = starts.collect();
    let places = || starts.iter().zip(&chunks).map(|(start, chunk)| (*start, chunk.rows));
    let rows =
        |part: &Part<'_>| places().map(|(start, rows)| part.count(start, rows)).sum::<usize>();
    let zeros = |part: &Part<'_>| widths.map(|width| vec![0f32; rows(part) * width]);
    let mut filled: Vec<[Vec<f32>; 3]> = parts.iter().map(zeros).collect();
    let mut rest: Vec<[&mut [f32]; 3]> =
        filled.iter_mut().map(|groups| groups.each_mut().map(Vec::as_mut_slice)).collect();
    let mut jobs = Vec::with_capacity(chunks.len());
    for (start, chunk) in starts.into_iter().zip(chunks) {
        let mut out = Vec::with_capacity(parts.len());
        for (rest, part) in rest.iter_mut().zip(parts) {
            let rows = part.count(start, chunk.rows);
            let [x, y, weights] = rest;
            let cut = [(x, widths[0]), (y, widths[1]), (weights, widths[2])];
            out.push(cut.map(|(to, width)| to.split_off_mut(..rows * width).unwrap_or_default()));
        }
        jobs.push(Filling { chunk, start, out });
    }
    let mut overflow = None;
    let is_large = jobs.len() > CHUNKS_AT_ONCE;
    let mut jobs = jobs.into_iter();
    while jobs.len() > 0 {
        if is_large {
            freed_memory::return_freed(); // the numbers take as much as the chunks: not both at once
        }
        let some: Vec<Filling<'_, '_>> = jobs.by_ref().take(CHUNKS_AT_ONCE).collect();
        let each = some.into_par_iter().map(|job| job.run(parts, groups, widths));
        let overflows: Vec<Option<&str>> = threads::within(|| each.collect());
        overflow = overflow.or(overflows.into_iter().flatten().next());
    }
    if is_large {
        freed_memory::return_freed();
    }
    Filled { parts: filled, overflow }
}

impl Filling<'_, '_> {
    /// Writes the numbers, and drops the chunk; gives a column with one that isn't finite.
    fn run<'a>(
        self,
        parts: &[Part<'_>],
        groups: [&[BoundColumn<'a>]; 3],
        widths: [usize; 3],
    ) -> Option<&'a str> {
        let mut overflow = None;
        for (part, out) in parts.iter().zip(self.out) {
            let rows = part.rows(self.start, self.chunk.rows);
            for ((group, width), out) in groups.into_iter().zip(widths).zip(out) {
                let blocks = out.chunks_mut((BLOCK_ROWS * width).max(1));
                for (rows, out) in rows.chunks(BLOCK_ROWS).zip(blocks) {
                    let mut at = 0;
                    for bound in group {
                        if !bound.write(&self.chunk, rows, out, at, width) {
                            overflow = overflow.or(Some(bound.column.name.as_str()));
                        }
                        at += bound.column.width();
                    }
                }
            }
        }
        overflow
    }
}
