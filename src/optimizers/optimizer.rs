//! An optimizer: the trait, and what an update sees of a weight and of the step.

use std::fmt;

use candle_core::Tensor;

use crate::config::{AnyItem, Entry};
use crate::error::{Problem, Result};
use crate::numeric::vector;
use crate::optimizers::schedules::LearningRate;

/// An optimizer in a config: `adam`, `sgd: {learning_rate: 0.1}`.
pub type OptimizerEntry = Entry<dyn Optimizer>;

impl OptimizerEntry {
    /// What is wrong with its arguments, its own and the shared ones.
    pub fn check(&self) -> Result<(), Problem> {
        self.item.check()?;
        match self.common.first_given() {
            Some(key) if self.item.scaled().is_some() => {
                let message = format!("`{}` takes no `{key}`", self.kind.name);
                let help = format!("set `{key}` on its `inner_optimizer`");
                Err(Problem::at(key, message).help(help))
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
    fn slots(&self, _weight: &WeightPlace<'_>) -> Vec<SlotSpec> {
        Vec::new()
    }

    /// Numbers that it keeps for all weights together, as they start.
    fn scalars(&self) -> &'static [f32] {
        &[]
    }

    /// How many numbers of scratch space it wants for a weight.
    fn scratch(&self, _weight: &WeightPlace<'_>) -> usize {
        0
    }

    /// The decoupled weight decay of a weight, where `given` is the argument `weight_decay`.
    fn weight_decay(&self, given: Option<f64>, _weight: &WeightPlace<'_>) -> Option<f64> {
        given
    }

    /// Decays a weight's values before an update.
    fn decay(&self, values: &mut [f32], decay: f32, learning_rate: f32) {
        vector::map(values, |w| w - w * decay * learning_rate);
    }

    /// What is the same for every weight of one step, into `step.factors`; may change the scalars, by
    /// themselves and the step's number.
    fn begin(&self, _step: &mut UpdateStep, _scalars: &mut [f32]) {}

    /// One step of one weight, in place; `slots` in the order of [`Optimizer::slots`].
    fn update(
        &self,
        step: &UpdateStep,
        weight: &mut Parameter<'_>,
        slots: &mut [Vec<f32>],
    ) -> Result<()>;

    /// [`Optimizer::update`] in C, for a GPU; None where the CPU computes it. It changes `w`, the
    /// weight, and `s0`, `s1`, …, its slots; it reads `g`, the gradient, `lr`, and `c0`, `c1`, …,
    /// which are [`Optimizer::numbers`].
    fn update_in_c(&self) -> Option<&'static str> {
        None
    }

    /// [`Optimizer::decay`] in C: it changes `w`, and reads `decay`, `lr`, `c0`, `c1`, ….
    fn decay_in_c(&self) -> &'static str {
        "w = w - w * decay * lr;"
    }

    /// The numbers of a step for the rule in C, at most `MOST_NUMBERS`.
    fn numbers(&self, _step: &UpdateStep, _decay: f32) -> Vec<f32> {
        Vec::new()
    }

    /// [`Optimizer::update`] composed of candle's ops, for a GPU, where it is no rule in C.
    fn by_tensors(&self) -> Option<&dyn TensorRule> {
        None
    }

    /// What is wrong with its arguments.
    fn check(&self) -> Result<(), Problem> {
        self.learning_rate().check()
    }

    /// Where it scales the loss around another optimizer: that one, and how.
    fn scaled(&self) -> Option<LossScaling<'_>> {
        None
    }
}

/// The most numbers that a rule in C takes.
pub(super) const MOST_NUMBERS: usize = 10;

/// An optimizer around which the loss is scaled.
#[derive(Debug, Clone, Copy)]
pub struct LossScaling<'a> {
    /// The optimizer that updates the weights.
    pub inner: &'a OptimizerEntry,
    /// The scale at first.
    pub initial_scale: f32,
    /// Finite steps in a row after which the scale is doubled.
    pub growth_steps: u64,
}

/// Which weight.
#[derive(Debug, Clone, Copy)]
pub struct WeightPlace<'a> {
    /// `dense.kernel`.
    pub path: &'a str,
    /// Its shape in memory.
    pub shape: &'a [usize],
}

/// A piece of state that an optimizer keeps for a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotSpec {
    /// Keras's name: `momentum`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The value that it starts with everywhere; `None`: a copy of the weight.
    pub initial: Option<f32>,
    /// Keras's order of variables: the slots of block 0 weight by weight, then those of block 1.
    pub block: usize,
}

impl SlotSpec {
    /// Zeros of the weight's shape, in block 0.
    pub fn zeros(name: &'static str, weight: &WeightPlace<'_>) -> SlotSpec {
        SlotSpec { name, shape: weight.shape.to_vec(), initial: Some(0.0), block: 0 }
    }

    /// The same in another block.
    pub fn block(self, block: usize) -> SlotSpec {
        SlotSpec { block, ..self }
    }

    /// The same with another value to start with.
    pub fn initial(self, value: f64) -> SlotSpec {
        SlotSpec { initial: Some(value as f32), ..self }
    }
}

/// What an update knows of the step.
#[derive(Debug, Clone, Copy)]
pub struct UpdateStep {
    /// The learning rate of this step.
    pub learning_rate: f32,
    /// The number of this step, from 1; accumulated gradients make one step.
    pub t: u64,
    /// What [`Optimizer::begin`] put here.
    pub factors: [f32; 4],
}

impl UpdateStep {
    /// `1 - β^t`, in f32 as Keras has it.
    pub fn bias_correction(&self, beta: f64) -> f32 {
        1.0 - (beta as f32).powf(self.t as f32)
    }
}

/// A rule that is composed of candle's ops: it runs where the weights are.
pub trait TensorRule {
    /// The new values of one weight at one step; the slots, in the order of
    /// [`Optimizer::slots`] and of their shapes, are replaced.
    fn update_tensors(
        &self,
        step: &UpdateStep,
        weight: &TensorParameter<'_>,
        slots: &mut [Tensor],
    ) -> candle_core::Result<Tensor>;
}

/// A weight being updated.
pub struct TensorParameter<'a> {
    /// Which one.
    pub place: WeightPlace<'a>,
    /// Its values.
    pub values: Tensor,
    /// Its gradient, clipped.
    pub gradient: Tensor,
}

/// A weight being updated.
pub struct Parameter<'a> {
    /// Which one.
    pub place: WeightPlace<'a>,
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
