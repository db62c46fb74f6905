//! A batch seen as rows over the last axis of the predictions, and means over rows.

use super::metric::{Accumulator, MetricBatch};

/// A batch as rows: a row is a sample, or one step of a sample.
pub(crate) struct Rows<'a> {
    batch: MetricBatch<'a>,
    /// How many rows.
    pub(crate) count: usize,
    /// Numbers in a row of predictions.
    pub(crate) width: usize,
    target_width: usize,
    steps: usize,
}

impl<'a> Rows<'a> {
    /// The rows of a batch; predictions (batch,) are rows of one number.
    pub(crate) fn of(batch: &MetricBatch<'a>) -> Self {
        let width = match batch.prediction_shape {
            [] | [_] => 1,
            [.., last] => (*last).max(1),
        };
        let count = batch.prediction.len() / width;
        let samples = batch.prediction_shape.first().copied().unwrap_or(1).max(1);
        let target_width = batch.target.len() / count.max(1);
        Rows { batch: *batch, count, width, target_width, steps: (count / samples).max(1) }
    }

    /// A row of predictions.
    pub(crate) fn prediction(&self, row: usize) -> &'a [f32] {
        let start = row * self.width;
        self.batch.prediction.get(start..start + self.width).unwrap_or_default()
    }

    /// A row of targets: one number, or as many as predictions.
    pub(crate) fn target(&self, row: usize) -> &'a [f32] {
        let start = row * self.target_width;
        self.batch.target.get(start..start + self.target_width).unwrap_or_default()
    }

    /// The class number of a row.
    pub(crate) fn label(&self, row: usize) -> f32 {
        self.target(row).first().copied().unwrap_or(f32::NAN)
    }

    /// True where the targets are class numbers beside several columns of predictions.
    pub(crate) fn are_labels(&self) -> bool {
        self.width > 1 && self.target_width == 1
    }

    /// The target of one column of a row: the number itself, or 1 where the class number is the
    /// column's and 0 elsewhere.
    pub(crate) fn column(&self, row: usize, column: usize) -> f32 {
        if self.are_labels() {
            return one_if(self.label(row) == column as f32) as f32;
        }
        self.target(row).get(column).copied().unwrap_or(0.0)
    }

    /// The weight of a row: its own, its sample's, or 1.
    pub(crate) fn weight(&self, row: usize) -> f64 {
        match self.batch.weight {
            None => 1.0,
            Some(weight) if weight.len() == self.count => f64::from(weight[row]),
            Some(weight) => weight.get(row / self.steps).map_or(1.0, |w| f64::from(*w)),
        }
    }
}

/// `finish(Σ w·value / Σ w)` over rows; 0 where nothing was added.
#[derive(Clone)]
struct RowAverage<P, V> {
    total: f64,
    count: f64,
    prepare: P,
    value: V,
    finish: fn(f64) -> f64,
}

/// The weighted mean of a value of each row.
pub(crate) fn average<V>(value: V) -> Box<dyn Accumulator>
where
    V: Fn(&Rows<'_>, usize) -> f64 + Clone + Send + Sync + 'static,
{
    average_then(value, |mean| mean)
}

/// A function of the weighted mean of a value of each row.
pub(crate) fn average_then<V>(value: V, finish: fn(f64) -> f64) -> Box<dyn Accumulator>
where
    V: Fn(&Rows<'_>, usize) -> f64 + Clone + Send + Sync + 'static,
{
    let value = move |rows: &Rows<'_>, (): &(), row| Some(value(rows, row));
    Box::new(RowAverage { total: 0.0, count: 0.0, prepare: |_: &Rows<'_>| (), value, finish })
}

/// The weighted mean of a value of each row; None for a row that doesn't count. `prepare` sees the
/// whole batch first.
pub(crate) fn average_with<F, P, V>(prepare: P, value: V) -> Box<dyn Accumulator>
where
    F: 'static,
    P: Fn(&Rows<'_>) -> F + Clone + Send + Sync + 'static,
    V: Fn(&Rows<'_>, &F, usize) -> Option<f64> + Clone + Send + Sync + 'static,
{
    Box::new(RowAverage { total: 0.0, count: 0.0, prepare, value, finish: |mean| mean })
}

impl<F, P, V> Accumulator for RowAverage<P, V>
where
    F: 'static,
    P: Fn(&Rows<'_>) -> F + Clone + Send + Sync + 'static,
    V: Fn(&Rows<'_>, &F, usize) -> Option<f64> + Clone + Send + Sync + 'static,
{
    fn update(&mut self, batch: &MetricBatch<'_>) {
        let rows = Rows::of(batch);
        let prepared = (self.prepare)(&rows);
        let (mut total, mut count) = (0.0, 0.0);
        for row in 0..rows.count {
            if let Some(value) = (self.value)(&rows, &prepared, row) {
                let weight = rows.weight(row);
                total += weight * value;
                count += weight;
            }
        }
        self.total += total;
        self.count += count;
    }

    fn result(&self) -> Vec<f64> {
        vec![if self.count == 0.0 { 0.0 } else { (self.finish)(self.total / self.count) }]
    }

    fn state(&self) -> Vec<f64> {
        vec![self.total, self.count]
    }

    fn set_state(&mut self, state: &[f64]) {
        if let [total, count] = state {
            (self.total, self.count) = (*total, *count);
        }
    }
}

/// The mean of `each(y, p)` over the columns of a row.
pub(crate) fn column_mean(rows: &Rows<'_>, row: usize, each: impl Fn(f64, f64) -> f64) -> f64 {
    let pairs = rows.target(row).iter().zip(rows.prediction(row));
    pairs.map(|(y, p)| each(f64::from(*y), f64::from(*p))).sum::<f64>() / rows.width as f64
}

/// The first of the largest.
pub(crate) fn argmax(values: &[f32]) -> usize {
    let Some((first, rest)) = values.split_first() else { return 0 };
    let (mut best, mut largest) = (0, *first);
    for (i, value) in rest.iter().enumerate() {
        if *value > largest {
            (best, largest) = (i + 1, *value);
        }
    }
    best
}

/// 1 for true, 0 for false.
pub(crate) fn one_if(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}
