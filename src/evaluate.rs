//! Evaluation: the loss and the metrics over samples, in inference mode; also the running scores
//! of a training epoch.

use candle_core::Tensor;

use crate::batch::{Batch, Samples};
use crate::callbacks::Logs;
use crate::error::{Error, Result};
use crate::layers::{Context, Signal};
use crate::losses::LossEntry;
use crate::metrics::{Accumulator, Batch as HostBatch};
use crate::sequential::Sequential;
use crate::spec::{Spec, TrainSpec};

/// The running loss and metrics over batches.
pub struct Scores {
    loss_total: f64,
    samples: f64,
    metrics: Vec<Running>,
    /// Back to the original unit, where the target is scaled: one (factor, offset) a column.
    pub(crate) unit: Option<Vec<(f64, f64)>>,
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
        Ok(Scores { loss_total: 0.0, samples: 0.0, metrics, unit: None })
    }

    /// Forgets every batch.
    pub fn reset(&mut self) {
        (self.loss_total, self.samples) = (0.0, 0.0);
        for metric in &mut self.metrics {
            metric.accumulator.set_state(&metric.zero);
        }
    }

    /// Adds a batch: its loss before the update counts as often as it has samples.
    pub fn add(&mut self, loss: f32, batch: &Batch, output: &Signal) -> Result<()> {
        let samples = batch.len() as f64;
        self.loss_total += f64::from(loss) * samples;
        self.samples += samples;
        if self.metrics.is_empty() {
            return Ok(());
        }
        let prediction_shape = output.tensor.dims().to_vec();
        let mut prediction = output.tensor.flatten_all()?.to_vec1::<f32>()?;
        let mut target = std::borrow::Cow::Borrowed(&batch.y_host);
        if let Some(unit) = &self.unit {
            to_unit(&mut prediction, unit);
            to_unit(target.to_mut(), unit);
        }
        let mask = match &output.mask {
            Some(mask) if mask.rank() < prediction_shape.len() => {
                Some(mask.flatten_all()?.to_vec1::<f32>()?)
            }
            _ => None,
        };
        let weighted = combine(batch.weight_host.as_deref(), mask.as_deref(), batch.len());
        for metric in &mut self.metrics {
            metric.accumulator.update(&HostBatch {
                target: &target,
                target_shape: batch.y.dims(),
                prediction: &prediction,
                prediction_shape: &prediction_shape,
                weight: if metric.weighted { weighted.as_deref() } else { mask.as_deref() },
            });
        }
        Ok(())
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
            && rest.iter().zip(&self.metrics).all(|(state, metric)| state.len() == metric.zero.len());
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
    model: &Sequential,
    loss: &LossEntry,
    scores: &mut Scores,
    samples: &Samples<'_>,
    batch_size: usize,
) -> Result<()> {
    scores.reset();
    let random = model.random();
    let rows: Vec<usize> = (0..samples.len()).collect();
    for chunk in rows.chunks(batch_size) {
        let batch = Batch::gather(samples, chunk, model)?;
        let mut context = Context::inference(&random);
        let output = model.forward(&batch.x, &mut context)?;
        let total = total_loss(loss, model, &batch, &output, &context)?;
        scores.add(total.to_scalar::<f32>()?, &batch, &output)?;
    }
    Ok(())
}

/// The loss of a batch with the penalties on weights and activities added, a scalar.
pub fn total_loss(
    loss: &LossEntry,
    model: &Sequential,
    batch: &Batch,
    output: &Signal,
    context: &Context<'_>,
) -> Result<Tensor> {
    let mask = output.mask.as_ref().filter(|mask| mask.rank() < output.tensor.rank());
    let mut total = loss.compute(&batch.y, &output.tensor, mask, batch.weight.as_ref())?;
    if let Some(penalties) = model.penalties()? {
        total = (total + penalties)?;
    }
    for term in &context.losses {
        total = (total + term)?;
    }
    Ok(total)
}

/// Sample weights times the mask over time steps.
fn combine(weights: Option<&[f32]>, mask: Option<&[f32]>, batch: usize) -> Option<Vec<f32>> {
    match (weights, mask) {
        (None, None) => None,
        (Some(weights), None) => Some(weights.to_vec()),
        (None, Some(mask)) => Some(mask.to_vec()),
        (Some(weights), Some(mask)) => {
            let steps = mask.len() / batch.max(1);
            Some(mask.iter().enumerate().map(|(i, m)| m * weights[i / steps]).collect())
        }
    }
}

/// Numbers of a scaled target in their original unit.
fn to_unit(values: &mut [f32], unit: &[(f64, f64)]) {
    for (i, value) in values.iter_mut().enumerate() {
        let (factor, offset) = unit[i % unit.len()];
        *value = (f64::from(*value) * factor + offset) as f32;
    }
}
