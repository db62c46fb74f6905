//! Windows over rows in the order of time.

use super::{Samples, new_id};
use crate::data::TimeWindow;
use crate::data::batch::{BatchColumn, ColumnSpec};
use crate::error::{Problem, Result};

/// Windows over other samples: each sample is some of their rows, one after the other, with the target
/// (and the weight) of a later one. Nothing is copied but what a batch holds.
/// ```
/// use lanthorn::data::{Batch, Memory, Samples, TimeSeries, TimeWindow, Windowed};
///
/// # fn main() -> lanthorn::Result<()> {
/// let level = [1.0, 2.0, 3.0, 4.0, 5.0];
/// let rows = Memory::new(&level, 1, &level, &[], None);
/// let window = TimeWindow::of_length(2); // the target is the next row
/// let starts = TimeSeries { first: 0, end: 5 }.starts(&window, 0, 5);
/// let windows = Windowed::new(&rows, &window, &starts).expect("sizes that are allowed");
/// let mut batch = Batch::default();
/// windows.gather(&[0, 2], &mut batch)?;
/// assert_eq!(batch.x().floats(), [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(batch.y().floats(), [3.0, 5.0]);
/// # Ok(())
/// # }
/// ```
pub struct Windowed<'a> {
    id: u64,
    of: &'a dyn Samples,
    /// The first row of each window.
    starts: &'a [u64],
    /// Between two rows that are seen.
    sampling_rate: u64,
    sequence_length: u64,
    /// From the first row to that of the target.
    to_target: u64,
    columns: Vec<ColumnSpec>,
}

impl<'a> Windowed<'a> {
    /// The windows with these starts, of which `TimeSeries::starts` makes those of a series.
    pub fn new(
        of: &'a dyn Samples,
        window: &TimeWindow,
        starts: &'a [u64],
    ) -> Result<Self, Problem> {
        window.check()?;
        let mut columns = of.columns().to_vec();
        if let Some(x) = columns.first_mut() {
            x.shape.insert(0, window.sequence_length);
        }
        Ok(Windowed {
            id: new_id(),
            of,
            starts,
            sampling_rate: window.sampling_rate as u64,
            sequence_length: window.sequence_length as u64,
            to_target: (window.reach() + window.horizon) as u64,
            columns,
        })
    }
}

impl Samples for Windowed<'_> {
    fn id(&self) -> Option<u64> {
        self.of.id().map(|_| self.id)
    }

    fn len(&self) -> usize {
        self.starts.len()
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn gather_column(&self, column: usize, rows: &[u64], to: &mut BatchColumn) -> Result<()> {
        let starts = rows.iter().map(|row| self.starts[*row as usize]);
        let rows: Vec<u64> = if column == 0 {
            let seen = 0..self.sequence_length;
            starts
                .flat_map(|start| seen.clone().map(move |step| start + step * self.sampling_rate))
                .collect()
        } else {
            starts.map(|start| start + self.to_target).collect()
        };
        self.of.gather_column(column, &rows, to)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;
    use crate::data::TimeSeries;
    use crate::data::batch::Batch;

    #[test]
    fn windows_are_those_of_keras() {
        // len(timeseries_dataset_from_array(x[:-h], y[(L-1)*rate + h:], L, stride, rate)) by its rule
        for length in [1, 2, 5] {
            for (rate, stride, horizon) in [(1, 1, 1), (2, 1, 1), (1, 3, 2), (3, 2, 4)] {
                let window = TimeWindow {
                    horizon,
                    sequence_stride: stride,
                    sampling_rate: rate,
                    ..TimeWindow::of_length(length)
                };
                for rows in [1_usize, 7, 30] {
                    let targets = rows.saturating_sub((length - 1) * rate + horizon);
                    let starts = TimeSeries { first: 10, end: 10 + rows }.starts(&window, 0, 99);
                    let expected: Vec<u64> =
                        (0..targets).step_by(stride).map(|start| 10 + start as u64).collect();
                    assert_eq!(starts, expected, "{window:?} {rows}");
                }
            }
        }
    }

    #[test]
    fn a_window_is_its_rows_with_a_later_target() {
        let x: Vec<f32> = (0..20).map(|i| i as f32).collect();
        let y: Vec<f32> = (0..10).map(|i| 100.0 + i as f32).collect();
        let base = Memory::new(&x, 2, &y, &[], None);
        let window = TimeWindow { sampling_rate: 3, horizon: 2, ..TimeWindow::of_length(2) };
        let starts = TimeSeries { first: 0, end: 10 }.starts(&window, 0, 10);
        let windows = Windowed::new(&base, &window, &starts).unwrap();
        let mut batch = Batch::default();
        windows.gather(&[1, 4], &mut batch).unwrap();
        assert_eq!(windows.len(), 5);
        assert_eq!((batch.len(), batch.x().shape()), (2, &[2, 2][..]));
        assert_eq!(batch.x().floats(), [2., 3., 8., 9., 8., 9., 14., 15.]);
        assert_eq!(batch.y().floats(), [106.0, 109.0]);
    }

    #[test]
    fn no_target_to_train_on_lies_beyond_the_boundary() {
        let window = TimeWindow { horizon: 3, sequence_stride: 2, ..TimeWindow::of_length(4) };
        let series = TimeSeries { first: 5, end: 105 };
        let boundary = series.boundary(0.2);
        let (train, validation) =
            (series.starts(&window, 0, boundary), series.starts(&window, boundary, 105));
        assert_eq!(boundary, 85);
        assert!(train.iter().all(|start| *start >= 5 && start + 6 < 85));
        assert!(validation.iter().all(|start| start + 6 >= 85 && start + 6 < 105));
        assert_eq!(train.len() + validation.len(), series.starts(&window, 0, 105).len());
        assert_eq!(series.last_start(&window), Some(101));
        assert_eq!(TimeSeries { first: 0, end: 3 }.last_start(&window), None);
    }
}
