//! `Scores`: the running loss and metrics of a training epoch or of an evaluation.

mod waiting;

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::history::logs::Logs;
use crate::metrics::{Accumulator, MetricBatch};
use crate::shape::Shape;
use crate::spec::{MetricSpec, Spec, TrainSpec};
use crate::transforms::Unit;

pub use waiting::Deferred;
use waiting::on_host;
pub(crate) use waiting::{Room, WaitingNumbers};

/// The running loss and metrics over batches. What an engine has left on its device is taken from
/// there when someone reads them.
pub struct Scores {
    running: Mutex<Running>,
}

struct Running {
    loss_total: f64,
    samples: f64,
    metrics: Vec<RunningMetric>,
    /// Of one sample of the model's output.
    output: Shape,
    prediction_shape: Vec<usize>,
    /// Back to the original unit, where the target is scaled: one for each of its numbers.
    unit: Option<Vec<Unit>>,
    /// Batches that are still to be added.
    waiting: Vec<Waiting>,
    /// How many outputs they have.
    waiting_outputs: usize,
    watcher: Option<Box<Watcher>>,
}

/// Sees every batch that is added.
type Watcher = dyn FnMut(&ScoredBatch<'_>) + Send;

/// A batch with what the model made of it, on the host.
#[derive(Debug, Clone, Copy)]
pub struct ScoredBatch<'a> {
    /// Its loss before the update, penalties included.
    pub loss: f32,
    /// The model's outputs, row-major.
    pub output: &'a [f32],
    /// The mask of the output, where its steps have one: (batch, time).
    pub mask: Option<&'a [f32]>,
    /// The targets.
    pub target: &'a [f32],
    /// Their shape: (batch,) or (batch, k).
    pub target_shape: &'a [usize],
    /// How much each sample counts, where they count differently.
    pub weight: Option<&'a [f32]>,
}

/// A batch that is still to be added.
struct Waiting {
    loss: WaitingNumbers,
    samples: usize,
    /// All of it, where there is someone to look at it.
    seen: Option<Deferred<WaitingNumbers>>,
}

/// Outputs that may wait on a device.
const MOST_OUTPUTS: usize = 1 << 22;
/// Batches that may.
const MOST_BATCHES: usize = 1 << 12;

/// A metric over the batches so far.
struct RunningMetric {
    key: String,
    weighted: bool,
    accumulator: Box<dyn Accumulator>,
    /// Its state before the first batch.
    zero: Vec<f64>,
}

impl Scores {
    /// No batch yet.
    pub fn new(spec: &Spec, train: &TrainSpec) -> Self {
        let running = |metric: &MetricSpec| RunningMetric {
            key: metric.key.clone(),
            weighted: metric.weighted,
            zero: metric.accumulator.state(),
            accumulator: metric.accumulator.clone(),
        };
        let metrics = train.metrics.iter().map(running).collect();
        let running = Running {
            loss_total: 0.0,
            samples: 0.0,
            metrics,
            output: spec.model.output().clone(),
            prediction_shape: Vec::new(),
            unit: None,
            waiting: Vec::new(),
            waiting_outputs: 0,
            watcher: None,
        };
        Scores { running: Mutex::new(running) }
    }

    /// Forgets every batch.
    pub fn reset(&mut self) {
        let running = self.running_mut();
        (running.loss_total, running.samples) = (0.0, 0.0);
        running.waiting.clear();
        running.waiting_outputs = 0;
        for metric in &mut running.metrics {
            metric.accumulator.set_state(&metric.zero);
        }
    }

    /// Metrics in the target's original unit: one for each number of a scaled target.
    pub fn with_unit(mut self, unit: Option<Vec<Unit>>) -> Self {
        self.running_mut().unit = unit;
        self
    }

