//! Rows of cells that come alone, and not in a table: as the model sees them.

use std::collections::HashMap;

use super::cells::{Missing, Why, limit};
use super::chunk::MISSING_NUMBER;
use super::dialect::Numerals;
use super::faults;
use super::fitted::{Cells, FittedColumn};
use super::preprocessing::{Preprocessing, overflow, unknown, wanted_as};
use crate::config::names::{did_you_mean, listed};
use crate::diagnostics::{Code, Place};
use crate::error::{Error, Result};
use crate::transforms::{Encoded, Fill};

impl Preprocessing {
    /// One row as the model sees it, from its cells by the names of their columns; other cells are
    /// ignored.
    pub fn row(&self, cells: &[(&str, &str)]) -> Result<Vec<f32>> {
        let mut row = Vec::with_capacity(self.features());
        let missing = Missing::new(&self.missing_values);
        let mut by_name = HashMap::with_capacity(cells.len());
        for (name, cell) in cells {
            by_name.entry(name.trim()).or_insert(*cell);
        }
        for column in &self.features {
            let Some(cell) = by_name.get(column.name.as_str()) else {
                let names: Vec<&str> = cells.iter().map(|(name, _)| *name).collect();
                let error = Error::data("", format!("column `{}` is missing", column.name))
                    .with_code(Code::Column);
                return Err(match did_you_mean(&column.name, &names) {
                    Some(near) => error
                        .with_help(format!("did you mean it by `{near}`? write `{}`", column.name)),
                    None => error.with_help(format!("given: {}", listed(&names))),
                });
            };
            append(column, cell.trim(), &missing, &mut row)?;
        }
        Ok(row)
    }

    /// The features of rows of cells, one row after the other.
    pub(crate) fn rows(&self, columns: &[String], rows: &[Vec<String>]) -> Result<Vec<f32>> {
        let mut features = Vec::with_capacity(rows.len() * self.features());
        for row in rows {
            let cells = columns.iter().map(String::as_str).zip(row.iter().map(String::as_str));
            features.extend(self.row(&cells.collect::<Vec<_>>())?);
        }
        Ok(features)
    }
}

/// Adds the numbers of one cell: a chunk of one row.
fn append(column: &FittedColumn, cell: &str, missing: &Missing, row: &mut Vec<f32>) -> Result<()> {
    let wrong = |why| faults::of_cell(&wanted_as(column, 0), cell, why);
    let (at, width) = (row.len(), column.width());
    row.resize(at + width, 0.0);
    let out = &mut row[at..];
    let fills = column.fills();
    let own = Missing::new(&column.missing_values);
    let why_missing = || missing.why(cell).or_else(|| own.why(cell));
    let is_missing = [why_missing().is_some()];
    let encode = column.encode.as_ref().filter(|encode| !encode.reads_numbers());
    let is_finite = match encode {
        None => {
            let number = match missing.number(cell, limit(column.is_scaled()), &Numerals::default())
            {
                _ if fills && is_missing[0] => MISSING_NUMBER,
                Err(Why::Missing) if fills => MISSING_NUMBER,
                Ok(number) if own.has(number) && fills => MISSING_NUMBER,
                Ok(number) if own.has(number) => return Err(wrong(Why::Missing)),
                number => number.map_err(wrong)?,
            };
            column.apply(&Cells::Numbers(&[number]), &[number.is_nan()], out, 0, width)
        }
        Some(encode) => {
            let text = match (why_missing(), &column.missing) {
                (Some(_), Some(Fill::Text(fill))) => fill.as_str(),
                (Some(why), _) => return Err(wrong(why)),
                (None, _) => cell,
            };
            let unknown = || unknown(Place::None, column, text, "");
            if encode.has_numbers() {
                let mut numbers = vec![0.0; encode.width()];
                if !encode.numbers(text, &mut numbers) {
                    return Err(unknown());
                }
                column.apply(&Cells::Rows(&numbers, &[0]), &is_missing, out, 0, width)
            } else {
                let index = encode.index(text).ok_or_else(unknown)?;
                column.apply(&Cells::Indices(&[index]), &is_missing, out, 0, width)
            }
        }
    };
    if is_finite { Ok(()) } else { Err(overflow("", &column.name)) }
}
