//! Predictions out of fold: each row by the model that was not trained on it.

use crate::data::{Loaded, RawCells};
use crate::disk::csv_text::csv_of;
use crate::error::{Error, Result};
use crate::model::artifact::Model;
use crate::model::prediction_table::PredictionTable;
use crate::model::predictor::Predictor;

/// The predictions of a cross-validation, each by the model of the fold that its row is in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutOfFold {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The number of each row in the table, from 0, its fold, and the cells of the other columns.
    pub rows: Vec<(usize, usize, Vec<String>)>,
}

impl OutOfFold {
    /// Adds the rows that a fold validates on.
    pub(super) fn add(
        &mut self,
        fold: usize,
        data: &Loaded,
        model: Model,
        cells: &RawCells,
    ) -> Result<()> {
        let Some(validation) = &data.validation else { return Ok(()) };
        let targets = data.preprocessing.target_names();
        let predictor = Predictor::new(model)?;
        let predictions = predictor.undecided_table(validation)?;
        let columns = columns(&cells.id_names(), &targets, &predictions);
        if self.columns.is_empty() {
            self.columns = columns;
        } else if self.columns != columns {
            return Err(Error::run(format!("fold {fold} has other classes than fold 1"))
                .with_help("spread the classes over the folds: `by: stratified`"));
        }
        let rows = data.validation_rows();
        let y = &validation.y;
        let targets = if data.preprocessing.is_of_features() {
            y.values.chunks(y.width().max(1)).map(texts).collect()
        } else {
            cells.target_cells(&rows)
        };
        let ids = cells.id_cells(&rows)?;
        for (place, ((row, mut record), targets)) in
            rows.into_iter().zip(ids).zip(targets).enumerate()
        {
            record.extend(targets);
            predictions.cells(place, &mut |cell| record.push(cell.to_string()));
            self.rows.push((row, fold, record));
        }
        Ok(())
    }

    /// A row for each row of the table that a fold validated on, in the table's order: its number
    /// (from 0, as pandas counts), its fold, the columns that name it, the target as it stands in the
    /// table, and the prediction in the columns of `lanthorn predict`.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let mut rows: Vec<&(usize, usize, Vec<String>)> = self.rows.iter().collect();
        rows.sort_by_key(|(row, ..)| *row);
        csv_of(
            &self.columns,
            rows.into_iter().map(|(row, fold, cells)| {
                let place = [row.to_string(), fold.to_string()];
                place.into_iter().chain(cells.iter().cloned())
            }),
        )
    }
}

/// Numbers as cells.
fn texts(numbers: &[f32]) -> Vec<String> {
    numbers.iter().map(f32::to_string).collect()
}

/// The names of all columns.
fn columns(ids: &[String], targets: &[String], predictions: &PredictionTable<'_>) -> Vec<String> {
    let target = |name: &String| format!("target_{name}");
    let mut columns = vec!["row".to_string(), "fold".to_string()];
    columns.extend(ids.iter().cloned());
    match targets {
        [_] => columns.push("target".to_string()),
        targets => columns.extend(targets.iter().map(target)),
    }
    columns.extend(predictions.columns());
    columns
}
