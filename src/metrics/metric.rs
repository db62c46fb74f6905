//! A metric: the trait, its accumulator, and the arguments that all metrics take.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::MapAccess;

use crate::config::{AnyItem, Entry};
use crate::error::Problem;
use crate::losses::checks;
use crate::target::{Output, Target};

/// A metric in a config: `accuracy`, `auc: {num_thresholds: 50}`.
pub type MetricEntry = Entry<dyn Metric>;

/// A metric's configuration.
pub trait Metric: fmt::Debug + Send + Sync + AnyItem {
    /// A fresh accumulator for a model of this output, or what is wrong with the arguments: the one
    /// place where they are checked. (`accuracy` resolves itself here.)
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem>;

    /// The threshold that predictions are compared with, where there is one.
    fn threshold(&self) -> Option<f64> {
        None
    }

    /// Whether more is better; decides callbacks' `mode: auto`.
    fn higher_is_better(&self) -> bool {
        false
    }
}

/// A copy of an accumulator; every accumulator that is `Clone` has it.
pub trait CopyAccumulator {
    /// The accumulator as it is now, once more.
    fn copy(&self) -> Box<dyn Accumulator>;
}

impl<A: Accumulator + Clone + 'static> CopyAccumulator for A {
    fn copy(&self) -> Box<dyn Accumulator> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Accumulator> {
    fn clone(&self) -> Self {
        self.as_ref().copy()
    }
}

impl fmt::Debug for dyn Accumulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Accumulator").field(&self.state()).finish()
    }
}

/// A metric's running state.
pub trait Accumulator: CopyAccumulator + Send + Sync {
    /// Adds a batch.
    fn update(&mut self, batch: &MetricBatch<'_>);
    /// The metric over all that was added: one number, or one a class.
    fn result(&self) -> Vec<f64>;
    /// The state, for a checkpoint and for [`Accumulator::set_state`]; never grows with the data.
    fn state(&self) -> Vec<f64>;
    /// Puts a state back; all zeros, of the same length, is a fresh start.
    fn set_state(&mut self, state: &[f64]);
    /// Adds what another of the same kind has seen, by its state. States are sums over samples.
    fn merge(&mut self, other: &[f64]) {
        let mut state = self.state();
        state.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
        self.set_state(&state);
    }
}

/// One batch on the host.
#[derive(Debug, Clone, Copy)]
pub struct MetricBatch<'a> {
    /// The targets, row-major.
    pub target: &'a [f32],
    /// Their shape: (batch,), (batch, k), …
    pub target_shape: &'a [usize],
    /// The predictions, row-major.
    pub prediction: &'a [f32],
    /// Their shape: (batch, …, k).
    pub prediction_shape: &'a [usize],
    /// A weight for each sample, (batch,), or for each sample and step, (batch, time).
    pub weight: Option<&'a [f32]>,
}

/// The arguments that every metric takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct MetricCommon {
    /// The key in logs and history. Default: the metric's name as written.
    pub name: Option<String>,
}

impl crate::config::Common for MetricCommon {
    const KEYS: &'static [&'static str] = &["name"];
    fn read<'de, A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.name = map.next_value()?;
        Ok(())
    }
}

impl MetricEntry {
    /// The key in logs and history: `name` where given, the name as written where it has no
    /// arguments (`acc` stays `acc`), else Keras's default name.
    pub fn key(&self) -> String {
        if let Some(name) = &self.common.name {
            return name.clone();
        }
        if self.has_defaults() { self.written.clone() } else { self.kind.name.to_string() }
    }
}

/// The keys of a list of metrics, one each; the second of a name gets `_1`, the third `_2`.
pub fn log_keys(metrics: &[MetricEntry]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::with_capacity(metrics.len());
    for metric in metrics {
        let name = metric.key();
        let mut key = name.clone();
        let mut count = 0;
        while keys.contains(&key) {
            count += 1;
            key = format!("{name}_{count}");
        }
        keys.push(key);
    }
    keys
}

/// Metrics of numbers: as many predictions as targets.
pub(crate) fn same_columns(name: &str, output: &Output<'_>) -> Result<(), Problem> {
    checks::same_columns(name, output).map_err(|problem| match output.target {
        Target::Classes(_) => problem.help("use `accuracy`, or `encode: one_hot` on the target"),
        _ => problem,
    })
}