    /// Someone who sees every batch that is added, by [`Scores::logs`] at the latest.
    pub fn with_watcher(mut self, watcher: impl FnMut(&ScoredBatch<'_>) + Send + 'static) -> Self {
        self.running_mut().watcher = Some(Box::new(watcher));
        self
    }

    /// Adds a batch; its loss counts as often as it has samples.
    pub fn add(&mut self, batch: &ScoredBatch<'_>) {
        self.running_mut().add(batch);
    }

    /// Adds a batch once someone reads the scores, or much has gathered.
    pub fn defer(&mut self, batch: &Deferred) -> Result<()> {
        self.wait_for(batch.map(|tensor| Ok(WaitingNumbers::all(tensor)))?)
    }

    /// The same, of numbers that may be rows of a [`Room`].
    pub(crate) fn wait_for(&mut self, batch: Deferred<WaitingNumbers>) -> Result<()> {
        let looks = self.looks_at_outputs();
        let running = self.running_mut();
        let samples = batch.target.dims().first().copied().unwrap_or(0);
        let loss = batch.loss.clone();
        let seen = looks.then_some(batch);
        running.waiting_outputs += seen.as_ref().map_or(0, |batch| batch.output.count());
        running.waiting.push(Waiting { loss, samples, seen });
        if running.waiting_outputs > MOST_OUTPUTS || running.waiting.len() >= MOST_BATCHES {
            running.settle()?;
        }
        Ok(())
    }

    /// Whether anyone looks at more than the losses.
    pub(crate) fn looks_at_outputs(&self) -> bool {
        let running = self.running();
        !running.metrics.is_empty() || running.watcher.is_some()
    }

    /// The loss and the metrics so far, each key with a prefix (`val_`).
    pub fn logs(&self, prefix: &str) -> Result<Logs> {
        let mut running = self.running();
        running.settle()?;
        let mut logs = Logs::default();
        let loss = if running.samples > 0.0 { running.loss_total / running.samples } else { 0.0 };
        logs.insert(format!("{prefix}loss"), loss);
        for metric in &running.metrics {
            match metric.accumulator.result().as_slice() {
                [value] => logs.insert(format!("{prefix}{}", metric.key), *value),
                values => {
                    for (class, value) in values.iter().enumerate() {
                        logs.insert(format!("{prefix}{}_{class}", metric.key), *value);
                    }
                }
            }
        }
        Ok(logs)
    }

    /// Everything that changes, for a checkpoint and for [`Scores::merge`].
    pub fn state(&self) -> Result<Vec<Vec<f64>>> {
        let mut running = self.running();
        running.settle()?;
        let mut state = vec![vec![running.loss_total, running.samples]];
        state.extend(running.metrics.iter().map(|metric| metric.accumulator.state()));
        Ok(state)
    }

    /// Adds what was added to scores of the same kind elsewhere, by their state; false where it is
    /// another model's.
    pub fn merge(&mut self, state: &[Vec<f64>]) -> bool {
        let Some((loss_total, samples, rest)) = self.parts(state) else { return false };
        let running = self.running_mut();
        running.loss_total += loss_total;
        running.samples += samples;
        for (values, metric) in rest.iter().zip(&mut running.metrics) {
            metric.accumulator.merge(values);
        }
        true
    }

    /// Puts a state back; false where it is another model's.
    pub(crate) fn set_state(&mut self, state: &[Vec<f64>]) -> bool {
        self.reset();
        self.merge(state)
    }

    /// The loss's total, the samples and the metrics' states; None where they are another model's.
    fn parts<'s>(&self, state: &'s [Vec<f64>]) -> Option<(f64, f64, &'s [Vec<f64>])> {
        let (first, rest) = state.split_first()?;
        let [loss_total, samples] = first.first_chunk::<2>()?;
        let running = self.running();
        let mut pairs = rest.iter().zip(&running.metrics);
        let fits = rest.len() == running.metrics.len()
            && pairs.all(|(state, metric)| state.len() == metric.zero.len());
        fits.then_some((*loss_total, *samples, rest))
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running_mut(&mut self) -> &mut Running {
        self.running.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Takes the batches that wait from their device, in one transfer for each kind of numbers.
    fn settle(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_outputs = 0;
        let seen = || waiting.iter().filter_map(|batch| batch.seen.as_ref());
        let losses = on_host(waiting.iter().map(|batch| Some(&batch.loss)))?;
        let mut outputs = on_host(seen().map(|batch| Some(&batch.output)))?.into_iter().flatten();
        let mut masks = on_host(seen().map(|batch| batch.mask.as_ref()))?.into_iter();
        let mut targets = on_host(seen().map(|batch| Some(&batch.target)))?.into_iter().flatten();
        let mut weights = on_host(seen().map(|batch| batch.weight.as_ref()))?.into_iter();
        for (batch, loss) in waiting.iter().zip(losses.into_iter().flatten()) {
            let loss = loss.first().copied().unwrap_or(f32::NAN);
            let Some(seen) = &batch.seen else {
                self.add_loss(loss, batch.samples);
                continue;
            };
            self.add(&ScoredBatch {
                loss,
                output: &outputs.next().unwrap_or_default(),
                mask: masks.next().flatten().as_deref(),
                target: &targets.next().unwrap_or_default(),
                target_shape: seen.target.dims(),
                weight: weights.next().flatten().as_deref(),
            });
        }
        Ok(())
    }

    fn add_loss(&mut self, loss: f32, samples: usize) {
        self.loss_total += f64::from(loss) * samples as f64;
        self.samples += samples as f64;
    }

    fn add(&mut self, batch: &ScoredBatch<'_>) {
        let samples = batch.target_shape.first().copied().unwrap_or(0);
        self.add_loss(batch.loss, samples);
        if let Some(watcher) = &mut self.watcher {
            watcher(batch);
        }
        if self.metrics.is_empty() {
            return;
        }
        let (mut prediction, mut target) =
            (Cow::Borrowed(batch.output), Cow::Borrowed(batch.target));
        if let Some(unit) = &self.unit {
            to_unit(prediction.to_mut(), unit);
            to_unit(target.to_mut(), unit);
        }
        self.prediction_shape.clear();
        self.prediction_shape.push(samples);
        self.prediction_shape.extend_from_slice(self.output.dims());
        let mask = batch.mask.filter(|_| self.output.rank() >= 2);
        let weighted = match mask {
            None => batch.weight.map(Cow::Borrowed),
            Some(mask) => Some(combine(batch.weight, mask, samples)),
        };
        for metric in &mut self.metrics {
            metric.accumulator.update(&MetricBatch {
                target: &target,
                target_shape: batch.target_shape,
                prediction: &prediction,
                prediction_shape: &self.prediction_shape,
                weight: if metric.weighted { weighted.as_deref() } else { mask },
            });
        }
    }
}

/// Sample weights times the mask over time steps.
fn combine<'a>(weights: Option<&[f32]>, mask: &'a [f32], batch: usize) -> Cow<'a, [f32]> {
    let Some(weights) = weights else { return Cow::Borrowed(mask) };
    let steps = mask.len() / batch.max(1);
    mask.iter().enumerate().map(|(i, m)| m * weights[i / steps.max(1)]).collect()
}

/// Numbers of a scaled target in their original unit.
fn to_unit(values: &mut [f32], unit: &[Unit]) {
    for (i, value) in values.iter_mut().enumerate() {
        *value = unit[i % unit.len()].original(f64::from(*value)) as f32;
    }
}
