//! The values of a weight, changed where they are.

use std::cell::RefCell;

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Tensor, Var};

use crate::error::{Error, Result};

/// What is done to the values of a weight.
pub type Change<'a> = dyn FnMut(&mut [f32]) -> Result<()> + 'a;

/// Runs `change` over the values of a weight (row-major): in place on the CPU, by way of the host
/// on other devices.
pub(crate) fn in_place(var: &Var, change: &mut Change<'_>) -> Result<()> {
    if !var.device().is_cpu() || var.dtype() != DType::F32 {
        let values = var.as_tensor().flatten_all()?.to_dtype(DType::F32)?;
        let mut values = values.to_vec1::<f32>()?;
        change(&mut values)?;
        let changed = Tensor::from_vec(values, var.shape(), var.device())?;
        return Ok(var.set(&changed.to_dtype(var.dtype())?)?);
    }
    let op = InPlace { change: RefCell::new(change), outcome: RefCell::new(Ok(())) };
    var.inplace_op1(&op)?;
    op.outcome.into_inner()
}

/// What is done to the values of several weights at once.
pub(crate) type ChangeOfAll<'a> = dyn FnMut(&mut [&mut [f32]]) -> Result<()> + 'a;

/// Runs `change` over the values of all these weights, each as [`in_place`] does, while nobody else
/// reads or writes one.
pub(crate) fn all_in_place(vars: &[Var], change: &mut ChangeOfAll<'_>) -> Result<()> {
    hold(vars, Vec::with_capacity(vars.len()), change)
}

fn hold(vars: &[Var], held: Vec<&mut [f32]>, change: &mut ChangeOfAll<'_>) -> Result<()> {
    let mut held = held;
    let Some((var, others)) = vars.split_first() else { return change(&mut held) };
    in_place(var, &mut |values| {
        let mut held: Vec<&mut [f32]> = std::mem::take(&mut held);
        held.push(values);
        hold(others, held, change)
    })
}

struct InPlace<'a, 'c> {
    change: RefCell<&'a mut Change<'c>>,
    outcome: RefCell<Result<()>>,
}

impl InplaceOp1 for InPlace<'_, '_> {
    fn name(&self) -> &'static str {
        "update"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            candle_core::bail!("a weight must be contiguous f32 values");
        };
        *self.outcome.borrow_mut() = (self.change.borrow_mut())(&mut values[start..end]);
        Ok(())
    }
}

impl From<Error> for candle_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Candle(error) => error,
            other => candle_core::Error::wrap(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn several_weights_are_changed_together() {
        let numbers = |n: usize| Var::new(vec![n as f32; n], &Device::Cpu).unwrap();
        let vars: Vec<Var> = (1..9).map(numbers).collect();
        all_in_place(&vars, &mut |held| {
            assert_eq!(held.len(), 8);
            for index in 1..8 {
                held[index][0] += held[index - 1][0];
            }
            Ok(())
        })
        .unwrap();
        let firsts = vars.iter().map(|var| var.to_vec1::<f32>().unwrap()[0]);
        assert_eq!(firsts.collect::<Vec<_>>(), [1.0, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 36.0]);
        let failed = all_in_place(&vars, &mut |_| Err(Error::run("no")));
        assert_eq!(failed.unwrap_err().to_string(), "no");
    }
}
