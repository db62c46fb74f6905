//! What an optimizer keeps for the weights, where they are, as tensors: for rules that are composed of
//! candle's ops.

use candle_core::{Result, Tensor, Var};

use super::on_device::KeptValue;
use crate::gpu::Status;

/// What is kept for the weights, in their order.
pub(super) struct KeptTensors {
    pub(super) weights: Vec<KeptOfWeight>,
}

/// What is kept for one weight.
#[derive(Clone)]
pub(super) struct KeptOfWeight {
    /// Its values stay where they are.
    pub(super) var: Var,
    pub(super) slots: Vec<Tensor>,
    pub(super) average: Option<Tensor>,
    pub(super) accumulator: Option<Tensor>,
}

impl KeptTensors {
    /// What is kept for a weight, on the host.
    pub(super) fn values(&self, weight: usize, kept: KeptValue) -> Result<Vec<f32>> {
        let of_weight = &self.weights[weight];
        let tensor = match kept {
            KeptValue::Slot(slot) => of_weight.slots.get(slot),
            KeptValue::Average => of_weight.average.as_ref(),
            KeptValue::Accumulator => of_weight.accumulator.as_ref(),
        };
        tensor.map_or(Ok(Vec::new()), |tensor| tensor.flatten_all()?.to_vec1())
    }
}

impl KeptOfWeight {
    /// Takes what is new, unless a loss was not finite.
    pub(super) fn take(&mut self, new: &KeptOfWeight, status: &Status) -> Result<()> {
        for (old, new) in self.slots.iter_mut().zip(&new.slots) {
            *old = status.choose(new, old)?;
        }
        for (old, new) in
            [(&mut self.average, &new.average), (&mut self.accumulator, &new.accumulator)]
        {
            if let (Some(old), Some(new)) = (old, new) {
                *old = status.choose(new, old)?;
            }
        }
        Ok(())
    }
}
