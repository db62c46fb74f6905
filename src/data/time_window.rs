//! `TimeWindow` and `TimeSeries`: which rows are seen together, and where their target is.

use crate::config::checks::count_within;
use crate::error::{Problem, Result};

/// Windows over rows in the order of time: the model sees `sequence_length` rows,
/// and its target is a row after them. The input has the shape (sequence_length, features). Keras:
/// `keras.utils.timeseries_dataset_from_array`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// Rows that the model sees.
    pub sequence_length: usize,
    /// How many rows after the last one that is seen the target is. 1 for the next row.
    pub horizon: usize,
    /// Rows between the starts of two windows.
    pub sequence_stride: usize,
    /// Rows between two rows that are seen. 1 for every row.
    pub sampling_rate: usize,
}

/// The longest reach of a window, in rows.
const MOST_ROWS: usize = 1 << 24;

impl TimeWindow {
    /// Windows of so many rows, at every row, with the next row's target.
    pub fn of_length(sequence_length: usize) -> Self {
        TimeWindow { sequence_length, horizon: 1, sequence_stride: 1, sampling_rate: 1 }
    }

    /// What is wrong with the numbers, whatever the data.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        count_within("sequence_length", self.sequence_length, 1..=MOST_ROWS)?;
        count_within("horizon", self.horizon, 1..=MOST_ROWS)?;
        count_within("sequence_stride", self.sequence_stride, 1..=MOST_ROWS)?;
        count_within("sampling_rate", self.sampling_rate, 1..=MOST_ROWS)?;
        let reach = (self.sequence_length - 1).saturating_mul(self.sampling_rate);
        if reach > MOST_ROWS {
            let message = format!("a window reaches over {reach} rows, more than {MOST_ROWS}");
            let problem = Problem::at("sequence_length", message);
            return Err(problem.help("lower `sequence_length` or `sampling_rate`"));
        }
        Ok(())
    }

    /// From the first row that is seen to the target, both counted.
    pub(crate) fn rows(&self) -> usize {
        self.reach() + self.horizon + 1
    }

    /// From the first row that is seen to the last.
    pub(crate) fn reach(&self) -> usize {
        (self.sequence_length - 1) * self.sampling_rate
    }
}

/// A run of rows of one series, in the order of time: the first, and the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSeries {
    /// The first row.
    pub first: usize,
    /// The row after the last.
    pub end: usize,
}

impl TimeSeries {
    /// The starts of the windows whose targets are among the rows from `from` to before `to`; what
    /// they see lies in the series. As many as in Keras for targets that are shifted so.
    pub fn starts(self, window: &TimeWindow, from: usize, to: usize) -> Vec<u64> {
        let to_target = window.reach() + window.horizon;
        let first = from.max(self.first + to_target) - to_target;
        let skipped = (first - self.first).next_multiple_of(window.sequence_stride);
        let end = to.min(self.end);
        (self.first + skipped..)
            .step_by(window.sequence_stride)
            .take_while(|start| start + to_target < end)
            .map(|start| start as u64)
            .collect()
    }

    /// The start of the window that ends with the last row: what a forecast is made of. None where the
    /// series is too short.
    pub fn last_start(self, window: &TimeWindow) -> Option<u64> {
        let seen = window.reach() + 1;
        (self.end - self.first >= seen).then(|| (self.end - seen) as u64)
    }

    /// The row at which the part to validate on begins: its last rows are held back.
    pub fn boundary(self, part: f64) -> usize {
        self.first + ((self.end - self.first) as f64 * (1.0 - part)).floor() as usize
    }
}
