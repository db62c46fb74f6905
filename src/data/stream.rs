//! TableStream: a table for a trained model, some thousand rows at a time, in memory that doesn't grow with
//! the table.

use std::path::Path;

use super::apply::Bound;
use super::cells::Missing;
use super::choose;
use super::chosen_rows::ChosenRows;
use super::chunk::Read;
use super::dataset::{Dataset, check_weights};
use super::dialect::Dialect;
use super::dropped::LeftOut;
use super::faults::Faults;
use super::layout::{Layout, Wanted};
use super::part::Part;
use super::preprocessing::{Preprocessing, place_in};
use super::read_pictures::told_of_bad;
use super::records::cells_of;
use super::source::{Source, line_of_csv};
use super::sources;
use super::table::{Table, no_rows};
use super::unknown_cells::UnknownCells;
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::sections::CsvConfig;
use crate::splits::RowRole;
use crate::transforms::Fill;

/// How a table is read for a trained model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UseOptions {
    /// With the target, and with the sample weights where the table has their column.
    pub with_target: bool,
    /// With the rows as they stand in the file.
    pub keep_columns: bool,
    /// With the cells of the columns that name a row.
    pub with_ids: bool,
    /// Leave out rows that can't be used, in place of an error.
    pub skip_errors: bool,
    /// Of a model of windows, every window whose target is a row of the table; without it, and without
    /// targets, the last window of each series, of which a forecast is made.
    pub each_row: bool,
}

/// Some rows of a table, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct UsedRows {
    /// As the model sees them; without targets where they weren't asked for.
    pub data: Dataset,
    /// As they stand in the file, each as a line of CSV, where the columns are kept.
    /// Of windows the rows of their targets, and of forecasts the last that each sees.
    pub raw: Vec<String>,
    /// The cells of the columns that name a row, where they are asked for.
    pub ids: Vec<Vec<String>>,
    /// The series of each forecast, where a column tells them apart.
    pub series: Vec<String>,
}

/// Rows that were left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Skipped {
    /// How many.
    pub rows: usize,
    /// Why, and where the first of them are.
    pub reasons: Vec<Diagnostic>,
    /// What else is to be told: rows that the preprocessing leaves out, categories that training
    /// didn't see.
    pub notes: Vec<Diagnostic>,
}

/// A table that a trained model is used on. Columns that the model doesn't know are ignored.
pub struct TableStream<'a> {
    pub(super) source: Box<dyn Source>,
    pub(super) preprocessing: &'a Preprocessing,
    pub(super) options: UseOptions,
    wanted: Vec<Wanted>,
    /// The places of the columns that name a row, of those that the table has.
    ids: Vec<usize>,
    /// The rows that the condition of the model's rows chooses, of a table with targets.
    chosen: Option<ChosenRows>,
}

/// Chunks that are worked on together.
const CHUNKS: usize = 8;
/// How many reasons are told.
const TOLD: usize = 20;

