//! Predictions out of fold: each row by the model that was not trained on it.

use crate::csv_text::csv_of;
use crate::data::{Loaded, RawCells};
use crate::decisions::ClassThresholds;
use crate::error::{Error, Result};
use crate::model::artifact::Model;
use crate::model::predictor::{Predictions, Predictor};

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
        let predictions = predictor.predict_rows(&validation.x)?;
        let columns = columns(&targets, &predictions, &predictor.number_names());
        if self.columns.is_empty() {
            self.columns = columns;
        } else if self.columns != columns {
            return Err(Error::run(format!("fold {fold} has other classes than fold 1"))
                .with_help("spread the classes over the folds: `by: stratified`"));
        }
        let chosen = predictions.classes(&ClassThresholds::Usual);
        let marked = predictions.labels(&ClassThresholds::Usual);
        let rows = data.validation_rows();
        let y = &validation.y;
        let targets = match data.preprocessing.is_of_features() {
            true => y.values.chunks(y.width().max(1)).map(texts).collect(),
            false => cells.target_cells(&rows),
        };
        for (place, (row, mut record)) in rows.into_iter().zip(targets).enumerate() {
            record.extend(predicted(&predictions, &chosen, &marked, place));
            self.rows.push((row, fold, record));
        }
        Ok(())
    }

    /// A row for each row of the table that a fold validated on, in the table's order: its number
    /// (from 0, as pandas counts), its fold, the target as it stands in the table, and the prediction
    /// in the columns of `lanthorn predict`.
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
fn columns(targets: &[String], predictions: &Predictions, numbers: &[String]) -> Vec<String> {
    let of = |prefix: &str, names: &[String]| -> Vec<String> {
        match names {
            [_] => vec![prefix.to_string()],
            names => names.iter().map(|name| format!("{prefix}_{name}")).collect(),
        }
    };
    let mut columns = vec!["row".to_string(), "fold".to_string()];
    columns.extend(of("target", targets));
    let probabilities = |names: &[String]| names.iter().map(|name| format!("p_{name}")).collect();
    let (predicted, probabilities): (_, Vec<String>) = match predictions {
        Predictions::Classes { classes, .. } => {
            (vec!["prediction".to_string()], probabilities(classes))
        }
        Predictions::Labels { labels, .. } => {
            let predicted = labels.iter().map(|label| format!("prediction_{label}"));
            (predicted.collect(), probabilities(labels))
        }
        Predictions::Numbers { width: 1, .. } => (vec!["prediction".to_string()], Vec::new()),
        Predictions::Numbers { .. } => (of("prediction", numbers), Vec::new()),
    };
    columns.extend(predicted);
    columns.extend(probabilities);
    columns
}

/// The cells of one prediction.
fn predicted(
    predictions: &Predictions,
    chosen: &[usize],
    marked: &[bool],
    row: usize,
) -> Vec<String> {
    let texts = |values: &[f32], width: usize| -> Vec<String> {
        values[row * width..(row + 1) * width].iter().map(f32::to_string).collect()
    };
    match predictions {
        Predictions::Classes { classes, probabilities } => {
            let class = classes[chosen[row]].clone();
            [class].into_iter().chain(texts(probabilities, classes.len())).collect()
        }
        Predictions::Labels { labels, probabilities } => {
            let marks = &marked[row * labels.len()..(row + 1) * labels.len()];
            let marks = marks.iter().map(|mark| u8::from(*mark).to_string());
            marks.chain(texts(probabilities, labels.len())).collect()
        }
        Predictions::Numbers { width, values } => texts(values, *width),
    }
}
