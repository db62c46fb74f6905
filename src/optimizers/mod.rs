//! Optimizers: the trait, what all of them share, and the one list.

mod sgd;

use std::fmt;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::MapAccess;

use crate::config::{AsJson, Entry, catalog};
use crate::error::{Problem, Result};
use crate::gradients::Gradients;
use crate::schedules::LearningRate;
use crate::weights::{Weight, Weights};

pub use sgd::Sgd;

catalog! { dyn Optimizer, "optimizer", OptimizerCommon;
    Sgd: "sgd", "SGD";
}

/// An optimizer in a config: `adam`, `sgd: {learning_rate: 0.1}`.
pub type OptimizerEntry = Entry<dyn Optimizer>;

/// An optimizer's configuration and its update rule.
pub trait Optimizer: fmt::Debug + Send + Sync + AsJson {
    /// The learning rate.
    fn learning_rate(&self) -> &LearningRate;

    /// The state that it keeps for a weight of this name and shape.
    fn slots(&self, _weight: &str, _shape: &[usize]) -> Vec<Slot> {
        Vec::new()
    }

    /// One step of one weight, in place; `slots` in the order of [`Optimizer::slots`].
    fn update(&self, step: &Step, weight: &mut Parameter<'_>, slots: &mut [Vec<f32>]);

    /// What is wrong with its arguments.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}

/// A piece of state that an optimizer keeps for a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Keras's name: `momentum`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The value that it starts with everywhere.
    pub initial: f32,
}

/// What an update knows of the step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The learning rate of this step.
    pub learning_rate: f32,
    /// The number of this step, from 1.
    pub t: u64,
}

/// A weight being updated.
pub struct Parameter<'a> {
    /// `kernel`.
    pub name: &'a str,
    /// Its shape in memory.
    pub shape: &'a [usize],
    /// Its values.
    pub values: &'a mut [f32],
    /// Its gradient, clipped.
    pub gradient: &'a [f32],
}

/// The arguments that every optimizer takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct OptimizerCommon {}

impl crate::config::Common for OptimizerCommon {
    const KEYS: &'static [&'static str] = &[];
    fn read<'de, A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<(), A::Error> {
        Ok(())
    }
}

/// An optimizer at work: its configuration and its state over a model's trainable weights.
pub struct OptimizerState {
    entry: OptimizerEntry,
    /// Batches seen.
    iterations: u64,
    learning_rate: f32,
    slots: Vec<Vec<Vec<f32>>>,
}

impl OptimizerState {
    /// Fresh state for the trainable weights of a model.
    pub fn new(_entry: &OptimizerEntry, _weights: &Weights) -> Result<Self> {
        unimplemented!("helper")
    }

    /// The number of batches seen; Keras's `iterations`.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// One step: clip, decay, update, average, constrain. `gradients` in the order of
    /// [`Weights::trainable`]; one that is not present is left alone.
    pub fn step(&mut self, _weights: &Weights, _gradients: &mut Gradients) -> Result<()> {
        unimplemented!("helper")
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    /// Sets the learning rate, for callbacks; None where a schedule rules it.
    pub fn set_learning_rate(&mut self, _rate: f32) -> Option<()> {
        unimplemented!("helper")
    }

    /// Every variable in Keras's order, named as Keras does (`iteration`, `learning_rate`,
    /// `dense_kernel_momentum`, …); what a checkpoint stores and what the summary counts.
    pub fn variables(&self) -> Result<Vec<(String, Tensor)>> {
        unimplemented!("helper")
    }

    /// Puts variables back, in the order of [`OptimizerState::variables`].
    pub fn set_variables(&mut self, _variables: &[(String, Tensor)]) -> Result<()> {
        unimplemented!("helper")
    }

    /// At the end of `fit`: with `use_ema`, the weights become their averages.
    pub fn finalize(&mut self, _weights: &Weights) -> Result<()> {
        let _ = (&self.entry, &self.slots, None::<&Weight>);
        unimplemented!("helper")
    }
}
