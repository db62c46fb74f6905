//! Fit: classes and statistics, from the rows to train on.

use rayon::prelude::*;

use super::classes::Classes;
use super::columns::{Plan, Planned};
use super::part::Part;
use super::preprocessing::{Column, Preprocessing, Transform};
use super::scaling::{Extent, Scaling};
use super::table::{BLOCK_ROWS, Chunk, Slot, Table};
use crate::config::ConfigError;
use crate::sections::{DataConfig, Encode, Scale};
use crate::threads;

/// The most classes that may become a column each.
const MOST_ONE_HOT: usize = 4096;

/// The preprocessing of the planned columns, whose slots are the table's, over a part of the rows.
pub(super) fn fit(
    plan: &Plan,
    section: &DataConfig,
    table: &Table,
    part: Part<'_>,
) -> Result<Preprocessing, ConfigError> {
    let planned: Vec<&Planned> = plan.features.iter().chain(&plan.target).collect();
    let classes: Vec<Option<Classes>> = planned
        .iter()
        .zip(&table.slots)
        .map(|(column, slot)| fit_classes(table, column, *slot, part))
        .collect();
    for (column, classes) in planned.iter().zip(&classes) {
        check_classes(column, classes.as_ref())?;
    }
    let scalings = fit_scalings(&planned, &classes, table, part);
    let mut columns =
        planned.iter().zip(classes).zip(scalings).map(|((column, classes), scaling)| {
            let transform = match (column.encode, classes) {
                (Some(Encode::OneHot), Some(classes)) => Transform::OneHot { classes },
                (_, Some(classes)) => Transform::Label { classes, scaling },
                (_, None) => Transform::Number { scaling },
            };
            Column { name: column.name.clone(), transform }
        });
    Ok(Preprocessing {
        delimiter: section.delimiter(),
        header: section.csv.header.clone(),
        missing_values: section.missing_values.clone(),
        features: columns.by_ref().take(plan.features.len()).collect(),
        target: columns.collect(),
        sample_weight: plan.weight.as_ref().map(|weight| weight.name.clone()),
        is_of_bits: false, // until the rows are known
    })
}

/// The classes of each row of the target, of all rows; None where it isn't one of classes.
pub(super) fn target_classes(plan: &Plan, table: &Table) -> Option<Vec<usize>> {
    let slot = *table.slots.get(plan.features.len())?;
    let classes = fit_classes(table, plan.target.first()?, slot, Part::All)?;
    let Slot::Text(place) = slot else { return None };
    let numbers = class_numbers(&classes, &table.texts[place]);
    let code = |code: &u32| numbers[*code as usize].unwrap_or_default();
    Some(codes(table, place).map(code).collect())
}

/// The class of each text; None where it wasn't seen in training.
pub(super) fn class_numbers(classes: &Classes, texts: &[String]) -> Vec<Option<usize>> {
    texts.iter().map(|text| classes.find(text)).collect()
}

/// The codes of one text slot, row after row.
pub(super) fn codes(table: &Table, place: usize) -> impl Iterator<Item = &u32> {
    let texts = table.texts.len();
    table.chunks.iter().flat_map(move |chunk| chunk.codes.iter().skip(place).step_by(texts))
}

fn fit_classes(table: &Table, column: &Planned, slot: Slot, part: Part<'_>) -> Option<Classes> {
    let Slot::Text(place) = slot else { return None };
    let texts = &table.texts[place];
    let mut seen = vec![false; texts.len()];
    let mut met = Vec::new();
    for (row, code) in codes(table, place).enumerate() {
        let code = *code as usize;
        if !seen[code] && part.has(row) {
            seen[code] = true;
            met.push(texts[code].as_str());
        }
    }
    Some(match column.encode {
        Some(Encode::Boolean) => Classes::booleans(met),
        _ => Classes::fit(met),
    })
}

