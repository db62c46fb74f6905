//! The loss and the metrics of each fold, their means and their deviations.

use serde::Serialize;

use crate::disk::csv_text::csv_of;
use crate::error::Result;
use crate::history::folds::FoldScores;
use crate::history::logs::Logs;

/// The scores of all folds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FoldsTable {
    /// In their order.
    pub folds: Vec<FoldScores>,
}

impl FoldsTable {
    /// The loss and the metrics that all folds have.
    pub fn keys(&self) -> Vec<String> {
        let Some(first) = self.folds.first() else { return Vec::new() };
        let is_everywhere = |key: &&str| self.folds.iter().all(|fold| fold.logs.get(key).is_some());
        first.logs.iter().map(|(key, _)| key).filter(is_everywhere).map(str::to_string).collect()
    }

    /// The mean of each over the folds.
    pub fn mean(&self) -> Logs {
        self.each(mean)
    }

    /// The standard deviation of each over the folds: that of the folds themselves, divided by their
    /// number (`ddof=0`), as NumPy's `std`.
    pub fn deviation(&self) -> Logs {
        self.each(|values| {
            let mean = mean(values);
            let squares = values.iter().map(|value| (value - mean).powi(2));
            (squares.sum::<f64>() / values.len().max(1) as f64).sqrt()
        })
    }

    /// A row for each of the loss and the metrics: its name, its value in each fold, the mean and the
    /// standard deviation.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let folds = self.folds.iter().map(|fold| format!("fold_{}", fold.fold));
        let names = ["metric".to_string()].into_iter().chain(folds);
        let names: Vec<String> = names.chain(["mean", "std"].map(str::to_string)).collect();
        let (mean, deviation) = (self.mean(), self.deviation());
        let row = |key: String| {
            let folds = self.folds.iter().map(|fold| &fold.logs);
            let logs = folds.chain([&mean, &deviation]);
            let mut row: Vec<String> =
                logs.map(|logs| logs.get(&key).unwrap_or(f64::NAN).to_string()).collect();
            row.insert(0, key);
            row
        };
        csv_of(&names, self.keys().into_iter().map(row))
    }

    fn each(&self, of: impl Fn(&[f64]) -> f64) -> Logs {
        let value = |key: String| {
            let values: Vec<f64> =
                self.folds.iter().filter_map(|fold| fold.logs.get(&key)).collect();
            let value = of(&values);
            (key, value)
        };
        self.keys().into_iter().map(value).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
