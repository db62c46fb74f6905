//! Updates where the weights are. On the CPU, the host's own rules over what is kept in the device's
//! form: what defines it.

use std::borrow::Cow;

use candle_core::{Tensor, Var};

use super::common::OptimizerCommon;
use super::in_place::in_place;
use super::on_device::{KeptValue, OnDevice, StepNumbers, UpdateForm};
use super::optimizer::{MOST_NUMBERS, UpdateStep};
use super::state::{OptimizerState, StepTiming};
use super::terms::norm;
use crate::error::Result;
use crate::gpu::{Status, StepWords};
use crate::weights::gradients::Gradients;

impl OptimizerState {
    /// Why its updates are computed on the CPU, wherever the weights are; None where a device can.
    pub(crate) fn host_only(&self) -> Option<&'static str> {
        let is_alike = |decay: f32| self.weights.iter().all(|weight| weight.decay == decay);
        let has_other_slots = self
            .weights
            .iter()
            .any(|weight| weight.specs.iter().any(|slot| slot.shape != weight.shape));
        if self.dynamic_scale.is_some() {
            Some("`loss_scale_optimizer` looks at the gradients before each update")
        } else if self.rule.by_tensors().is_some() {
            None
        } else if self.rule.update_in_c().is_none() || has_other_slots {
            Some("its rule has no form for a GPU yet")
        } else if !self.weights.first().is_none_or(|first| is_alike(first.decay)) {
            Some("weights that decay differently aren't updated on a GPU yet")
        } else {
            None
        }
    }

    /// Begins a step where the weights are: what the step is for the device's program, where it is one
    /// that updates. Only where [`OptimizerState::host_only`] is None.
    pub(crate) fn begin_on_device(&mut self, vars: &[Var]) -> Result<Option<StepNumbers>> {
        if self.rule.by_tensors().is_some() {
            if self.tensors.is_none() {
                self.tensors = Some(self.send_tensors(vars)?);
            }
            return Ok(None);
        }
        if self.on_device.is_none() {
            self.on_device = Some(self.send(vars)?);
        }
        if !vars.first().is_some_and(|var| var.device().is_cuda()) {
            return Ok(None);
        }
        let step = self.step_numbers();
        self.iterations += 1;
        Ok(Some(step))
    }

    /// The rest of the step, unless a loss was not finite. `gradients` in the order of the weights, one
    /// for each. On a GPU nothing changes here but what is there: the same may be done once more.
    pub(crate) fn update_on_device(
        &mut self,
        gradients: &[Tensor],
        status: &Status,
        step: Option<(&StepNumbers, &StepWords)>,
    ) -> Result<()> {
        if let Some(mut kept) = self.tensors.take() {
            let result = self.update_by_tensors(&mut kept, gradients, status);
            self.tensors = Some(kept);
            return Ok(result?);
        }
        let Some(on_device) = self.on_device.take() else { return Ok(()) };
        let result = match step {
            None => self.update_as_device(&on_device, gradients, status),
            Some((step, words)) => self.launch(&on_device, gradients, status, step, words),
        };
        self.on_device = Some(on_device);
        result
    }

    /// What is kept on the device, which is another tensor after it has been on the host.
    pub(crate) fn kept_there(&self) -> Option<&Tensor> {
        self.on_device.as_ref().map(OnDevice::state)
    }

    /// Forgets that the last steps were counted, which updated nothing, and what they did to the
    /// scalars.
    pub(crate) fn take_back(&mut self, steps: u64) {
        self.iterations = self.iterations.saturating_sub(steps);
        if self.scalars.is_empty() {
            return;
        }
        self.scalars = self.rule.scalars().to_vec();
        let every = self.common.gradient_accumulation_steps.unwrap_or(1);
        for t in 1..=self.iterations / every {
            let mut step = UpdateStep { learning_rate: 0.0, t, factors: [0.0; 4] };
            self.rule.begin(&mut step, &mut self.scalars);
        }
    }

    /// Takes what is kept on a device back to the host.
    pub(super) fn bring_back(&mut self) -> Result<()> {
        if let Some(kept) = self.tensors.take() {
            return Ok(self.take_tensors(&kept)?);
        }
        let Some(on_device) = self.on_device.take() else { return Ok(()) };
        self.take_from(&on_device)
    }

    /// What is kept for a weight, wherever it is.
    pub(super) fn kept_values(&self, weight: usize, kept: KeptValue) -> Result<Cow<'_, [f32]>> {
        if let Some(on_device) = &self.on_device {
            return Ok(Cow::Owned(on_device.values(weight, kept)?));
        }
        if let Some(tensors) = &self.tensors {
            return Ok(Cow::Owned(tensors.values(weight, kept)?));
        }
        let state = &self.weights[weight];
        Ok(Cow::Borrowed(match kept {
            KeptValue::Slot(slot) => &state.slots[slot],
            KeptValue::Average => &state.average,
            KeptValue::Accumulator => &state.accumulator,
        }))
    }

    pub(super) fn form(&self) -> UpdateForm {
        let OptimizerCommon { clipvalue, loss_scale_factor, .. } = self.common;
        let decays = self.weights.first().is_some_and(|weight| weight.decay > 0.0);
        UpdateForm {
            rule: self.rule.update_in_c().unwrap_or_default(),
            decay: decays.then(|| self.rule.decay_in_c()),
            slots: self.weights.first().map_or(0, |weight| weight.specs.len()),
            clips: clipvalue.is_some(),
            averages: self.common.uses_ema(),
            accumulates: self.common.gradient_accumulation_steps.is_some(),
            scales: loss_scale_factor.is_some(),
        }
    }

    /// What the step is for the device's program.
    pub(super) fn step_numbers(&mut self) -> StepNumbers {
        let StepTiming { every, is_real, mut step, average } = self.timing();
        if is_real {
            self.rule.begin(&mut step, &mut self.scalars);
        }
        let decay = self.weights.first().map_or(0.0, |weight| weight.decay);
        let mut of_rule = [0.0; MOST_NUMBERS];
        for (number, value) in of_rule.iter_mut().zip(self.rule.numbers(&step, decay)) {
            *number = value;
        }
        StepNumbers {
            is_real,
            overwrites: average.is_some_and(|average| average.overwrites),
            learning_rate: step.learning_rate,
            decay,
            clip: self.common.clipvalue.unwrap_or_default() as f32,
            momentum: average.map_or(0.0, |average| average.momentum),
            scale: self.loss_scale(),
            every: every as f32,
            of_rule,
        }
    }

    fn send(&mut self, vars: &[Var]) -> Result<OnDevice> {
        let form = self.form();
        Ok(OnDevice::new(form, vars.to_vec(), self.give(form))?)
    }

    /// What is kept on the host, row after row; there is nothing left there.
    fn give(&mut self, form: UpdateForm) -> Vec<f32> {
        let mut rows = Vec::new();
        for row in 0..form.rows() {
            for weight in &mut self.weights {
                let kept = match row {
                    row if row < form.slots => &mut weight.slots[row],
                    row if row == form.slots && form.averages => &mut weight.average,
                    _ => &mut weight.accumulator,
                };
                rows.append(&mut std::mem::take(kept));
            }
        }
        rows
    }

    fn take_from(&mut self, on_device: &OnDevice) -> Result<()> {
        for (index, weight) in self.weights.iter_mut().enumerate() {
            for (slot, values) in weight.slots.iter_mut().enumerate() {
                *values = on_device.values(index, KeptValue::Slot(slot))?;
            }
            if on_device.form.averages {
                weight.average = on_device.values(index, KeptValue::Average)?;
            }
            if on_device.form.accumulates {
                weight.accumulator = on_device.values(index, KeptValue::Accumulator)?;
            }
        }
        Ok(())
    }

    fn update_as_device(
        &mut self,
        on_device: &OnDevice,
        gradients: &[Tensor],
        status: &Status,
    ) -> Result<()> {
        if let (_, Some(_)) = status.read()? {
            self.iterations += 1;
            return Ok(());
        }
        self.take_from(on_device)?;
        let sizes = on_device.starts.windows(2).map(|range| range[1] - range[0]);
        let mut flat = Gradients::zeros(sizes);
        let tensors: Vec<Option<Tensor>> = gradients.iter().cloned().map(Some).collect();
        flat.gather(&tensors)?;
        flat.scale(self.loss_scale());
        self.update(&mut flat, |index, change| in_place(&on_device.vars[index], change))?;
        let rows = self.give(on_device.form);
        on_device.set(&rows)
    }

    fn launch(
        &self,
        on_device: &OnDevice,
        gradients: &[Tensor],
        status: &Status,
        step: &StepNumbers,
        words: &StepWords,
    ) -> Result<()> {
        let flat: candle_core::Result<Vec<Tensor>> =
            gradients.iter().map(|gradient| gradient.detach().flatten_all()).collect();
        // of one weight, `cat` may give the tensor itself: what is changed must be a copy
        let mut flat = match flat?.as_slice() {
            [] => return Ok(()),
            [only] => only.copy()?,
            several => Tensor::cat(several, 0)?,
        };
        on_device.gather(&flat, step, status)?;
        if step.is_real {
            flat = clipped(&self.common, flat, &on_device.starts)?;
        }
        on_device.update(&flat, step, status, words)?;
        self.constrain(&on_device.vars, status)?;
        Ok(())
    }
}

