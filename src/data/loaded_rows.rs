//! Which rows of its table a part of the data is.

use std::path::Path;

use super::cells::Missing;
use super::choose;
use super::load::Loaded;
use super::steps::open;
use super::table::Table;
use crate::diagnostics::Place;
use crate::error::Result;
use crate::sections::{DataConfig, RowsConfig};
use crate::splits::RowRole;

impl Loaded {
    /// The rows of the table to train on that are held back to validate on, from 0.
    pub fn validation_rows(&self) -> Vec<usize> {
        match self.validation.as_ref().and_then(|part| part.windows.as_ref()) {
            Some(windows) if self.kept.rows_of(RowRole::Validate).is_empty() => {
                windows.rows.clone() // of a table of their own
            }
            Some(windows) => self.kept.in_the_file(&windows.rows),
            None => self.kept.rows_of(RowRole::Validate),
        }
    }

    /// Which rows of the table are trained on; None where all are.
    pub(crate) fn training_rows(&self) -> Option<Vec<usize>> {
        if let Some(windows) = &self.train.windows {
            return Some(self.kept.in_the_file(&windows.rows));
        }
        let rows = self.kept.rows_of(RowRole::Train);
        (!rows.is_empty()).then_some(rows)
    }

    /// The names and the cells of the features' columns: of the first rows that are held back to
    /// validate on, or, where none is among the first megabyte of the table, of those to train on.
    pub(crate) fn rows_for_a_test(&self, n: usize) -> (Vec<String>, Vec<Vec<String>>) {
        if self.preprocessing.image().is_some() {
            return (Vec::new(), Vec::new()); // the files may be gone where the model is used
        }
        let mut rows = self.kept.rows(n, RowRole::Validate);
        if rows.len() < self.preprocessing.rows_of_a_sample() {
            rows = self.kept.rows(n, RowRole::Train);
        }
        let count = self.preprocessing.features.len(); // they are the first of the columns
        rows.iter_mut().for_each(|row| row.truncate(count));
        let names = self.kept.columns.iter().take(count).map(|column| column.name.clone());
        (names.collect(), rows)
    }

    /// The line of a row of the part to train on, or to validate on; the file alone where it has
    /// changed since.
    pub(crate) fn place_of(
        &self,
        section: &DataConfig,
        folder: &Path,
        is_validation: bool,
        row: usize,
    ) -> Place {
        let part = if is_validation { self.validation.as_ref() } else { Some(&self.train) };
        let of_window = part.and_then(|part| part.windows.as_ref()?.rows.get(row).copied());
        let (path, key, row) = match (&section.validation, is_validation) {
            (Some(path), true) => (path, "data.validation", of_window.unwrap_or(row)),
            _ => {
                let role = if is_validation { RowRole::Validate } else { RowRole::Train };
                let row = match of_window {
                    Some(row) => self.kept.in_the_file(&[row])[0],
                    None => self.kept.row_of_the_file(row, role),
                };
                (&section.train, "data.train", row)
            }
        };
        let found = || -> Result<Place> {
            let source = open(path, folder, key, section)?;
            let chosen = match (&section.rows, is_validation && section.validation.is_some()) {
                (Some(RowsConfig { condition: Some(condition), .. }), true) => {
                    Some(choose::that_meet(condition, &section.missing_values, &*source)?)
                }
                _ => None,
            };
            let table = Table::read(&*source, &[], &Missing::default(), chosen.as_ref())?;
            Ok(source.at(table.place_of(row)))
        };
        found().unwrap_or_else(|_| Place::from(path.to_string().as_str()))
    }
}
