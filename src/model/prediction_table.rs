//! `PredictionTable`: the columns in which predictions are written, their names and their cells.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value, json};

use super::predictor::{Predictions, Predictor, rows_at_a_time};
use crate::data::{Dataset, Matrix};
use crate::decisions::{ClassThresholds, StoredInterval};
use crate::error::Result;

/// The predictions for some rows, as `lanthorn predict` writes them.
pub struct PredictionTable<'a> {
    predictions: Predictions,
    /// The class of each row, by its number.
    chosen: Vec<usize>,
    /// Which labels each row has, row after row.
    marked: Vec<bool>,
    /// The names of numbers.
    names: Vec<String>,
    /// Around numbers.
    intervals: Option<&'a StoredInterval>,
    /// How far each row is from what it was, of an autoencoder.
    errors: Option<Vec<f32>>,
    /// Above this error a row is an anomaly.
    anomaly: Option<f32>,
}

/// One cell of a prediction.
#[derive(Debug, Clone, PartialEq)]
pub enum PredictedCell<'a> {
    /// A class, or labels.
    Text(Cow<'a, str>),
    /// A number or a probability.
    Number(f32),
    /// Whether a label is predicted, or a row is an anomaly.
    Mark(bool),
}

impl fmt::Display for PredictedCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PredictedCell::Text(text) => f.write_str(text),
            PredictedCell::Number(number) => write!(f, "{number}"),
            PredictedCell::Mark(is_marked) => write!(f, "{}", u8::from(*is_marked)),
        }
    }
}

impl Predictor {
    /// The predictions for rows as the model sees them, ready to be written.
    pub fn table(
        &self,
        rows: &Dataset,
        thresholds: &ClassThresholds,
    ) -> Result<PredictionTable<'_>> {
        let predictions = self.predict_all(rows)?;
        let errors = self.reconstruction_errors(&rows.x, &predictions)?;
        Ok(PredictionTable {
            intervals: self.intervals(),
            ..self.table_of(predictions, errors, thresholds)
        })
    }

    /// The same by the most probable classes, without what is decided on held-back rows.
    pub fn undecided_table(&self, rows: &Dataset) -> Result<PredictionTable<'_>> {
        let predictions = self.predict_all(rows)?;
        let errors = self.reconstruction_errors(&rows.x, &predictions)?;
        Ok(self.table_of(predictions, errors, &ClassThresholds::Usual))
    }

    /// How far each row's prediction is from its features, for an autoencoder (`target: features`):
    /// the mean of the squared differences, in the units that the model sees. None for other models.
    pub fn reconstruction_errors(
        &self,
        x: &Matrix,
        predictions: &Predictions,
    ) -> Result<Option<Vec<f32>>> {
        if !self.is_of_features() {
            return Ok(None);
        }
        let (mut all, step) = (Vec::with_capacity(x.rows()), rows_at_a_time(x.width));
        for start in (0..x.rows()).step_by(step) {
            let rows = start..x.rows().min(start + step);
            let values = &predictions.values()[rows.start * x.width..rows.end * x.width];
            all.extend(self.errors(&x.numbers(rows)?, values));
        }
        Ok(Some(all))
    }

    /// The same of some features, and of what is made of them.
    fn errors(&self, features: &[f32], values: &[f32]) -> Vec<f32> {
        let width = self.features();
        let error = |(x, prediction): (&[f32], &[f32])| {
            let pairs = x.iter().zip(prediction);
            let squares = pairs.map(|(x, p)| (f64::from(*x) - f64::from(*p)).powi(2));
            (squares.sum::<f64>() / width as f64) as f32
        };
        features.chunks_exact(width).zip(values.chunks_exact(width)).map(error).collect()
    }

    fn table_of(
        &self,
        predictions: Predictions,
        errors: Option<Vec<f32>>,
        thresholds: &ClassThresholds,
    ) -> PredictionTable<'_> {
        PredictionTable {
            chosen: predictions.classes(thresholds),
            marked: predictions.labels(thresholds),
            names: self.number_names(),
            intervals: None,
            anomaly: thresholds.of_error().filter(|_| errors.is_some()),
            errors,
            predictions,
        }
    }
}

