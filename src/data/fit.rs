//! Fit: classes and statistics, from the rows to train on.

use std::ops::Range;

use super::chunk::Chunk;
use super::columns::{ColumnPlan, Planned};
use super::fitted::FittedColumn;
use super::layout::Slot;
use super::part::Part;
use super::preprocessing::Preprocessing;
use super::scalings::{NumberBlocks, fit_scalings};
use super::table::Table;
use crate::config::ConfigError;
use crate::sections::DataConfig;
use crate::transforms::{Classes, Encode, Encoded, Encoding, Scale, Scaling};

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
    let encodings: Vec<Option<Encoding>> = planned
        .iter()
        .zip(&table.slots)
        .map(|(column, slot)| fit_encoding(table, column.encode, *slot, part))
        .collect();
    for (column, encoding) in planned.iter().zip(&encodings) {
        check_width(column, encoding.as_ref())?;
    }
    let scalings = fit_scaled(&planned, &encodings, table, part);
    let columns = planned.iter().zip(encodings).zip(scalings);
    let mut columns = columns.map(|((column, encode), scale)| {
        let name = column.name.clone();
        FittedColumn { name, encode, scale }
    });
    Ok(Preprocessing {
        missing_values: section.missing_values.clone(),
        features: columns.by_ref().take(plan.features.len()).collect(),
        target: columns.collect(),
        sample_weight: plan.weight.as_ref().map(|weight| weight.name.clone()),
        is_of_bits: false, // until the rows are known
    })
}

/// The classes of each row of the target, of all rows; None where it isn't one of classes.
pub(super) fn target_classes(plan: &ColumnPlan, table: &Table) -> Option<Vec<usize>> {
    let slot = *table.slots.get(plan.features.len())?;
    let encoding = fit_encoding(table, plan.target.first()?.encode, slot, Part::All)?;
    let Slot::Text(place) = slot else { return None };
    let numbers = indices(&encoding, &table.texts[place]);
    let code = |code: &u32| numbers[*code as usize].unwrap_or_default();
    Some(codes(table, place).map(code).collect())
}

/// The number of each text; None where it wasn't seen in training.
pub(super) fn indices(encoding: &Encoding, texts: &[String]) -> Vec<Option<usize>> {
    texts.iter().map(|text| encoding.index(text)).collect()
}

/// The codes of one text slot, row after row.
pub(super) fn codes(table: &Table, place: usize) -> impl Iterator<Item = &u32> {
    let texts = table.texts.len();
    table.chunks.iter().flat_map(move |chunk| chunk.codes.iter().skip(place).step_by(texts))
}

/// The encoding of the texts that are met in a part of the rows.
fn fit_encoding(
    table: &Table,
    encode: Option<Encode>,
    slot: Slot,
    part: Part<'_>,
) -> Option<Encoding> {
    let (Slot::Text(place), Some(encode)) = (slot, encode) else { return None };
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
    Some(encode.fit(&met))
}

fn check_width(column: &Planned, encoding: Option<&Encoding>) -> Result<(), ConfigError> {
    let one_hot = encoding.filter(|encoding| encoding.is_one_hot());
    let count = one_hot.and_then(Encoded::classes).map_or(0, Classes::len);
    if count > MOST_ONE_HOT {
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

/// The columns of a table that are scaled.
struct ScaledColumns<'a> {
    table: &'a Table,
    part: Part<'a>,
    chunks: Vec<(usize, &'a Chunk)>,
    columns: Vec<ScaledColumn>,
}

/// Where the numbers of a column are.
struct ScaledColumn {
    slot: Slot,
    /// The number of each code, where the cells are texts.
    numbers: Vec<f64>,
}

/// The scaling of each column.
fn fit_scaled(
    planned: &[&Planned],
    encodings: &[Option<Encoding>],
    table: &Table,
    part: Part<'_>,
) -> Vec<Scaling> {
    let scales: Vec<Scale> =
        planned.iter().map(|column| column.scale).filter(|scale| !scale.is_none()).collect();
    let of_column = |column: usize| {
        let slot = table.slots[column];
        let numbers = match (&encodings[column], slot) {
            (Some(encoding), Slot::Text(place)) => indices(encoding, &table.texts[place])
                .into_iter()
                .map(|index| index.unwrap_or_default() as f64)
                .collect(),
            _ => Vec::new(),
        };
        ScaledColumn { slot, numbers }
    };
    let is_scaled = |column: &usize| !planned[*column].scale.is_none();
    let columns = (0..planned.len()).filter(is_scaled).map(of_column).collect();
    let scaled = ScaledColumns { table, part, chunks: table.with_starts(), columns };
    let mut fitted = fit_scalings(&scales, &scaled).into_iter();
    let scaling = |column: &&Planned| match column.scale.is_none() {
        true => Scaling::default(),
        false => fitted.next().unwrap_or_default(),
    };
    planned.iter().map(scaling).collect()
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
        let mut block: Vec<(&Chunk, usize)> = Vec::with_capacity(block_rows);
        let mut end_of_block = |block: &mut Vec<(&Chunk, usize)>| {
            see(&|column, numbers| self.columns[column].read(self.table, block, numbers));
            block.clear();
        };
        let first = self.chunks.partition_point(|(start, chunk)| start + chunk.rows <= rows.start);
        for (start, chunk) in &self.chunks[first..] {
            if *start >= rows.end {
                break;
            }
            for row in rows.start.max(*start)..rows.end.min(start + chunk.rows) {
                if self.part.has(row) {
                    block.push((chunk, row - start));
                }
                if block.len() == block_rows {
                    end_of_block(&mut block);
                }
            }
        }
        if !block.is_empty() {
            end_of_block(&mut block);
        }
    }
}

impl ScaledColumn {
    fn read(&self, table: &Table, rows: &[(&Chunk, usize)], numbers: &mut Vec<f64>) {
        match self.slot {
            Slot::Number(place) => {
                let width = table.numbers;
                numbers
                    .extend(rows.iter().map(|(chunk, row)| chunk.numbers.at(row * width + place)));
            }
            Slot::Text(place) => {
                let width = table.texts.len();
                let code = |(chunk, row): &(&Chunk, usize)| chunk.codes[row * width + place];
                numbers.extend(rows.iter().map(|row| self.numbers[code(row) as usize]));
            }
        }
    }
}
