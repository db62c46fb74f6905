//! `SelfTest`: a few rows of the table and what the trained model made of them, kept in its file.
//! Where the file is used, the rows are computed again: another machine, another version or a
//! damaged weight shows before the first prediction.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::data::{Loaded, Preprocessing};
use crate::error::Result;
use crate::model::engine;
use crate::model::network::Network;
use crate::threads;

/// Rows as they stand in the table, and the model's outputs for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// The columns that the features are made of.
    pub columns: Vec<String>,
    /// Their cells, row after row; of windows, the rows of one after those of the other.
    pub rows: Vec<Vec<String>>,
    /// The model's outputs, row after row, as its last layer gives them.
    pub outputs: Vec<f32>,
}

/// How many rows are kept.
pub const ROWS: usize = 3;
/// How many rows of cells they may be, where each is a window of several.
const MOST_CELL_ROWS: usize = 1000;
/// How far an output may be from the recorded one, relative to it and the largest.
pub const TOLERANCE: f32 = 1e-5;

impl SelfTest {
    /// Records what the model gives for the first rows of the validation part; those to train on
    /// where there is none. None where an output is not finite: there is nothing to hold to.
    pub fn record(data: &Loaded, model: &Network) -> Result<Option<SelfTest>> {
        let steps = data.preprocessing.rows_of_a_sample();
        let samples = (MOST_CELL_ROWS / steps).clamp(1, ROWS);
        let (columns, mut rows) = data.rows_for_a_test(samples * steps);
        rows.truncate(rows.len() / steps * steps);
        let Ok(outputs) = compute(&columns, &rows, &data.preprocessing, model) else {
            return Ok(None);
        };
        let is_finite = !outputs.is_empty() && outputs.iter().all(|output| output.is_finite());
        Ok(is_finite.then_some(SelfTest { columns, rows, outputs }))
    }

    /// The rows as the model's input.
    pub fn samples(&self, preprocessing: &Preprocessing, model: &Network) -> Result<Tensor> {
        features(&self.columns, &self.rows, preprocessing, model)
    }

    /// Computes the rows again: None where the outputs are the recorded ones, else how far the
    /// worst is from its own (as a part of it).
    pub fn deviation(&self, preprocessing: &Preprocessing, model: &Network) -> Result<Option<f32>> {
        let outputs = compute(&self.columns, &self.rows, preprocessing, model)?;
        if outputs.len() != self.outputs.len() {
            return Ok(Some(f32::INFINITY));
        }
        let largest = self.outputs.iter().fold(0.0f32, |largest, output| largest.max(output.abs()));
        let mut worst = 0.0f32;
        for (output, recorded) in outputs.iter().zip(&self.outputs) {
            // a sum that nearly cancels is as exact as its terms, not as its value
            let scale = (recorded.abs() + largest).max(f32::MIN_POSITIVE);
            let apart = (output - recorded).abs() / scale;
            worst = if apart.is_nan() { f32::INFINITY } else { worst.max(apart) };
        }
        Ok((worst > TOLERANCE).then_some(worst))
    }
}

/// The outputs for rows of cells.
fn compute(
    columns: &[String],
    rows: &[Vec<String>],
    preprocessing: &Preprocessing,
    model: &Network,
) -> Result<Vec<f32>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let features = preprocessing.rows(columns, rows)?;
    let samples = rows.len() / preprocessing.rows_of_a_sample();
    let mut engine = engine::of(model)?;
    threads::within(|| Ok(engine.predict(model, &features, samples)?.to_vec()))
}

/// Rows of cells as the model's input.
fn features(
    columns: &[String],
    rows: &[Vec<String>],
    preprocessing: &Preprocessing,
    model: &Network,
) -> Result<Tensor> {
    let features = preprocessing.rows(columns, rows)?;
    let shape = model.spec().input.with_batch(rows.len() / preprocessing.rows_of_a_sample());
    Ok(Tensor::from_vec(features, shape, model.weights().device())?)
}
