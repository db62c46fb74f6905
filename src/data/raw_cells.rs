//! `RawCells`: the cells of a table that a configuration asks for, as they were read.

use std::sync::OnceLock;

use super::chunk::MISSING_CODE;
use super::columns::ColumnPlan;
use super::dictionary::Dictionary;
use super::float;
use super::layout::Slot;
use super::places;
use super::source::Source;
use super::table::Table;
use super::timeline::{Timeline, needs};
use crate::diagnostics::{Code, Diagnostic};
use crate::error::{Error, Result};
use crate::sections::DataConfig;
use crate::splits::KeyColumn;

/// The cells of a table that a configuration asks for, as they were read.
pub struct RawCells {
    pub(super) section: DataConfig,
    pub(super) source: Box<dyn Source>,
    pub(super) plan: ColumnPlan,
    pub(super) table: Table,
    /// What is to be told of the rows that `data.rows` leaves out.
    pub(super) chosen: Option<Diagnostic>,
    /// What is to be told of rows that are left out since a cell is missing.
    pub(super) dropped: Option<Diagnostic>,
    /// The same of pictures that can't be used.
    pub(super) bad_pictures: Option<Diagnostic>,
    /// The cells of the columns that name a row, of all rows of the file, once they were asked for.
    pub(super) ids: OnceLock<Vec<Vec<String>>>,
    /// The rows in the order of time, where windows are made of them.
    pub(super) timeline: Option<Timeline>,
    /// What is to be told of it.
    pub(super) of_time: Option<Diagnostic>,
}

impl RawCells {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.table.rows()
    }

    /// What is to be told of the rows.
    pub(super) fn warnings(&self) -> Vec<Diagnostic> {
        let told = [&self.chosen, &self.dropped, &self.bad_pictures, &self.of_time];
        let told = told.into_iter().flatten().cloned();
        self.source.notes().into_iter().chain(told).chain(self.too_short()).collect()
    }

    /// The warning about series that are too short for a window.
    fn too_short(&self) -> Option<Diagnostic> {
        let (timeline, shape) = (self.timeline.as_ref()?, self.section.window.as_ref()?.shape());
        let short = timeline.shorter_than(shape.rows());
        let few: Vec<String> = short.iter().take(3).map(|name| format!("`{name}`")).collect();
        let more = if short.len() > few.len() { ", …" } else { "" };
        let message = format!(
            "{} of {} series are too short for a window, and are not used: {}{more}",
            short.len(),
            timeline.series.len(),
            few.join(", ")
        );
        let warning = Diagnostic::warning(Code::Window, message).with_help(needs(&shape));
        (!short.is_empty()).then_some(warning)
    }

    /// The columns that name a row.
    pub fn id_names(&self) -> Vec<String> {
        self.plan.ids.iter().map(|id| id.name.clone()).collect()
    }

    /// Their cells in some rows of the file, as they stand there.
    pub fn id_cells(&self, rows: &[usize]) -> Result<Vec<Vec<String>>> {
        let places: Vec<usize> = self.plan.ids.iter().map(|id| id.index).collect();
        if places.is_empty() {
            return Ok(vec![Vec::new(); rows.len()]);
        }
        let all = match self.ids.get() {
            Some(all) => all,
            None => {
                let all = places::columns_of(&*self.source, &places)?;
                self.ids.get_or_init(|| all)
            }
        };
        Ok(rows.iter().map(|row| all.get(*row).cloned().unwrap_or_default()).collect())
    }

    /// The cells of the target in some rows of the file: numbers in their own unit, classes by their
    /// names.
    pub fn target_cells(&self, rows: &[usize]) -> Vec<Vec<String>> {
        let RawCells { plan, table, .. } = self;
        let chunks = table.with_starts();
        let slots = || table.slots.iter().skip(plan.features.len()).take(plan.target.len());
        let of_row = |row: &usize| -> Vec<String> {
            let row = row - table.dropped.partition_point(|dropped| dropped < row);
            let after = chunks.partition_point(|(start, _)| *start <= row);
            let Some((start, chunk)) = after.checked_sub(1).map(|place| chunks[place]) else {
                return Vec::new();
            };
            let row = row - start;
            let cell = |slot: &Slot| match slot {
                Slot::Number(place) => chunk.numbers[*place].at(row).to_string(),
                Slot::Text(place) => {
                    table.texts[*place].get(chunk.codes[*place][row] as usize).to_string()
                }
            };
            slots().map(cell).collect()
        };
        rows.iter().map(of_row).collect()
    }
}

/// What a column tells, for messages.
pub(super) const SERIES: &str = "which tells the series apart";
pub(super) const TIME: &str = "by which the rows are in time";

/// The cells of the column that the split looks at.
pub(super) fn split_column(cells: &RawCells) -> Result<Option<KeyColumn>> {
    let RawCells { source, plan, table, .. } = cells;
    let column = plan.split.as_ref().map(|split| (split.name.as_str(), plan.place_of(split)));
    let what = "by which the rows are split";
    column.map(|column| key_column(table, &**source, column, what)).transpose()
}

/// The cells of a column that tells something of the rows, by its name and its place among those that
/// are read; an error at the first that is missing.
pub(super) fn key_column(
    table: &Table,
    source: &dyn Source,
    (name, place): (&str, usize),
    what: &str,
) -> Result<KeyColumn> {
    let name = name.to_string();
    let (texts, codes) = match table.slots.get(place) {
        Some(Slot::Text(place)) => (table.texts[*place].clone(), table.codes(*place).collect()),
        Some(Slot::Number(place)) => {
            let mut texts = Dictionary::default();
            let code = |number: f64| {
                if number.is_nan() { MISSING_CODE } else { texts.number(&number.to_string()) }
            };
            let codes = table.numbers(*place).map(code).collect();
            (texts, codes)
        }
        None => return Err(Error::Internal(format!("column `{name}` was not read"))),
    };
    let texts: Vec<String> = texts.iter().map(str::to_string).collect();
    let numbers = texts.iter().map(|text| float::cell(text)).collect();
    let column = KeyColumn { name, texts, numbers, codes };
    if let Some(row) = column.codes.iter().position(|code| *code == MISSING_CODE) {
        let message = format!("column `{}`, {what}, is missing", column.name);
        return Err(Error::data(source.at(table.place_of(row)), message)
            .with_code(Code::Cell)
            .with_help("fill the cell, or leave the row out of the table"));
    }
    Ok(column)
}