impl<'a> TableStream<'a> {
    /// A table of a file; `-` is standard input.
    pub fn open(
        path: &Path,
        csv: &CsvConfig,
        preprocessing: &'a Preprocessing,
        options: UseOptions,
    ) -> Result<TableStream<'a>> {
        TableStream::of(sources::open(&path.into(), csv)?, preprocessing, options)
    }

    pub(super) fn of(
        source: Box<dyn Source>,
        preprocessing: &'a Preprocessing,
        options: UseOptions,
    ) -> Result<TableStream<'a>> {
        let wanted = preprocessing.wanted(&*source, options.with_target)?;
        let mut ids = Vec::new();
        for name in preprocessing.id_columns().iter().filter(|_| options.with_ids) {
            ids.extend(place_in(&*source, name)?);
        }
        let condition = preprocessing.rows.as_ref().filter(|_| options.with_target);
        let chosen = condition
            .map(|condition| choose::that_meet(condition, &preprocessing.missing_values, &*source));
        let chosen = chosen.transpose()?;
        Ok(TableStream { source, preprocessing, options, wanted, ids, chosen })
    }

    /// The names of the columns that name a row, of those that the table has.
    pub fn id_names(&self) -> Vec<String> {
        let names = &self.source.header().names;
        self.ids.iter().map(|place| names[*place].clone()).collect()
    }

    /// What to tell where the table has no column that names a row.
    fn without_ids(&self) -> Option<Diagnostic> {
        let found = self.id_names();
        let mut absent = self.preprocessing.id_columns().iter();
        let absent = absent.find(|id| self.options.with_ids && !found.contains(id))?;
        let message = format!(
            "column `{absent}`, which `data.id` names, is missing: the predictions are without it"
        );
        Some(Diagnostic::warning(Code::Column, message).at(self.source.places().at_header()))
    }

    /// What to tell of the rows that are left out by the condition.
    fn of_chosen(&self) -> Option<Diagnostic> {
        self.chosen.as_ref()?.told.clone()
    }

    /// The columns' names as they stand in the file, as a line of CSV.
    pub fn raw_header(&self) -> String {
        line_of_csv(self.source.header().raw.iter().map(String::as_str))
    }

    /// Hands over so many rows at a time, the last time those that are left.
    pub fn read(
        &self,
        rows: usize,
        each: &mut dyn FnMut(UsedRows) -> Result<()>,
    ) -> Result<Skipped> {
        let missing = Missing::new(&self.preprocessing.missing_values);
        let mut layout = Layout::new(self.source.header(), &self.wanted, &missing);
        layout.keeps_rows = self.options.keep_columns || !self.ids.is_empty();
        layout.piece_bytes /= 2; // rows and predictions take their share
        let mut faults = Faults::new(self.source.places(), &layout).of_chosen(self.chosen.as_ref());
        let skips_rows = self.options.skip_errors && self.preprocessing.window.is_none();
        if skips_rows {
            faults = faults.skipping();
        }
        // windows are made of the whole table
        let chunks = if self.preprocessing.window.is_some() { usize::MAX } else { CHUNKS };
        let mut applying = Applying {
            stream: self,
            layout: &layout,
            reads: Vec::new(),
            pending: None,
            skipped: Skipped {
                notes: self.without_ids().into_iter().chain(self.of_chosen()).collect(),
                ..Skipped::default()
            },
            is_empty: true,
            has_weight: false,
            left_out: LeftOut::new(&self.preprocessing.dropping()),
            unknown: Vec::new(),
            pictures: 0,
            bad_pictures: Vec::new(),
        };
        self.source.read(&layout, &mut faults, &mut |read| {
            applying.reads.push(read);
            if applying.reads.len() < chunks {
                return Ok(());
            }
            applying.apply()?;
            applying.hand_over(rows, rows, each)
        })?;
        if let Some(error) = faults.error() {
            if !skips_rows {
                return Err(self.of_a_series(error));
            }
            applying.skip(faults.bad_rows(), &error);
        }
        applying.apply()?;
        applying.hand_over(rows, 1, each)?;
        applying.end(self.source.name())
    }
}

impl TableStream<'_> {
    /// Why the row of an error isn't skipped, where that is asked for.
    fn of_a_series(&self, error: Error) -> Error {
        if !self.options.skip_errors || self.preprocessing.window.is_none() {
            return error;
        }
        error.map(|mut error| {
            error.help += if error.help.is_empty() { "" } else { "; " };
            error.help +=
                "`--on-error skip` skips series that are too short, but no row of a series";
            error
        })
    }
}

/// What is read and not handed over yet.
struct Applying<'a> {
    stream: &'a TableStream<'a>,
    layout: &'a Layout<'a>,
    reads: Vec<Read>,
    pending: Option<UsedRows>,
    skipped: Skipped,
    is_empty: bool,
    has_weight: bool,
    left_out: LeftOut,
    unknown: Vec<UnknownCells>,
    /// How many pictures were read, and what is wrong with those that are left out.
    pictures: usize,
    bad_pictures: Vec<Diagnostic>,
}

