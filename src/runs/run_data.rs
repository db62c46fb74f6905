//! What a run is evaluated on: its test table, else its validation table, else the rows that it held
//! back.

use std::path::Path;

use crate::config::Document;
use crate::data::{self, Dataset, PlacedRow, Preprocessing};
use crate::disk::files;
use crate::error::{Error, Result};
use crate::sections::run_config::CONFIG;
use crate::sections::{Config, CsvConfig, DataConfig, TablePaths};
use crate::training::plan::Plan;

/// Rows to evaluate a model on, and where they are from.
pub struct EvaluationData {
    /// The rows as the model sees them, with their targets.
    pub data: Dataset,
    /// What they are, in words.
    pub part: String,
    /// The table that they stand in.
    pub table: TablePaths,
    csv: CsvConfig,
    /// Which rows of the table they are; None where they are all of them.
    rows: Option<Vec<usize>>,
}

impl EvaluationData {
    /// All rows of a table.
    pub fn of_table(
        table: &TablePaths,
        csv: &CsvConfig,
        preprocessing: &Preprocessing,
        part: String,
    ) -> Result<EvaluationData> {
        let data = data::load_for_use(table, csv, preprocessing, true)?;
        let rows = data.windows.as_ref().map(|windows| windows.rows.clone());
        Ok(EvaluationData { data, part, table: table.clone(), csv: csv.clone(), rows })
    }

    /// The rows of a run, by what its config.yaml says. Where there are none but those that it was
    /// trained on, these, or with `held_back` an error.
    pub fn of_run(
        run: &Path,
        preprocessing: &Preprocessing,
        held_back: bool,
    ) -> Result<EvaluationData> {
        let file = run.join(CONFIG);
        if !file.is_file() {
            let message = format!("{} says nothing of its tables", run.display());
            let help = "name a table: `lanthorn evaluate MODEL TABLE`; without one, a run's folder is evaluated on its `data.test`";
            return Err(Error::run(message).with_help(help));
        }
        let section = Document::open(&file)?.config::<Config>()?.data;
        let csv = section.as_ref().map(DataConfig::csv).unwrap_or_default();
        let of = |key: &str, table: &Option<TablePaths>| -> Option<Result<EvaluationData>> {
            let table = table.as_ref()?.within(run);
            let part = format!("`data.{key}`, {table}");
            let found = EvaluationData::of_table(&table, &csv, preprocessing, part);
            let is_there = table.each().iter().all(|path| files::from_text(path).exists());
            let help = "tables that have moved are named by hand: `lanthorn evaluate RUN TABLE`";
            Some(found.map_err(|error| if is_there { error } else { error.with_help(help) }))
        };
        let named = section.as_ref().and_then(|section| {
            of("test", &section.test).or_else(|| of("validation", &section.validation))
        });
        if let Some(named) = named {
            return named;
        }
        let name_one = "name a table: `lanthorn evaluate RUN TABLE`";
        if section.as_ref().is_some_and(|section| section.train.is_stdin()) {
            let message = "the run was trained on a table from standard input";
            return Err(Error::run(message).with_help(name_one));
        }
        let plan = Plan::open(&file, &[])?;
        let loaded = plan.data.filter(|loaded| loaded.validation.is_some() || !held_back);
        let Some(loaded) = loaded else {
            let message = "the run has no `data.test`, and validates on nothing";
            return Err(Error::run(message).with_help(name_one));
        };
        if loaded.preprocessing != *preprocessing {
            let message =
                "the table has changed since the training, so that its rows may be split otherwise";
            return Err(Error::run(message).with_help(name_one));
        }
        let rows = match loaded.validation {
            Some(_) => Some(loaded.validation_rows()),
            None => loaded.training_rows(),
        };
        let (data, part) = match loaded.validation {
            Some(data) => (data, "the rows that `fit.validation_split` held back"),
            None => (loaded.train, "the rows that it was trained on, which flatters it"),
        };
        let part = part.to_string();
        let table = section.map(|section| section.train.within(run));
        let table = table.unwrap_or_else(|| TablePaths::from(run));
        Ok(EvaluationData { data, part, table, csv, rows })
    }

    /// Some of the rows as they stand in their table.
    pub fn in_the_table(&self, rows: &[usize]) -> Result<Vec<PlacedRow>> {
        let of_table = |row: &usize| match &self.rows {
            Some(rows) => rows.get(*row).copied().unwrap_or(*row),
            None => *row,
        };
        let rows: Vec<usize> = rows.iter().map(of_table).collect();
        data::rows_of_table(&self.table, &self.csv, &rows)
    }
}