impl PredictionTable<'_> {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.predictions.len()
    }

    /// True where there is no row.
    pub fn is_empty(&self) -> bool {
        self.predictions.is_empty()
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<String> {
        let each = |prefix: &str, names: &[String]| -> Vec<String> {
            names.iter().map(|name| format!("{prefix}_{name}")).collect()
        };
        let mut columns = Vec::new();
        columns.extend(self.errors.as_ref().map(|_| "error".to_string()));
        columns.extend(self.anomaly.map(|_| "anomaly".to_string()));
        match &self.predictions {
            Predictions::Classes { classes: names, .. }
            | Predictions::Labels { labels: names, separator: Some(_), .. } => {
                columns.push("prediction".to_string());
                columns.extend(each("p", names));
            }
            Predictions::Labels { labels, separator: None, .. } => {
                columns.extend(each("prediction", labels));
                columns.extend(each("p", labels));
            }
            Predictions::Numbers { width: 1, .. } => {
                columns.push("prediction".to_string());
                if self.intervals.is_some() {
                    columns.extend(["lower".to_string(), "upper".to_string()]);
                }
            }
            Predictions::Numbers { .. } => {
                columns.extend(each("prediction", &self.names));
                if self.intervals.is_some() {
                    let around = |name| [format!("lower_{name}"), format!("upper_{name}")];
                    columns.extend(self.names.iter().flat_map(around));
                }
            }
        }
        columns
    }

    /// Hands over the cells of a row, in the order of the columns.
    pub fn cells<'t>(&'t self, row: usize, add: &mut dyn FnMut(PredictedCell<'t>)) {
        if let Some(error) = self.error(row) {
            add(PredictedCell::Number(error));
            if let Some(anomaly) = self.anomaly {
                add(PredictedCell::Mark(error > anomaly));
            }
        }
        match &self.predictions {
            Predictions::Classes { classes, .. } => {
                add(PredictedCell::Text(Cow::Borrowed(&classes[self.chosen[row]])));
            }
            Predictions::Labels { separator: Some(separator), .. } => {
                add(PredictedCell::Text(Cow::Owned(self.labels(row).join(separator))));
            }
            Predictions::Labels { .. } => {
                self.marks(row).iter().for_each(|mark| add(PredictedCell::Mark(*mark)));
            }
            Predictions::Numbers { .. } => {}
        }
        let values = self.values(row);
        values.iter().for_each(|value| add(PredictedCell::Number(*value)));
        for (lower, upper) in self.around(values) {
            add(PredictedCell::Number(lower));
            add(PredictedCell::Number(upper));
        }
    }

    /// A row as an object of JSON.
    pub fn json(&self, row: usize) -> Value {
        let named = |names: &[String], values: &mut dyn Iterator<Item = Value>| -> Value {
            names.iter().cloned().zip(values).collect::<Map<_, _>>().into()
        };
        let numbers = |names: &[String], values: &[f32]| {
            named(names, &mut values.iter().map(|value| json!(value)))
        };
        let values = self.values(row);
        let mut object = match &self.predictions {
            Predictions::Classes { classes, .. } => json!({
                "prediction": classes[self.chosen[row]], "probabilities": numbers(classes, values),
            }),
            Predictions::Labels { labels, separator, .. } => {
                let marks = self.marks(row).iter().map(|mark| json!(u8::from(*mark)));
                let prediction = match separator {
                    Some(_) => json!(self.labels(row)),
                    None => named(labels, &mut marks.into_iter()),
                };
                json!({ "prediction": prediction, "probabilities": numbers(labels, values) })
            }
            Predictions::Numbers { width: 1, .. } => json!({ "prediction": values[0] }),
            Predictions::Numbers { .. } => json!({ "prediction": numbers(&self.names, values) }),
        };
        let (lower, upper): (Vec<f32>, Vec<f32>) = self.around(values).into_iter().unzip();
        match (lower.as_slice(), upper.as_slice()) {
            ([], _) => {}
            ([lower], [upper]) if self.predictions.width() == 1 => {
                object["lower"] = json!(lower);
                object["upper"] = json!(upper);
            }
            (lower, upper) => {
                object["lower"] = numbers(&self.names, lower);
                object["upper"] = numbers(&self.names, upper);
            }
        }
        if let Some(error) = self.error(row) {
            object["error"] = json!(error);
            if let Some(anomaly) = self.anomaly {
                object["anomaly"] = json!(u8::from(error > anomaly));
            }
        }
        object
    }

    fn error(&self, row: usize) -> Option<f32> {
        self.errors.as_ref()?.get(row).copied()
    }

    /// The numbers of a row.
    fn values(&self, row: usize) -> &[f32] {
        let width = self.predictions.width();
        &self.predictions.values()[row * width..(row + 1) * width]
    }

    /// Which labels a row has.
    fn marks(&self, row: usize) -> &[bool] {
        let width = self.predictions.width();
        &self.marked[row * width..(row + 1) * width]
    }

    /// The names of the labels that a row has.
    fn labels(&self, row: usize) -> Vec<&str> {
        let Predictions::Labels { labels, .. } = &self.predictions else { return Vec::new() };
        let marked = labels.iter().zip(self.marks(row)).filter(|(_, is_marked)| **is_marked);
        marked.map(|(label, _)| label.as_str()).collect()
    }

    /// The interval around each number.
    fn around(&self, values: &[f32]) -> Vec<(f32, f32)> {
        let Some(intervals) = self.intervals else { return Vec::new() };
        values.iter().enumerate().map(|(column, value)| intervals.around(*value, column)).collect()
    }
}