impl Applying<'_> {
    /// Makes of the chunks that were read rows as the model sees them.
    fn apply(&mut self) -> Result<()> {
        let TableStream { source, preprocessing, options, wanted, .. } = self.stream;
        let reads = std::mem::take(&mut self.reads);
        let raw: Vec<String> = reads.iter().flat_map(|read| self.kept(read)).collect();
        let mut table = Table::of(reads, self.layout, wanted);
        if let Some(chosen) = &self.stream.chosen {
            table.choose(chosen);
        }
        if options.with_target {
            table.drop_rows(&preprocessing.dropping(), &mut self.left_out);
        }
        if table.rows() == 0 {
            return Ok(());
        }
        if let Some((column, image)) = preprocessing.image() {
            table.read_pictures(column, image, &**source);
            self.pictures += table.rows();
            let drops = preprocessing.features[column].missing == Some(Fill::DropRow);
            if options.with_target && drops {
                self.bad_pictures.extend(table.drop_bad_pictures());
            }
            if table.rows() == 0 {
                return Ok(());
            }
        }
        self.is_empty = false;
        let bound = Bound::new(preprocessing, &table, options.with_target);
        let mut roles = Vec::new();
        if let Err(error) = bound.check(&table, &**source, "") {
            if !options.skip_errors || preprocessing.window.is_some() {
                return Err(self.stream.of_a_series(error));
            }
            roles = bound.roles(&table);
            let skipped = roles.iter().filter(|role| **role == RowRole::LeftOut);
            self.skip(skipped.count(), &error);
        }
        UnknownCells::add(&mut self.unknown, bound.unknown(&table));
        let part = if roles.is_empty() { Part::All } else { Part::Train(&roles) };
        let windows = match &preprocessing.window {
            Some(window) => Some((window, self.stream.timeline(window, &table)?)),
            None => None,
        };
        let chunks = table.take_chunks();
        let data = bound.rows(chunks, &[part], source.name())?.remove(0);
        if let Some((window, timeline)) = windows {
            let (mut used, notes) = self.stream.windows(window, timeline, &data, raw)?;
            used.ids = self.ids(&used.raw);
            if !options.keep_columns {
                used.raw = Vec::new();
            }
            check_weights(&used.data, source.name())?;
            self.skipped.notes.extend(notes);
            self.has_weight = true;
            self.pending = Some(used);
            return Ok(());
        }
        let raw = raw.into_iter().enumerate();
        let raw: Vec<String> = raw.filter(|(row, _)| part.has(*row)).map(|(_, row)| row).collect();
        let ids = self.ids(&raw);
        let raw = if options.keep_columns { raw } else { Vec::new() };
        self.has_weight |=
            data.weights.as_ref().is_none_or(|weights| weights.iter().any(|w| *w > 0.0));
        match &mut self.pending {
            Some(pending) => pending.append(UsedRows { data, raw, ids, series: Vec::new() }),
            pending => *pending = Some(UsedRows { data, raw, ids, series: Vec::new() }),
        }
        Ok(())
    }

    /// Hands over what there is, `rows` at a time, as long as there are `least` rows.
    fn hand_over(
        &mut self,
        rows: usize,
        least: usize,
        each: &mut dyn FnMut(UsedRows) -> Result<()>,
    ) -> Result<()> {
        let Some(mut pending) = self.pending.take() else { return Ok(()) };
        if pending.data.windows.is_some() {
            return each(pending); // they share rows
        }
        while pending.data.len() >= least.max(1) {
            let rest = pending.split_off(rows);
            each(std::mem::replace(&mut pending, rest))?;
        }
        self.pending = Some(pending);
        Ok(())
    }

    fn skip(&mut self, rows: usize, error: &Error) {
        self.skipped.rows += rows;
        let left = TOLD.saturating_sub(self.skipped.reasons.len());
        let told = error.diagnostics();
        let reasons = told.iter().take(left).map(|reason| reason.clone().as_warning());
        self.skipped.reasons.extend(reasons);
    }

    fn end(mut self, name: &str) -> Result<Skipped> {
        self.skipped.notes.extend(self.stream.source.notes());
        self.skipped.notes.extend(self.left_out.told(name)?);
        self.skipped.notes.extend(told_of_bad(&self.bad_pictures, self.pictures, name)?);
        self.skipped.notes.extend(self.unknown.iter().map(UnknownCells::told));
        if self.is_empty && self.skipped.rows == 0 {
            return Err(no_rows(name));
        }
        if self.is_empty {
            let all = format!("none of the {} rows can be used", self.skipped.rows);
            let mut error = Error::data(name, all);
            if let Some(reason) = self.skipped.reasons.first() {
                error = error.with_help(format!("the first: {}", reason.message));
            }
            return Err(error);
        }
        if !self.has_weight {
            return Err(Error::data(name, "all sample weights are 0: no row counts")
                .with_help("give at least one row a weight above 0"));
        }
        Ok(self.skipped)
    }

    /// The cells that name each of these rows, which are lines of CSV.
    fn ids(&self, rows: &[String]) -> Vec<Vec<String>> {
        let places = &self.stream.ids;
        if places.is_empty() {
            return Vec::new();
        }
        let dialect = Dialect::of(&CsvConfig::default());
        let of_row = |row: &String| {
            let cells = cells_of(row, &dialect);
            let cell = |place: &usize| cells.get(*place).map_or("", |cell| cell.trim()).to_string();
            places.iter().map(cell).collect()
        };
        rows.iter().map(of_row).collect()
    }

    /// The rows of a chunk as lines of CSV.
    fn kept(&self, read: &Read) -> Vec<String> {
        let header = self.stream.source.header();
        let dialect = &header.dialect;
        let as_line = |row: &str| {
            if dialect.is_standard() {
                return row.to_string();
            }
            let cells = cells_of(row, dialect);
            line_of_csv(cells.iter().take(header.names.len()).map(AsRef::as_ref))
        };
        read.kept_rows().map(as_line).collect()
    }
}

impl UsedRows {
    fn append(&mut self, mut other: UsedRows) {
        self.data.append(other.data);
        self.raw.append(&mut other.raw);
        self.ids.append(&mut other.ids);
    }

    /// Takes the rows from `rows` on away.
    fn split_off(&mut self, rows: usize) -> UsedRows {
        let rows = rows.min(self.data.len());
        UsedRows {
            series: Vec::new(),
            data: self.data.split_off(rows),
            raw: if self.raw.is_empty() { Vec::new() } else { self.raw.split_off(rows) },
            ids: if self.ids.is_empty() { Vec::new() } else { self.ids.split_off(rows) },
        }
    }
}
