//! Evaluation: the loss and the metrics over samples, in inference mode; also the running scores
//! of a training epoch.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::batch::Column;
use crate::callbacks::Logs;
use crate::data::Samples;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::losses::LossEntry;
use crate::metrics::{Accumulator, MetricBatch};
use crate::network::Network;
use crate::shape::Shape;
use crate::spec::{Spec, TrainSpec};
use crate::threads;

/// The running loss and metrics over batches.
pub struct Scores {
    loss_total: f64,
    samples: f64,
    metrics: Vec<Running>,
    prediction_shape: Vec<usize>,
    /// Back to the original unit, where the target is scaled: one (factor, offset) a column.
    unit: Option<Vec<(f64, f64)>>,
}

/// A metric over the batches so far.
struct Running {
    key: String,
    weighted: bool,
    accumulator: Box<dyn Accumulator>,
    /// Its state before the first batch.
    zero: Vec<f64>,
}

impl Scores {
    /// No batch yet.
    pub fn new(spec: &Spec, train: &TrainSpec) -> Result<Self> {
        let output = spec.model.output_for(train.target);
        let mut metrics = Vec::with_capacity(train.metrics.len());
        for metric in &train.metrics {
            let accumulator = metric.entry.item.accumulator(&output).map_err(|problem| {
                Error::Internal(format!("metric `{}`: {}", metric.key, problem.message))
            })?;
            let (key, weighted, zero) = (metric.key.clone(), metric.weighted, accumulator.state());
            metrics.push(Running { key, weighted, accumulator, zero });
        }
        let prediction_shape = Vec::new();
        Ok(Scores { loss_total: 0.0, samples: 0.0, metrics, prediction_shape, unit: None })
    }

    /// Forgets every batch.
    pub fn reset(&mut self) {
        (self.loss_total, self.samples) = (0.0, 0.0);
        for metric in &mut self.metrics {
            metric.accumulator.set_state(&metric.zero);
        }
    }

    /// Metrics in the target's original unit: one (factor, offset) a column of a scaled target.
    pub fn with_unit(mut self, unit: Option<Vec<(f64, f64)>>) -> Self {
        self.unit = unit;
        self
    }

    /// Adds the engine's last batch: its loss before the update counts as often as it has samples.
    /// `output` is the shape of one sample of the model's output.
    pub fn add(&mut self, loss: f32, engine: &Engine, output: &Shape) {
        let batch = &engine.batch;
        self.loss_total += f64::from(loss) * batch.len() as f64;
        self.samples += batch.len() as f64;
        if self.metrics.is_empty() {
            return;
        }
        let (mut prediction, mut target) =
            (Cow::Borrowed(engine.output()), Cow::Borrowed(batch.y().floats()));
        if let Some(unit) = &self.unit {
            to_unit(prediction.to_mut(), unit);
            to_unit(target.to_mut(), unit);
        }
        self.prediction_shape.clear();
        self.prediction_shape.push(batch.len());
        self.prediction_shape.extend_from_slice(output.dims());
        let mask = engine.mask().filter(|_| output.rank() >= 2);
        let weighted = match mask {
            None => batch.weight().map(|weight| Cow::Borrowed(weight.floats())),
            Some(mask) => Some(combine(batch.weight().map(Column::floats), mask, batch.len())),
        };
        for metric in &mut self.metrics {
            metric.accumulator.update(&MetricBatch {
                target: &target,
                target_shape: batch.y_dims(),
                prediction: &prediction,
                prediction_shape: &self.prediction_shape,
                weight: if metric.weighted { weighted.as_deref() } else { mask },
            });
        }
    }

    /// The loss and the metrics so far, each key with a prefix (`val_`).
    pub fn logs(&self, prefix: &str) -> Logs {
        let mut logs = Logs::default();
        let loss = if self.samples > 0.0 { self.loss_total / self.samples } else { 0.0 };
        logs.insert(format!("{prefix}loss"), loss);
        for metric in &self.metrics {
            match metric.accumulator.result().as_slice() {
                [value] => logs.insert(format!("{prefix}{}", metric.key), *value),
                values => {
                    for (class, value) in values.iter().enumerate() {
                        logs.insert(format!("{prefix}{}_{class}", metric.key), *value);
                    }
                }
            }
        }
        logs
    }

    /// Everything that changes, for a checkpoint.
    pub(crate) fn state(&self) -> Vec<Vec<f64>> {
        let mut state = vec![vec![self.loss_total, self.samples]];
        state.extend(self.metrics.iter().map(|metric| metric.accumulator.state()));
        state
    }

    /// Puts a state back; false where it is another model's.
    pub(crate) fn set_state(&mut self, state: &[Vec<f64>]) -> bool {
        let Some(([loss_total, samples], rest)) =
            state.split_first().and_then(|(first, rest)| Some((first.first_chunk::<2>()?, rest)))
        else {
            return false;
        };
        let fits = rest.len() == self.metrics.len()
            && rest
                .iter()
                .zip(&self.metrics)
                .all(|(state, metric)| state.len() == metric.zero.len());
        if fits {
            (self.loss_total, self.samples) = (*loss_total, *samples);
            for (values, metric) in rest.iter().zip(&mut self.metrics) {
                metric.accumulator.set_state(values);
            }
        }
        fits
    }
}

/// Runs samples through the model in inference mode and adds them to `scores`.
pub fn score(
    engine: &mut Engine,
    model: &Network,
    loss: &LossEntry,
    scores: &mut Scores,
    samples: &dyn Samples,
    batch_size: usize,
) -> Result<()> {
    let mut each = |_: &Engine| ControlFlow::Continue(());
    score_each(engine, model, loss, scores, samples, batch_size, &mut each).map(drop)
}

/// The same; `each` sees the engine after every batch, and says whether to go on.
pub fn score_each(
    engine: &mut Engine,
    model: &Network,
    loss: &LossEntry,
    scores: &mut Scores,
    samples: &dyn Samples,
    batch_size: usize,
    each: &mut (dyn FnMut(&Engine) -> ControlFlow<()> + Send),
) -> Result<ControlFlow<()>> {
    scores.reset();
    let (end, step, mut rows) = (samples.len() as u64, batch_size.max(1), Vec::new());
    threads::within(|| {
        for start in (0..end).step_by(step) {
            rows.clear();
            rows.extend(start..end.min(start + step as u64));
            let value = engine.evaluate(model, loss, samples, &rows)?;
            scores.add(value, engine, model.spec().output());
            if each(engine).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Sample weights times the mask over time steps.
fn combine<'a>(weights: Option<&[f32]>, mask: &'a [f32], batch: usize) -> Cow<'a, [f32]> {
    let Some(weights) = weights else { return Cow::Borrowed(mask) };
    let steps = mask.len() / batch.max(1);
    mask.iter().enumerate().map(|(i, m)| m * weights[i / steps.max(1)]).collect()
}

/// Numbers of a scaled target in their original unit.
fn to_unit(values: &mut [f32], unit: &[(f64, f64)]) {
    for (i, value) in values.iter_mut().enumerate() {
        let (factor, offset) = unit[i % unit.len()];
        *value = (f64::from(*value) * factor + offset) as f32;
    }
}
