//! `History`: the loss and the metrics of every epoch.

pub(crate) mod folds;
pub(crate) mod logs;
pub(crate) mod results;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::history::logs::Logs;

/// The name of the history in a run folder.
pub const HISTORY: &str = "history.csv";

/// What `fit` gives back: a row for every epoch that was trained.
/// ```
/// use lanthorn::callbacks::Logs;
/// use lanthorn::training::{EpochLogs, History};
///
/// let mut history = History::default();
/// for (epoch, loss) in [(1, 0.7), (2, 0.4)] {
///     let mut logs = Logs::default();
///     logs.insert("loss", loss);
///     history.epochs.push(EpochLogs { epoch, logs });
/// }
/// assert_eq!(history.last("loss"), Some(0.4));
/// assert_eq!(history.to_csv(), "epoch,loss\n1,0.7\n2,0.4\n");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// In order.
    pub epochs: Vec<EpochLogs>,
}

/// One epoch's loss and metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochLogs {
    /// From 1.
    pub epoch: usize,
    /// `accuracy`, `loss`, `val_accuracy`, `val_loss`: in alphabetical order, as Keras's.
    pub logs: Logs,
}

impl History {
    /// The last value under a key.
    pub fn last(&self, key: &str) -> Option<f64> {
        self.epochs.iter().rev().find_map(|epoch| epoch.logs.get(key))
    }

    /// All values under a key, in order.
    pub fn values(&self, key: &str) -> Vec<f64> {
        self.epochs.iter().filter_map(|epoch| epoch.logs.get(key)).collect()
    }

    /// What a history.csv holds; None where it is no history.
    pub fn from_csv(text: &str) -> Option<History> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let keys = reader.headers().ok()?.clone();
        let mut epochs = Vec::new();
        for row in reader.records() {
            let row = row.ok()?;
            let numbers = keys.iter().zip(&row).skip(1);
            let logs = numbers.filter_map(|(key, cell)| Some((key, cell.parse::<f64>().ok()?)));
            epochs.push(EpochLogs { epoch: row.get(0)?.parse().ok()?, logs: logs.collect() });
        }
        Some(History { epochs })
    }

    /// The history as CSV: a column for the epoch (from 1) and one for every key.
    pub fn to_csv(&self) -> String {
        let mut table = HistoryTable::default();
        table.add(&self.epochs);
        table.to_csv(0)
    }
}

/// The same numbers as one list: what a checkpoint holds, and what history.csv is written from. An
/// epoch more costs a few numbers, however many there were.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct HistoryTable {
    /// In alphabetical order.
    keys: Vec<String>,
    /// Epoch after epoch, a number for each key.
    values: Vec<f64>,
    epochs: usize,
}

/// Stands where an epoch lacks a key: a NaN that no computation gives.
const ABSENT: u64 = 0x7ff8_0000_00ab_5e47;

impl HistoryTable {
    /// Adds epochs at the end; true where they brought keys that were not there before.
    pub(crate) fn add(&mut self, epochs: &[EpochLogs]) -> bool {
        let known = self.keys.len();
        for epoch in epochs {
            for (key, _) in epoch.logs.iter() {
                if let Err(at) = self.keys.binary_search_by(|known| known.as_str().cmp(key)) {
                    self.insert(at, key);
                }
            }
            let value = |key: &String| epoch.logs.get(key).unwrap_or(f64::from_bits(ABSENT));
            self.values.extend(self.keys.iter().map(value));
            self.epochs += 1;
        }
        self.keys.len() > known
    }

    fn insert(&mut self, at: usize, key: &str) {
        let width = self.keys.len();
        self.keys.insert(at, key.to_string());
        let mut wider = Vec::with_capacity(self.epochs * (width + 1));
        for epoch in 0..self.epochs {
            let (before, after) = self.values[epoch * width..(epoch + 1) * width].split_at(at);
            wider.extend(before.iter().chain(&[f64::from_bits(ABSENT)]).chain(after));
        }
        self.values = wider;
    }

    pub(crate) fn epochs(&self) -> usize {
        self.epochs
    }

    /// The logs of an epoch (counted from 0).
    pub(crate) fn logs(&self, epoch: usize) -> Logs {
        let width = self.keys.len();
        let row = &self.values[epoch * width..(epoch + 1) * width];
        let present = self.keys.iter().zip(row).filter(|(_, value)| value.to_bits() != ABSENT);
        present.map(|(key, value)| (key.as_str(), *value)).collect()
    }

    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The lines of the epochs from one on (counted from 0); from the first on, after the header.
    pub(crate) fn to_csv(&self, from: usize) -> String {
        let mut csv = String::new();
        if from == 0 {
            csv.push_str("epoch");
            self.keys.iter().for_each(|key| csv.extend([",", key]));
            csv.push('\n');
        }
        let width = self.keys.len();
        for epoch in from..self.epochs {
            csv += &(epoch + 1).to_string();
            for value in &self.values[epoch * width..(epoch + 1) * width] {
                match value.to_bits() {
                    ABSENT => csv.push(','),
                    _ => csv += &format!(",{value}"),
                }
            }
            csv.push('\n');
        }
        csv
    }

    /// (epochs, keys).
    pub(crate) fn to_tensor(&self) -> Result<Tensor> {
        let shape = (self.epochs, self.keys.len());
        Ok(Tensor::from_slice(&self.values, shape, &Device::Cpu)?)
    }

    /// The history that [`HistoryTable::keys`] and [`HistoryTable::to_tensor`] gave; None where the two don't
    /// belong together.
    pub(crate) fn history(keys: &[String], tensor: &Tensor) -> Option<History> {
        let rows: Vec<Vec<f64>> = tensor.to_vec2().ok()?;
        let mut epochs = Vec::with_capacity(rows.len());
        for (epoch, row) in rows.iter().enumerate() {
            if row.len() != keys.len() {
                return None;
            }
            let present = keys.iter().zip(row).filter(|(_, value)| value.to_bits() != ABSENT);
            let logs = present.map(|(key, value)| (key.as_str(), *value)).collect();
            epochs.push(EpochLogs { epoch: epoch + 1, logs });
        }
        Some(History { epochs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_gives_the_history_back_bit_for_bit_with_keys_that_came_later() {
        let epoch = |epoch, pairs: &[(&str, f64)]| EpochLogs {
            epoch,
            logs: pairs.iter().copied().collect(),
        };
        let epochs = vec![
            epoch(1, &[("loss", 0.1), ("zeta", f64::NAN)]),
            epoch(2, &[("accuracy", 1.0 / 3.0), ("loss", f64::INFINITY)]),
        ];
        let mut table = HistoryTable::default();
        assert!(table.add(&epochs[..1]));
        assert!(table.add(&epochs[1..]));
        assert_eq!(
            table.to_csv(0),
            "epoch,accuracy,loss,zeta\n1,,0.1,NaN\n2,0.3333333333333333,inf,\n"
        );
        assert_eq!(table.to_csv(1), "2,0.3333333333333333,inf,\n");
        let read = History::from_csv(&table.to_csv(0)).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", History { epochs: epochs.clone() }));
        let back = HistoryTable::history(table.keys(), &table.to_tensor().unwrap()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", History { epochs }));
    }
}
