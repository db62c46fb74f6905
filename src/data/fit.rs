//! Fit: classes and statistics, from the rows to train on.

use std::ops::Range;

use super::chunk::Chunk;
use super::codes::Codes;
use super::columns::{ColumnPlan, Planned};
use super::fitted::FittedColumn;
use super::layout::Slot;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::scalings::{NumberBlocks, fit_scalings};
use super::table::Table;
use crate::config::ConfigError;
use crate::sections::DataConfig;
use crate::transforms::{
    Encode, Encoded, Encoding, Fill, Met, OneOrSeveral, Scale, Scaled, Scaling, mean_of,
};

/// The most classes that may become a column each.
const MOST_ONE_HOT: usize = 4096;

/// The preprocessing of the planned columns, whose slots are the table's, over a part of the rows.
pub(super) fn fit(
    plan: &ColumnPlan,
    section: &DataConfig,
    table: &Table,
    part: Part<'_>,
) -> Result<Preprocessing, ConfigError> {
    let planned: Vec<&Planned> = plan.features.iter().chain(&plan.target).collect();
    let mut columns: Vec<FittedColumn> = planned
        .iter()
        .zip(&table.slots)
        .map(|(column, slot)| fit_column(table, column, *slot, part))
        .collect();
    for (planned, column) in planned.iter().zip(&columns) {
        check_width(planned, column)?;
        check_fill(planned, column)?;
    }
    fit_scaled(&planned, &mut columns, table, part)?;
    let mut columns = columns.into_iter();
    Ok(Preprocessing {
        missing_values: section.missing_values.clone(),
        features: columns.by_ref().take(plan.features.len()).collect(),
        target: columns.collect(),
        sample_weight: plan.weight.as_ref().map(|weight| weight.name.clone()),
        id: plan.ids.iter().map(|id| id.name.clone()).collect(),
        is_of_bits: false, // until the rows are known
        window: section.window.clone(),
        rows: section.rows.as_ref().and_then(|rows| rows.condition.clone()),
    })
}

/// The classes of each row of the target, of all rows; None where it isn't one of classes.
pub(super) fn target_classes(plan: &ColumnPlan, table: &Table) -> Option<Vec<usize>> {
    let slot = *table.slots.get(plan.features.len())?;
    let column = fit_column(table, plan.target.first()?, slot, Part::All);
    let Slot::Text(place) = slot else { return None };
    if column.has_numbers() {
        return None;
    }
    let of_code = Codes::new(column.encode.as_ref()?, None, &table.texts[place]);
    Some(table.codes(place).map(|code| of_code.index(code).unwrap_or_default()).collect())
}

/// What stands for missing cells of a column, and its encoding, by a part of the rows.
fn fit_column(table: &Table, column: &Planned, slot: Slot, part: Part<'_>) -> FittedColumn {
    let mut met = Met { unknown: column.unknown, ..Met::default() };
    let missing = match slot {
        Slot::Text(place) => {
            let missing = meet(table, place, part, &mut met);
            column.missing.fit_texts(&mut met, missing)
        }
        Slot::Number(place) => {
            let encode_wants = column.encode.as_ref().is_some_and(Encode::takes_numbers);
            let mut numbers = Vec::new();
            let mut mean = 0.0;
            if encode_wants || column.missing.wants_numbers() {
                numbers = table.numbers_of(place, part);
                mean = mean_of(&numbers);
                numbers.sort_unstable_by(f64::total_cmp);
            }
            let missing = numbers.partition_point(|number| !number.is_nan());
            let count = numbers.len() - missing;
            numbers.truncate(missing);
            let fill = column.missing.fit_numbers(&numbers, mean);
            if let Some(Fill::Number(fill)) = fill {
                let at = numbers.partition_point(|number| *number < fill);
                numbers.splice(at..at, std::iter::repeat_n(fill, count));
            }
            met.numbers = numbers;
            fill
        }
    };
    FittedColumn {
        encode: column.encode.as_ref().map(|encode| encode.fit(&met)),
        missing,
        missing_values: column.missing_values.clone(),
        indicator: column.indicator,
        ..FittedColumn::number(&column.name)
    }
}

