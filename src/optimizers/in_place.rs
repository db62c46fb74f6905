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
