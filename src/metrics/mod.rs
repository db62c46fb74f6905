//! Metrics: the trait, the accumulators, and the one list.
//!
//! A metric's accumulator streams: its state doesn't grow with the data, and is saved in a
//! checkpoint. It sees each batch on the host, as the trainer already has it.

mod mean_squared_error;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::MapAccess;

use crate::config::{AsJson, Entry, catalog};
use crate::error::{Problem, Result};
use crate::losses::Output;

pub use mean_squared_error::MeanSquaredError;

catalog! { dyn Metric, "metric", MetricCommon;
    MeanSquaredError: "mse", "MeanSquaredError";
}

/// A metric in a config: `accuracy`, `auc: {num_thresholds: 50}`.
pub type MetricEntry = Entry<dyn Metric>;

/// A metric's configuration.
pub trait Metric: fmt::Debug + Send + Sync + AsJson {
    /// A fresh accumulator for a model of this output. (`accuracy` resolves itself here.)
    fn accumulator(&self, output: &Output<'_>) -> Result<Box<dyn Accumulator>, Problem>;

    /// Whether more is better; decides callbacks' `mode: auto`.
    fn higher_is_better(&self) -> bool {
        false
    }
}

/// A metric's running state.
pub trait Accumulator: Send {
    /// Adds a batch.
    fn update(&mut self, batch: &Batch<'_>);
    /// The metric over all that was added: one number, or one a class.
    fn result(&self) -> Vec<f64>;
    /// The state, for a checkpoint and for [`Accumulator::set_state`]; never grows with the data.
    fn state(&self) -> Vec<f64>;
    /// Puts a state back; all zeros, of the same length, is a fresh start unless stated otherwise.
    fn set_state(&mut self, state: &[f64]);
}

/// One batch on the host.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
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
