//! Windows: which rows of a dataset each sample sees, where it sees several.

use super::preprocessing::Preprocessing;
use super::time_window::TimeWindow;
use crate::sections::WindowConfig;

/// Which rows each sample sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// How far the rows of a window are apart.
    pub shape: TimeWindow,
    /// The first row that each sample sees.
    pub starts: Vec<usize>,
    /// The row of the table that each sample's target stands in; of a forecast, the last that it sees.
    pub rows: Vec<usize>,
    /// The target's numbers in the last row that each sample sees; nothing without a target.
    pub last: Vec<f32>,
}

impl Windows {
    /// How many samples.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// True where there is no sample.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The rows that a sample sees.
    pub(crate) fn seen(&self, sample: usize) -> impl Iterator<Item = usize> + use<> {
        let (start, TimeWindow { sequence_length, sampling_rate, .. }) =
            (self.starts[sample], self.shape);
        (0..sequence_length).map(move |step| start + step * sampling_rate)
    }
}

impl Preprocessing {
    /// The windows that samples are, where each is several rows.
    pub fn window(&self) -> Option<&WindowConfig> {
        self.window.as_ref()
    }

    /// How many rows of cells a sample is.
    pub(crate) fn rows_of_a_sample(&self) -> usize {
        self.window.as_ref().map_or(1, |window| window.sequence_length)
    }

    /// The columns that windows are made by: that of the series, then that of the times.
    pub(super) fn window_columns(&self) -> impl Iterator<Item = &String> {
        let window = self.window.iter();
        window.flat_map(|window| window.group.iter().chain(&window.order_by))
    }
}

impl WindowConfig {
    /// The rows of a window, and where its target is.
    pub(crate) fn shape(&self) -> TimeWindow {
        TimeWindow {
            sequence_length: self.sequence_length,
            horizon: self.horizon,
            sequence_stride: self.sequence_stride,
            sampling_rate: self.sampling_rate,
        }
    }
}
