//! Updates where the weights are by rules that take norms or products: composed of candle's ops.

use candle_core::{Result, Tensor, Var};

use super::device_updates::clipped;
use super::kept_tensors::{KeptOfWeight, KeptTensors};
use super::on_device::KeptValue;
use super::optimizer::TensorParameter;
use super::state::{OptimizerState, StepTiming, WeightState};
use crate::gpu::Status;

impl OptimizerState {
    /// What is kept on the host, sent to the weights.
    pub(super) fn send_tensors(&self, vars: &[Var]) -> Result<KeptTensors> {
        let send = |(var, state): (&Var, &WeightState)| {
            let tensor =
                |values: &[f32], shape: &[usize]| Tensor::from_slice(values, shape, var.device());
            let like_it = |values: &[f32]| tensor(values, &state.shape);
            let slots = state.slots.iter().zip(&state.specs);
            Ok(KeptOfWeight {
                var: var.clone(),
                slots: slots
                    .map(|(values, spec)| tensor(values, &spec.shape))
                    .collect::<Result<_>>()?,
                average: self.common.uses_ema().then(|| like_it(&state.average)).transpose()?,
                accumulator: (self.common.gradient_accumulation_steps.is_some())
                    .then(|| like_it(&state.accumulator))
                    .transpose()?,
            })
        };
        Ok(KeptTensors {
            weights: vars.iter().zip(&self.weights).map(send).collect::<Result<_>>()?,
        })
    }

    /// Takes what is kept back to the host.
    pub(super) fn take_tensors(&mut self, kept: &KeptTensors) -> Result<()> {
        for (index, weight) in self.weights.iter_mut().enumerate() {
            for (slot, values) in weight.slots.iter_mut().enumerate() {
                *values = kept.values(index, KeptValue::Slot(slot))?;
            }
            weight.average = kept.values(index, KeptValue::Average)?;
            weight.accumulator = kept.values(index, KeptValue::Accumulator)?;
        }
        Ok(())
    }

    /// One step of all weights, unless a loss was not finite. `gradients` in the order of the weights,
    /// one for each.
    pub(super) fn update_by_tensors(
        &mut self,
        kept: &mut KeptTensors,
        gradients: &[Tensor],
        status: &Status,
    ) -> Result<()> {
        let timing = self.begin_by_tensors();
        let mut kept_now = kept.weights.clone();
        let mut ready = Vec::new();
        for (kept, gradient) in kept_now.iter_mut().zip(gradients) {
            ready.push(self.ready(gradient.detach(), &timing, kept)?);
        }
        if timing.is_real {
            ready = self.clip_tensors(ready)?;
        }
        for ((state, before), (mut now, gradient)) in
            self.weights.iter().zip(&mut kept.weights).zip(kept_now.into_iter().zip(ready))
        {
            let values = self.updated(state, &timing, &mut now, gradient)?;
            before.take(&now, status)?;
            status.renew(&before.var, &values)?;
        }
        self.iterations += 1;
        Ok(())
    }

    fn begin_by_tensors(&mut self) -> StepTiming {
        let mut timing = self.timing();
        if timing.is_real {
            self.rule.begin(&mut timing.step, &mut self.scalars);
        }
        timing
    }

    /// A gradient divided by the loss's scale, and the mean of several batches'.
    fn ready(
        &self,
        mut gradient: Tensor,
        timing: &StepTiming,
        kept: &mut KeptOfWeight,
    ) -> Result<Tensor> {
        if self.common.loss_scale_factor.is_some() {
            let scale = f64::from(self.loss_scale());
            gradient = ((gradient * scale)? / scale)?; // what is too large becomes infinite
        }
        if let Some(sum) = &mut kept.accumulator {
            let total = (&gradient + &*sum)?;
            if timing.is_real {
                gradient = (&total / timing.every as f64)?;
                *sum = sum.zeros_like()?;
            } else {
                *sum = total;
            }
        }
        Ok(gradient)
    }

    fn clip_tensors(&self, gradients: Vec<Tensor>) -> Result<Vec<Tensor>> {
        if let Some(most) = self.common.clipvalue {
            let clip = |gradient: &Tensor| gradient.clamp(-most as f32, most as f32);
            return gradients.iter().map(clip).collect();
        }
        if self.common.clipnorm.or(self.common.global_clipnorm).is_none() {
            return Ok(gradients);
        }
        let flat: Result<Vec<Tensor>> = gradients.iter().map(Tensor::flatten_all).collect();
        let mut starts = vec![0];
        for gradient in &gradients {
            starts.push(starts[starts.len() - 1] + gradient.elem_count());
        }
        let flat = clipped(&self.common, Tensor::cat(&flat?, 0)?, &starts)?;
        let part = |(gradient, start): (&Tensor, &usize)| {
            flat.narrow(0, *start, gradient.elem_count())?.reshape(gradient.shape())
        };
        gradients.iter().zip(&starts).map(part).collect()
    }

    /// The new values of one weight.
    fn updated(
        &self,
        state: &WeightState,
        timing: &StepTiming,
        kept: &mut KeptOfWeight,
        gradient: Tensor,
    ) -> Result<Tensor> {
        let mut values = kept.var.as_detached_tensor();
        if let Some(rule) = self.rule.by_tensors().filter(|_| timing.is_real) {
            if state.decay > 0.0 {
                let rate = f64::from(timing.step.learning_rate);
                values = (&values - ((&values * f64::from(state.decay))? * rate)?)?;
            }
            let weight = TensorParameter { place: state.place(), values, gradient };
            values = rule.update_tensors(&timing.step, &weight, &mut kept.slots)?;
        }
        if let (Some(moved), Some(average)) = (timing.average, &mut kept.average) {
            let (momentum, rest) = (moved.momentum, 1.0 - moved.momentum);
            *average = ((&*average * f64::from(momentum))? + (&values * f64::from(rest))?)?;
            if moved.overwrites {
                values = average.clone();
            }
        }
        match &state.constraint {
            Some(constraint) => constraint.projected(&values),
            None => Ok(values),
        }
    }
}

#[cfg(test)]
mod tests;