impl OptimizerState {
    /// Weights with constraints projected, unless a loss was not finite.
    pub(super) fn constrain(&self, vars: &[Var], status: &Status) -> candle_core::Result<()> {
        for (var, state) in vars.iter().zip(&self.weights) {
            let Some(constraint) = &state.constraint else { continue };
            status.renew(var, &constraint.projected(&var.as_detached_tensor())?)?;
        }
        Ok(())
    }
}

/// Gradients, all in one run, clipped by their norms; `starts` are where each begins, and the end.
/// `clipvalue` is left to the update.
pub(super) fn clipped(
    common: &OptimizerCommon,
    flat: Tensor,
    starts: &[usize],
) -> candle_core::Result<Tensor> {
    if let Some(most) = common.clipnorm {
        let (most, mut all) = (most as f32, Vec::new());
        for range in starts.windows(2) {
            let values = flat.narrow(0, range[0], range[1] - range[0])?;
            let length = norm(&values)?;
            let least = Tensor::full(most, 1, flat.device())?;
            // not a number stays so
            let length = length.lt(&least)?.where_cond(&least, &length)?;
            all.push((values * f64::from(most))?.broadcast_div(&length)?);
        }
        Tensor::cat(&all, 0)
    } else if let Some(most) = common.global_clipnorm {
        let length = norm(&flat)?;
        let most = most as f32;
        let limit = Tensor::full(1.0 / most, 1, flat.device())?;
        let scale = (length.recip()?.minimum(&limit)? * f64::from(most))?;
        // as in Keras, an infinite norm makes every gradient not a number
        let is_finite = (&length * 0.0)?.eq(0f32)?;
        let scale = is_finite.where_cond(&scale, &Tensor::full(f32::NAN, 1, flat.device())?)?;
        flat.broadcast_mul(&scale)
    } else {
        Ok(flat)
    }
}