/// Counts the texts of a part of the rows; gives how many are missing.
fn meet<'t>(table: &'t Table, place: usize, part: Part<'_>, met: &mut Met<'t>) -> usize {
    let texts = &table.texts[place];
    let mut places: Vec<Option<usize>> = vec![None; texts.len()];
    let mut missing = 0;
    for (row, code) in table.codes(place).enumerate() {
        if !part.has(row) {
            continue;
        }
        let Some(place) = places.get_mut(code as usize) else {
            missing += 1;
            continue;
        };
        match place {
            Some(place) => met.texts[*place].1 += 1,
            None => {
                *place = Some(met.texts.len());
                met.texts.push((texts.get(code as usize).into(), 1));
            }
        }
    }
    missing
}

fn check_width(planned: &Planned, column: &FittedColumn) -> Result<(), ConfigError> {
    let encode = column.encode.as_ref();
    let count = encode.filter(|encode| encode.classes().is_some()).map_or(0, Encoded::width);
    if count > MOST_ONE_HOT {
        let message = format!(
            "column `{}` has {count} categories, and `one_hot` makes a column of each; \
             {MOST_ONE_HOT} are allowed",
            planned.name
        );
        return Err(ConfigError::at(format!("{}.encode", planned.path), message).with_help(
            "leave the column out, fold the rare ones by `one_hot: {max_categories: 100}`, or use \
             `encode: label`",
        ));
    }
    Ok(())
}

/// What stands for a missing cell must be something that the column can hold.
fn check_fill(planned: &Planned, column: &FittedColumn) -> Result<(), ConfigError> {
    let (Some(encode), Some(Fill::Text(text))) = (&column.encode, &column.missing) else {
        return Ok(());
    };
    let mut row = vec![0.0; encode.width()];
    let is_right = if encode.has_numbers() {
        encode.numbers(text, &mut row)
    } else {
        encode.index(text).is_some()
    };
    if is_right {
        return Ok(());
    }
    let problem = encode.refusal(text);
    let path = format!("{}.missing", planned.path);
    Err(ConfigError::at(path, problem.message).with_help(problem.help))
}

/// The columns of a table that are scaled, each number of a cell on its own.
struct ScaledColumns<'a> {
    table: &'a Table,
    part: Part<'a>,
    chunks: Vec<(usize, &'a Chunk)>,
    columns: Vec<ScaledColumn<'a>>,
}

/// One number of the cells of a column.
struct ScaledColumn<'a> {
    slot: Slot,
    codes: Codes,
    /// What its cells are, and which of the numbers of a cell it is.
    encode: Option<&'a Encoding>,
    place: usize,
    /// What stands for a missing number.
    fill: f64,
    /// The scalings that are fitted.
    done: Vec<Scaling>,
}

