//! `OptimizerState`: an optimizer at work, and one step.

use std::sync::Arc;

use candle_core::Var;

use super::common::OptimizerCommon;
use super::in_place::{Change, in_place};
use super::kept_tensors::KeptTensors;
use super::loss_scale_optimizer::DynamicScale;
use super::on_device::OnDevice;
use super::optimizer::{Optimizer, OptimizerEntry, Parameter, SlotSpec, UpdateStep, WeightPlace};
use crate::error::{Error, Result};
use crate::numeric::vector;
use crate::optimizers::schedules::LearningRate;
use crate::threads::float_environment::FlushToZero;
use crate::weights::constraints::Constraint;
use crate::weights::gradients::Gradients;
use crate::weights::{Weight, Weights};

/// An optimizer at work: its configuration and its state over a model's trainable weights.
///
/// Order of one step, Keras's: divide by the loss's scale, accumulate, clip, decay, update,
/// average, overwrite by the average, constrain. No buffer is allocated in a step.
pub struct OptimizerState {
    pub(super) rule: Arc<dyn Optimizer>,
    pub(super) common: OptimizerCommon,
    /// Batches seen.
    pub(super) iterations: u64,
    /// The learning rate where it is a number; callbacks may change it.
    pub(super) constant_rate: f32,
    /// What rules it instead, in a search for one.
    pinned_rate: Option<f32>,
    pub(super) scalars: Vec<f32>,
    pub(super) weights: Vec<WeightState>,
    pub(super) dynamic_scale: Option<DynamicScale>,
    /// What is kept for the weights, where that is on a device.
    pub(super) on_device: Option<OnDevice>,
    /// The same as tensors, for a rule that is composed of candle's ops.
    pub(super) tensors: Option<KeptTensors>,
    scratch: Vec<f32>,
    norms: Vec<f32>,
}

/// What is kept for one weight.
pub(super) struct WeightState {
    path: String,
    pub(super) shape: Vec<usize>,
    pub(super) constraint: Option<Constraint>,
    /// 0 for none.
    pub(super) decay: f32,
    pub(super) specs: Vec<SlotSpec>,
    pub(super) slots: Vec<Vec<f32>>,
    /// Empty without `use_ema`.
    pub(super) average: Vec<f32>,
    /// Empty without `gradient_accumulation_steps`.
    pub(super) accumulator: Vec<f32>,
}

impl OptimizerState {
    /// Fresh state for the trainable weights of a model.
    pub fn new(entry: &OptimizerEntry, weights: &Weights) -> Result<Self> {
        Self::over(entry, weights.trainable())
    }

    /// How many numbers it keeps for the trainable weights of a model, before it keeps them.
    pub fn numbers(entry: &OptimizerEntry, weights: &Weights) -> usize {
        let inner = entry.item.scaled().map_or(entry, |scaled| scaled.inner);
        let (rule, common) = (&inner.item, &inner.common);
        let copies = usize::from(common.uses_ema())
            + usize::from(common.gradient_accumulation_steps.is_some());
        let of = |weight: &Weight| {
            let place = WeightPlace { path: &weight.path(), shape: weight.shape() };
            let slots = rule.slots(&place);
            let slots = slots.iter().map(|slot| slot.shape.iter().product::<usize>());
            slots.fold(copies.saturating_mul(weight.elements()), usize::saturating_add)
        };
        weights.trainable().map(of).fold(0, usize::saturating_add)
    }

