//! Optimizers: the trait, what all of them share, and the one list.
//!
//! An optimizer's file holds one struct that *is* its configuration and its update rule.
//! [`OptimizerState`] holds what changes from step to step, and does what all of them share.

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod candle;
mod common;
mod ftrl;
mod in_place;
mod lamb;
mod lion;
mod loss_scale_optimizer;
mod muon;
mod nadam;
mod rmsprop;
mod schedule_free_adamw;
mod sgd;
mod state;
mod variables;

use std::fmt;

use crate::config::{AnyItem, Entry, catalog};
use crate::error::{Problem, Result};
use crate::schedules::LearningRate;
use crate::vector;

pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use candle::CandleOptimizer;
pub use common::OptimizerCommon;
pub use ftrl::Ftrl;
pub use lamb::Lamb;
pub use lion::Lion;
pub use loss_scale_optimizer::LossScaleOptimizer;
pub use muon::Muon;
pub use nadam::Nadam;
pub use rmsprop::RmsProp;
pub use schedule_free_adamw::ScheduleFreeAdamW;
pub use sgd::Sgd;
pub use state::OptimizerState;

catalog! { dyn Optimizer, "optimizer", OptimizerCommon, OptimizerKind;
    Sgd: "sgd", "SGD";
    RmsProp: "rmsprop", "RMSprop";
    Adagrad: "adagrad", "Adagrad";
    Adadelta: "adadelta", "Adadelta";
    Adam: "adam", "Adam";
    AdamW: "adamw", "AdamW";
    Adamax: "adamax", "Adamax";
    Nadam: "nadam", "Nadam";
    Ftrl: "ftrl", "Ftrl";
    Lion: "lion", "Lion";
    Lamb: "lamb", "Lamb";
    Adafactor: "adafactor", "Adafactor";
    Muon: "muon", "Muon";
    ScheduleFreeAdamW: "schedule_free_adamw", "ScheduleFreeAdamW";
    LossScaleOptimizer: "loss_scale_optimizer", "LossScaleOptimizer";
}

/// An optimizer in a config: `adam`, `sgd: {learning_rate: 0.1}`.
pub type OptimizerEntry = Entry<dyn Optimizer>;

impl OptimizerEntry {
    /// What is wrong with its arguments, its own and the shared ones.
    pub fn check(&self) -> Result<(), Problem> {
        self.item.check()?;
        match self.item.scaled() {
            Some(_) if self.common != OptimizerCommon::default() => {
                let given = serde_json::to_value(&self.common).unwrap_or_default();
                let given = given.as_object().and_then(|keys| keys.keys().next().cloned());
                let key = given.unwrap_or_default();
                let message = format!("`{}` takes no `{key}`", self.kind.name);
                let help = format!("set `{key}` on its `inner_optimizer`");
                Err(Problem::at(&key, message).help(help))
            }
            _ => self.common.check(),
        }
    }
}

/// An optimizer's configuration and its update rule.
pub trait Optimizer: fmt::Debug + Send + Sync + AnyItem {
    /// The learning rate.
    fn learning_rate(&self) -> &LearningRate;

    /// The state that it keeps for a weight.
    fn slots(&self, _weight: &Place<'_>) -> Vec<Slot> {
        Vec::new()
    }

    /// Numbers that it keeps for all weights together, as they start.
    fn scalars(&self) -> &'static [f32] {
        &[]
    }

    /// How many numbers of scratch space it wants for a weight.
    fn scratch(&self, _weight: &Place<'_>) -> usize {
        0
    }

    /// The decoupled weight decay of a weight, where `given` is the argument `weight_decay`.
    fn weight_decay(&self, given: Option<f64>, _weight: &Place<'_>) -> Option<f64> {
        given
    }

    /// Decays a weight's values before an update.
    fn decay(&self, values: &mut [f32], decay: f32, learning_rate: f32) {
        vector::map(values, |w| w - w * decay * learning_rate);
    }

    /// What is the same for every weight of one step, into `step.factors`; may change the scalars.
    fn begin(&self, _step: &mut Step, _scalars: &mut [f32]) {}

    /// One step of one weight, in place; `slots` in the order of [`Optimizer::slots`].
    fn update(&self, step: &Step, weight: &mut Parameter<'_>, slots: &mut [Vec<f32>])
    -> Result<()>;

    /// What is wrong with its arguments.
    fn check(&self) -> Result<(), Problem> {
        self.learning_rate().check()
    }

    /// The scaling of the loss around another optimizer; only [`LossScaleOptimizer`] is one.
    fn scaled(&self) -> Option<&LossScaleOptimizer> {
        None
    }
}

/// Which weight.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// `dense.kernel`.
    pub path: &'a str,
    /// Its shape in memory.
    pub shape: &'a [usize],
}

/// A piece of state that an optimizer keeps for a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Keras's name: `momentum`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The value that it starts with everywhere; `None`: a copy of the weight.
    pub initial: Option<f32>,
    /// Keras's order of variables: the slots of block 0 weight by weight, then those of block 1.
    pub block: usize,
}

impl Slot {
    /// Zeros of the weight's shape, in block 0.
    pub fn zeros(name: &'static str, weight: &Place<'_>) -> Slot {
        Slot { name, shape: weight.shape.to_vec(), initial: Some(0.0), block: 0 }
    }

    /// The same in another block.
    pub fn block(self, block: usize) -> Slot {
        Slot { block, ..self }
    }

    /// The same with another value to start with.
    pub fn initial(self, value: f64) -> Slot {
        Slot { initial: Some(value as f32), ..self }
    }
}

/// What an update knows of the step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The learning rate of this step.
    pub learning_rate: f32,
    /// The number of this step, from 1; accumulated gradients make one step.
    pub t: u64,
    /// What [`Optimizer::begin`] put here.
    pub factors: [f32; 4],
}

impl Step {
    /// `1 - β^t`, in f32 as Keras has it.
    pub fn bias_correction(&self, beta: f64) -> f32 {
        1.0 - (beta as f32).powf(self.t as f32)
    }
}

/// A weight being updated.
pub struct Parameter<'a> {
    /// Which one.
    pub place: Place<'a>,
    /// Its values.
    pub values: &'a mut [f32],
    /// Its gradient, clipped.
    pub gradient: &'a [f32],
    /// As many numbers as [`Optimizer::scratch`] asked for.
    pub scratch: &'a mut [f32],
}

impl Parameter<'_> {
    /// One pass, element by element, over the values, the gradient and all `N` slots:
    /// `(w, slots) = f(w, g, slots)`.
    pub fn pass<F, const N: usize>(&mut self, slots: &mut [Vec<f32>], f: F)
    where
        F: Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Copy + Send + Sync,
    {
        debug_assert_eq!(slots.len(), N, "slots of {}", self.place.path);
        if let Ok(slots) = <&mut [Vec<f32>; N]>::try_from(slots) {
            let slots = slots.each_mut().map(Vec::as_mut_slice);
            vector::update(self.values, self.gradient, slots, f);
        }
    }
}

#[cfg(test)]
mod tests;
