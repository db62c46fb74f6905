//! The variables of an optimizer, in Keras's order: what a checkpoint holds.

use candle_core::{DType, Device, Tensor};

use super::on_device::KeptValue;
use super::state::OptimizerState;
use crate::error::{Error, Result};

/// Where a variable is kept.
#[derive(Clone, Copy)]
enum Variable {
    /// Keras's loss scaling has these two of its own, which never change.
    OuterIteration,
    OuterRate,
    StepCounter,
    DynamicScale,
    Iteration,
    LearningRate,
    Average(usize),
    Accumulator(usize),
    Slot(usize, usize),
    Scalar(usize),
}

impl OptimizerState {
    /// Every variable in Keras's order, named as Keras does but for the model's name
    /// (`iteration`, `learning_rate`, `dense_kernel_momentum`, …); what a checkpoint stores and
    /// what the summary counts. Counts are i64, everything else is f32.
    pub fn variables(&self) -> Result<Vec<(String, Tensor)>> {
        let read = |kept| Ok((self.name(kept), self.read(kept)?));
        self.kept().into_iter().map(read).collect()
    }

    /// Puts variables back, in the order of [`OptimizerState::variables`].
    pub fn set_variables(&mut self, variables: &[(String, Tensor)]) -> Result<()> {
        self.bring_back()?;
        let kept = self.kept();
        if kept.len() != variables.len() {
            let (wanted, found) = (kept.len(), variables.len());
            return Err(Error::run(format!(
                "the optimizer has {wanted} variables, the stored one has {found}"
            )));
        }
        for (kept, (name, tensor)) in kept.iter().zip(variables) {
            let (wanted, shape) = (self.name(*kept), self.shape(*kept));
            let is_negative = |values: Vec<i64>| values.iter().any(|count| *count < 0);
            if tensor.dtype() == DType::I64 && is_negative(tensor.flatten_all()?.to_vec1()?) {
                return Err(Error::run(format!(
                    "the stored `{name}` is negative, but it is a count"
                )));
            }
            if wanted != *name || shape != tensor.dims() {
                return Err(Error::run(format!(
                    "the optimizer's variable `{wanted}` has shape {shape:?}, the stored one is \
                     `{name}` of shape {:?}",
                    tensor.dims()
                )));
            }
        }
        for (kept, (_, tensor)) in kept.into_iter().zip(variables) {
            self.write(kept, tensor)?;
        }
        Ok(())
    }

    fn kept(&self) -> Vec<Variable> {
        let mut kept = Vec::new();
        if self.dynamic_scale.is_some() {
            kept.extend([
                Variable::OuterIteration,
                Variable::OuterRate,
                Variable::StepCounter,
                Variable::DynamicScale,
            ]);
        }
        kept.push(Variable::Iteration);
        if !self.is_scheduled() {
            kept.push(Variable::LearningRate);
        }
        let weights = 0..self.weights.len();
        if self.common.uses_ema() {
            kept.extend(weights.clone().map(Variable::Average));
        }
        if self.common.gradient_accumulation_steps.is_some() {
            kept.extend(weights.clone().map(Variable::Accumulator));
        }
        let specs = self.weights.iter().flat_map(|weight| &weight.specs);
        let blocks = specs.map(|slot| slot.block + 1).max().unwrap_or(0);
        for block in 0..blocks {
            for weight in weights.clone() {
                let specs = self.weights[weight].specs.iter().enumerate();
                let in_block = specs.filter(|(_, slot)| slot.block == block);
                kept.extend(in_block.map(|(slot, _)| Variable::Slot(weight, slot)));
            }
        }
        kept.extend((0..self.scalars.len()).map(Variable::Scalar));
        kept
    }

    fn name(&self, kept: Variable) -> String {
        let of = |weight: usize, what: &str| {
            let path = self.weights[weight].place().path.replace(['.', '/'], "_");
            if what.is_empty() { path } else { format!("{path}_{what}") }
        };
        match kept {
            Variable::OuterIteration | Variable::Iteration => "iteration".to_string(),
            Variable::OuterRate | Variable::LearningRate => "learning_rate".to_string(),
            Variable::StepCounter => "step_counter".to_string(),
            Variable::DynamicScale => "dynamic_scale".to_string(),
            Variable::Average(weight) => of(weight, "average"),
            Variable::Accumulator(weight) => of(weight, "gradient_accumulator"),
            Variable::Slot(weight, slot) => of(weight, self.weights[weight].specs[slot].name),
            Variable::Scalar(_) => "variable".to_string(),
        }
    }

    fn shape(&self, kept: Variable) -> &[usize] {
        match kept {
            Variable::Average(weight) | Variable::Accumulator(weight) => {
                &self.weights[weight].shape
            }
            Variable::Slot(weight, slot) => &self.weights[weight].specs[slot].shape,
            _ => &[],
        }
    }

    fn read(&self, kept: Variable) -> Result<Tensor> {
        let dynamic = self.dynamic_scale.unwrap_or_default();
        let count = |count: u64| Tensor::new(count as i64, &Device::Cpu);
        let values = |values: &[f32]| Tensor::from_slice(values, self.shape(kept), &Device::Cpu);
        Ok(match kept {
            Variable::OuterIteration => count(0),
            Variable::OuterRate => values(&[0.0]),
            Variable::StepCounter => count(dynamic.step_counter),
            Variable::DynamicScale => values(&[dynamic.scale]),
            Variable::Iteration => count(self.iterations),
            Variable::LearningRate => values(&[self.constant_rate]),
            Variable::Average(weight) => values(&self.kept_values(weight, KeptValue::Average)?),
            Variable::Accumulator(weight) => {
                values(&self.kept_values(weight, KeptValue::Accumulator)?)
            }
            Variable::Slot(weight, slot) => {
                values(&self.kept_values(weight, KeptValue::Slot(slot))?)
            }
            Variable::Scalar(scalar) => values(&self.scalars[scalar..=scalar]),
        }?)
    }

    fn write(&mut self, kept: Variable, tensor: &Tensor) -> Result<()> {
        let tensor = tensor.to_device(&Device::Cpu)?.flatten_all()?;
        let count = || -> Result<u64> {
            let counts = tensor.to_dtype(DType::I64)?.to_vec1::<i64>()?;
            Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
        };
        let values = || -> Result<Vec<f32>> { Ok(tensor.to_dtype(DType::F32)?.to_vec1::<f32>()?) };
        let number = || -> Result<f32> { Ok(values()?.first().copied().unwrap_or_default()) };
        match kept {
            Variable::OuterIteration | Variable::OuterRate => {}
            Variable::StepCounter => {
                let counter = count()?;
                self.dynamic_scale.iter_mut().for_each(|dynamic| dynamic.step_counter = counter);
            }
            Variable::DynamicScale => {
                let scale = number()?;
                self.dynamic_scale.iter_mut().for_each(|dynamic| dynamic.scale = scale);
            }
            Variable::Iteration => self.iterations = count()?,
            Variable::LearningRate => self.constant_rate = number()?,
            Variable::Average(weight) => self.weights[weight].average = values()?,
            Variable::Accumulator(weight) => self.weights[weight].accumulator = values()?,
            Variable::Slot(weight, slot) => self.weights[weight].slots[slot] = values()?,
            Variable::Scalar(scalar) => self.scalars[scalar] = number()?,
        }
        Ok(())
    }
}