    /// Fresh state for these weights, all of them trainable.
    pub(super) fn over<'w>(
        entry: &OptimizerEntry,
        weights: impl Iterator<Item = &'w Weight>,
    ) -> Result<Self> {
        entry.check().map_err(|problem| {
            Error::run(format!("optimizer `{}`: {}", entry.kind.name, problem.message))
                .with_help(problem.help)
        })?;
        let scaled = entry.item.scaled();
        let inner = scaled.map_or(entry, |scaled| scaled.inner);
        let (rule, common) = (Arc::clone(&inner.item), inner.common.clone());
        let mut scratch = 0;
        let mut states = Vec::new();
        for weight in weights {
            let state = WeightState::new(rule.as_ref(), &common, weight)?;
            scratch = scratch.max(rule.scratch(&state.place()));
            states.push(state);
        }
        Ok(OptimizerState {
            iterations: 0,
            constant_rate: rule.learning_rate().at(0),
            pinned_rate: None,
            scalars: rule.scalars().to_vec(),
            weights: states,
            dynamic_scale: scaled.as_ref().map(DynamicScale::new),
            on_device: None,
            tensors: None,
            scratch: vec![0.0; scratch],
            norms: Vec::new(),
            rule,
            common,
        })
    }

    /// The number of batches seen; Keras's `iterations`, not divided by
    /// `gradient_accumulation_steps`.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// What the loss must be multiplied by before the backward pass; [`OptimizerState::step`]
    /// divides the gradients by it. 1 without loss scaling.
    pub fn loss_scale(&self) -> f32 {
        match (&self.dynamic_scale, self.common.loss_scale_factor) {
            (Some(dynamic), _) => dynamic.scale,
            (None, Some(factor)) => factor as f32,
            (None, None) => 1.0,
        }
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f32 {
        match (self.pinned_rate, self.rule.learning_rate()) {
            (Some(rate), _) => rate,
            (None, LearningRate::Constant(_)) => self.constant_rate,
            (None, LearningRate::Schedule(schedule)) => schedule.item.at(self.iterations),
        }
    }

    /// Whether a schedule rules the learning rate.
    pub fn is_scheduled(&self) -> bool {
        matches!(self.rule.learning_rate(), LearningRate::Schedule(_))
    }

    /// Sets the learning rate, for callbacks; None where a schedule rules it.
    pub fn set_learning_rate(&mut self, rate: f32) -> Option<()> {
        (!self.is_scheduled()).then(|| self.constant_rate = rate)
    }

    /// Sets the learning rate of every step from now on, whatever a schedule says; it is not saved.
    pub(crate) fn pin_learning_rate(&mut self, rate: f32) {
        self.pinned_rate = Some(rate);
    }

    /// One step. `gradients` in the order of [`Weights::trainable`]; one that is not present is
    /// left alone. They may be changed.
    pub fn step(&mut self, weights: &Weights, gradients: &mut Gradients) -> Result<()> {
        let vars: Vec<&Var> = weights.trainable().map(|weight| &weight.var).collect();
        self.update(gradients, |index, change| in_place(vars[index], change))
    }

    /// The same for whoever holds the weights' values: `hold` runs a change over those of the weight
    /// with this index, row-major.
    pub fn update(
        &mut self,
        gradients: &mut Gradients,
        mut hold: impl FnMut(usize, &mut Change<'_>) -> Result<()>,
    ) -> Result<()> {
        let _flushed = FlushToZero::on_this_thread();
        self.bring_back()?;
        let (mine, given) = (self.weights.len(), gradients.len());
        if mine != given {
            let message = format!("{given} gradients for {mine} weights");
            return Err(Error::Internal(message));
        }
        if let Some(dynamic) = &mut self.dynamic_scale
            && !dynamic.unscale(gradients)
        {
            return Ok(());
        }
        if let Some(factor) = self.common.loss_scale_factor {
            let factor = factor as f32;
            gradients.each(|_, values| vector::map(values, |g| g / factor));
        }
        let StepTiming { every, is_real, mut step, average } = self.timing();
        if every > 1 {
            self.accumulate(gradients, is_real.then_some(every));
        }
        if is_real {
            clip(&self.common, gradients);
            self.rule.begin(&mut step, &mut self.scalars);
        }
        for (index, state) in self.weights.iter_mut().enumerate() {
            let gradient = gradients.get(index);
            let updated_by = gradient.filter(|_| is_real);
            let is_constrained = state.constraint.is_some() && gradient.is_some();
            if updated_by.is_none() && average.is_none() && !is_constrained {
                continue;
            }
            let (rule, scratch, norms) = (&*self.rule, &mut self.scratch, &mut self.norms);
            hold(index, &mut |values| {
                if let Some(gradient) = updated_by {
                    state.update(rule, &step, values, gradient, scratch)?;
                }
                if let Some(average) = average {
                    state.average(average, values);
                }
                if is_constrained && let Some(constraint) = &state.constraint {
                    constraint.project(values, &state.shape, norms);
                }
                Ok(())
            })?;
        }
        self.iterations += 1;
        Ok(())
    }

    /// At the end of `fit`: with `use_ema`, the weights become their averages; true where they did.
    pub fn finalize(&mut self, weights: &Weights) -> Result<bool> {
        if !self.common.uses_ema() || self.iterations == 0 {
            return Ok(false);
        }
        self.bring_back()?;
        for (weight, state) in weights.trainable().zip(&self.weights) {
            in_place(&weight.var, &mut |values| {
                values.copy_from_slice(&state.average);
                Ok(())
            })?;
        }
        Ok(true)
    }

    /// Adds the gradients to the accumulators; at the last of `every` batches, makes them the mean
    /// of all instead.
    fn accumulate(&mut self, gradients: &mut Gradients, every: Option<u64>) {
        let weights = &mut self.weights;
        gradients.each(|index, values| {
            let sum = &mut weights[index].accumulator;
            if let Some(every) = every {
                let every = every as f32;
                vector::update(values, sum, [], |g, sum, []| ((g + sum) / every, []));
                sum.fill(0.0);
            } else {
                vector::update(sum, values, [], |sum, g, []| (sum + g, []));
            }
        });
    }

    /// What is to be done at this step.
    pub(super) fn timing(&self) -> StepTiming {
        let every = self.common.gradient_accumulation_steps.unwrap_or(1);
        let t = self.iterations / every + 1;
        StepTiming {
            every,
            is_real: (self.iterations + 1).is_multiple_of(every),
            step: UpdateStep { learning_rate: self.learning_rate(), t, factors: [0.0; 4] },
            average: self.averaging(t),
        }
    }

    /// How the averages move at this step, where they are kept.
    fn averaging(&self, t: u64) -> Option<Averaging> {
        let frequency = self.common.ema_overwrite_frequency;
        self.common.uses_ema().then(|| Averaging {
            // the first average is the first weights'
            momentum: if t == 1 { 0.0 } else { self.common.ema_momentum.unwrap_or(0.99) as f32 },
            overwrites: frequency.is_some_and(|frequency| t.is_multiple_of(frequency)),
        })
    }
}

/// What is to be done at a step.
pub(super) struct StepTiming {
    /// Batches that make one update.
    pub(super) every: u64,
    /// False where gradients are only added up.
    pub(super) is_real: bool,
    pub(super) step: UpdateStep,
    pub(super) average: Option<Averaging>,
}

#[derive(Clone, Copy)]
pub(super) struct Averaging {
    pub(super) momentum: f32,
    pub(super) overwrites: bool,
}

impl WeightState {
    fn new(rule: &dyn Optimizer, common: &OptimizerCommon, weight: &Weight) -> Result<Self> {
        let is_alone = weight.layer.is_empty();
        let path = if is_alone { weight.name.clone() } else { weight.path() };
        let place = WeightPlace { path: &path, shape: weight.shape() };
        let specs = rule.slots(&place);
        let mut slots = Vec::new();
        for slot in &specs {
            slots.push(match slot.initial {
                Some(value) => vec![value; slot.shape.iter().product()],
                None => weight.values()?,
            });
        }
        let zeros = |wanted: bool| vec![0.0; if wanted { weight.elements() } else { 0 }];
        Ok(WeightState {
            decay: rule.weight_decay(common.weight_decay, &place).unwrap_or(0.0) as f32,
            shape: weight.shape().to_vec(),
            constraint: weight.constraint.clone(),
            average: zeros(common.uses_ema()),
            accumulator: zeros(common.gradient_accumulation_steps.is_some()),
            specs,
            slots,
            path,
        })
    }

    pub(super) fn place(&self) -> WeightPlace<'_> {
        WeightPlace { path: &self.path, shape: &self.shape }
    }

    fn update(
        &mut self,
        rule: &dyn Optimizer,
        step: &UpdateStep,
        values: &mut [f32],
        gradient: &[f32],
        scratch: &mut [f32],
    ) -> Result<()> {
        if self.decay > 0.0 {
            rule.decay(values, self.decay, step.learning_rate);
        }
        let place = WeightPlace { path: &self.path, shape: &self.shape };
        let length = values.len().min(scratch.len());
        let scratch = &mut scratch[..length];
        let mut weight = Parameter { place, values, gradient, scratch };
        rule.update(step, &mut weight, &mut self.slots)
    }

    fn average(&mut self, averaging: Averaging, values: &mut [f32]) {
        let (momentum, rest) = (averaging.momentum, 1.0 - averaging.momentum);
        vector::update(&mut self.average, values, [], |a, w, []| (momentum * a + rest * w, []));
        if averaging.overwrites {
            values.copy_from_slice(&self.average);
        }
    }
}

pub(super) fn clip(common: &OptimizerCommon, gradients: &mut Gradients) {
    if let Some(most) = common.clipnorm {
        let most = most as f32;
        gradients.each(|_, values| {
            let length = vector::norm(values);
            let length = if length < most { most } else { length }; // not a number stays so
            vector::map(values, |g| g * most / length);
        });
    } else if let Some(most) = common.clipvalue {
        let most = most as f32;
        gradients.each(|_, values| vector::map(values, |g| g.clamp(-most, most)));
    } else if let Some(most) = common.global_clipnorm {
        let most = most as f32;
        let mut square = 0.0;
        gradients.each(|_, values| square += vector::sum(values, |g| g * g));
        let length = square.sqrt() as f32;
        let scale = most * (1.0 / length).min(1.0 / most);
        // as in Keras, an infinite norm makes every gradient not a number
        let scale = if length.is_finite() { scale } else { f32::NAN };
        gradients.each(|_, values| vector::map(values, |g| g * scale));
    }
}