fn check_classes(column: &Planned, classes: Option<&Classes>) -> Result<(), ConfigError> {
    let count = classes.map_or(0, Classes::len);
    if column.encode == Some(Encode::OneHot) && count > MOST_ONE_HOT {
        let message = format!(
            "column `{}` has {count} categories, and `one_hot` makes a column of each; \
             {MOST_ONE_HOT} are allowed",
            column.name
        );
        return Err(ConfigError::at(format!("{}.encode", column.path), message)
            .with_help("leave the column out, or use `encode: label`"));
    }
    Ok(())
}

/// A column that is scaled, and where its values are.
struct Scaled {
    /// Its place among the planned columns.
    column: usize,
    scale: Scale,
    slot: Slot,
    /// The value of each code, where the cells are texts.
    values: Vec<f64>,
}

/// The scaling of each column. Sums are taken within chunks and then over them, in order: they
/// don't depend on the number of threads.
fn fit_scalings(
    planned: &[&Planned],
    classes: &[Option<Classes>],
    table: &Table,
    part: Part<'_>,
) -> Vec<Scaling> {
    let mut scalings = vec![Scaling::None; planned.len()];
    let scaled: Vec<Scaled> = (0..planned.len())
        .filter(|column| planned[*column].scale != Scale::None)
        .map(|column| {
            let slot = table.slots[column];
            let values = match (&classes[column], slot) {
                (Some(classes), Slot::Text(place)) => class_numbers(classes, &table.texts[place])
                    .into_iter()
                    .map(|class| class.unwrap_or_default() as f64)
                    .collect(),
                _ => Vec::new(),
            };
            Scaled { column, scale: planned[column].scale, slot, values }
        })
        .collect();
    if scaled.is_empty() {
        return scalings;
    }
    let extents = over_rows(
        table,
        part,
        &scaled,
        Extent::NOTHING,
        |_, extent, value| extent.and(value),
        Extent::joined,
    );
    let means: Vec<(f64, f64)> = extents.iter().map(|e| (e.mean(), e.unit())).collect();
    let squares = over_rows(
        table,
        part,
        &scaled,
        0.0,
        |column, sum, value| {
            let (mean, unit) = means[column];
            sum + ((value - mean) / unit).powi(2)
        },
        |a, b| a + b,
    );
    for ((column, extent), squares) in scaled.iter().zip(&extents).zip(squares) {
        scalings[column.column] = Scaling::fit(column.scale, extent, squares);
    }
    scalings
}

/// What is gathered from each column: within chunks side by side, then joined in order.
fn over_rows<T: Copy + Send + Sync>(
    table: &Table,
    part: Part<'_>,
    columns: &[Scaled],
    nothing: T,
    with: impl Fn(usize, T, f64) -> T + Sync,
    joined: impl Fn(T, T) -> T,
) -> Vec<T> {
    let chunks = table.with_starts().into_par_iter();
    let each = chunks.map(|(start, chunk)| {
        let mut gathered = vec![nothing; columns.len()];
        for rows in part.rows(start, chunk.rows).chunks(BLOCK_ROWS) {
            for (index, (column, total)) in columns.iter().zip(&mut gathered).enumerate() {
                let with = |total, value| with(index, total, value);
                *total = column.fold(chunk, table, rows, *total, with);
            }
        }
        gathered
    });
    let parts: Vec<Vec<T>> = threads::within(|| each.collect());
    let joined = |a: Vec<T>, b: Vec<T>| a.into_iter().zip(b).map(|(a, b)| joined(a, b)).collect();
    parts.into_iter().reduce(joined).unwrap_or_default()
}

impl Scaled {
    fn fold<T>(
        &self,
        chunk: &Chunk,
        table: &Table,
        rows: &[u32],
        start: T,
        with: impl Fn(T, f64) -> T,
    ) -> T {
        let rows = rows.iter().map(|row| *row as usize);
        match self.slot {
            Slot::Number(place) => {
                let width = table.numbers;
                rows.fold(start, |sum, row| with(sum, chunk.numbers.at(row * width + place)))
            }
            Slot::Text(place) => {
                let width = table.texts.len();
                let value = |row| self.values[chunk.codes[row * width + place] as usize];
                rows.fold(start, |sum, row| with(sum, value(row)))
            }
        }
    }
}