/// Fits the scalings of each column: of a list, each on what the one before it makes.
fn fit_scaled(
    planned: &[&Planned],
    columns: &mut [FittedColumn],
    table: &Table,
    part: Part<'_>,
) -> Result<(), ConfigError> {
    let own = |at: usize| columns[at].encode.as_ref().map_or(1, Encoded::width);
    let is_scaled = |at: &usize| !planned[*at].scale.is_none();
    let all = (0..columns.len()).filter(is_scaled);
    let mut open: Vec<(usize, ScaledColumn<'_>)> = all
        .flat_map(|at| (0..own(at)).map(move |place| (at, place)))
        .map(|(at, place)| (at, ScaledColumn::new(&columns[at], table.slots[at], place, table)))
        .collect();
    let mut fitted: Vec<(usize, usize, Vec<Scaling>)> = Vec::new();
    for step in 0.. {
        let (ended, going): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(at, _)| planned[*at].scale.steps().len() <= step);
        fitted.extend(ended.into_iter().map(|(at, column)| (at, column.place, column.done)));
        if going.is_empty() {
            break;
        }
        let scales: Vec<Scale> =
            going.iter().map(|(at, _)| planned[*at].scale.steps()[step].clone()).collect();
        let (places, each): (Vec<usize>, Vec<ScaledColumn<'_>>) = going.into_iter().unzip();
        let mut scaled = ScaledColumns { table, part, chunks: table.with_starts(), columns: each };
        let more = fit_scalings(&scales, &scaled).map_err(|(at, problem)| {
            let planned = planned[places[at]];
            let message = format!("column `{}`: {}", planned.name, problem.message);
            ConfigError::at(format!("{}.scale", planned.path), message).with_help(problem.help)
        })?;
        scaled.columns.iter_mut().zip(more).for_each(|(column, scaling)| column.done.push(scaling));
        open = places.into_iter().zip(scaled.columns).collect();
    }
    for (at, _, scalings) in fitted {
        let scale = OneOrSeveral::new(scalings);
        let is_one = columns[at].encode.as_ref().is_none_or(|encode| encode.width() == 1);
        if is_one { columns[at].scale = scale } else { columns[at].scales.push(scale) }
    }
    Ok(())
}

impl NumberBlocks for ScaledColumns<'_> {
    fn rows(&self) -> usize {
        self.table.rows()
    }

    fn blocks(
        &self,
        rows: Range<usize>,
        block_rows: usize,
        see: &mut dyn FnMut(&dyn Fn(usize, &mut Vec<f64>)),
    ) {
        let mut block = RowBlock { rows: Vec::with_capacity(block_rows), runs: Vec::new() };
        let mut end_of_block = |block: &mut RowBlock<'_>| {
            see(&|column, numbers| self.columns[column].read(block, numbers));
            block.rows.clear();
            block.runs.clear();
        };
        let first = self.chunks.partition_point(|(start, chunk)| start + chunk.rows <= rows.start);
        for (start, chunk) in &self.chunks[first..] {
            if *start >= rows.end {
                break;
            }
            block.runs.push((chunk, block.rows.len()));
            for row in rows.start.max(*start)..rows.end.min(start + chunk.rows) {
                if self.part.has(row) {
                    block.rows.push((row - start) as u32);
                }
                if block.rows.len() == block_rows {
                    end_of_block(&mut block);
                    block.runs.push((chunk, 0));
                }
            }
        }
        if !block.rows.is_empty() {
            end_of_block(&mut block);
        }
    }
}

/// Some rows of consecutive chunks.
struct RowBlock<'a> {
    /// Each counted from the first of its chunk.
    rows: Vec<u32>,
    /// The chunks, each with the place of its first row among those.
    runs: Vec<(&'a Chunk, usize)>,
}

impl RowBlock<'_> {
    fn each(&self, mut take: impl FnMut(&Chunk, &[u32])) {
        let ends = self.runs.iter().skip(1).map(|(_, start)| *start).chain([self.rows.len()]);
        for ((chunk, start), end) in self.runs.iter().zip(ends) {
            take(chunk, &self.rows[*start..end]);
        }
    }
}

impl<'a> ScaledColumn<'a> {
    fn new(column: &'a FittedColumn, slot: Slot, place: usize, table: &Table) -> Self {
        let (encode, missing) = (column.encode.as_ref(), column.missing.as_ref());
        let codes = match (encode, slot) {
            (Some(encode), Slot::Text(place)) => Codes::new(encode, missing, &table.texts[place]),
            _ => Codes::default(),
        };
        let fill = match missing {
            Some(Fill::Number(fill)) => *fill,
            _ => f64::NAN,
        };
        ScaledColumn { slot, codes, encode, place, fill, done: Vec::new() }
    }

    fn read(&self, block: &RowBlock<'_>, numbers: &mut Vec<f64>) {
        match self.slot {
            Slot::Number(place) => {
                block.each(|chunk, rows| chunk.numbers[place].append(rows, numbers));
                numbers.iter_mut().filter(|number| number.is_nan()).for_each(|to| *to = self.fill);
                if let Some(bins) = self.encode {
                    numbers.iter_mut().for_each(|number| *number = bins.bin(*number) as f64);
                }
            }
            Slot::Text(place) => block.each(|chunk, rows| {
                let codes = rows.iter().map(|row| chunk.codes[place][*row as usize]);
                numbers.extend(codes.map(|code| self.codes.number(code, self.place)));
            }),
        }
        self.done.iter().for_each(|scaling| scaling.apply(numbers));
    }
}
