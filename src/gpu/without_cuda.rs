//! What stands for CUDA in a build without it, where no tensor is on such a device.

use candle_core::{CudaStorage, Device, Error, Layout, Result, Shape, Tensor};

use super::{Passed, Program, Repetition};
use crate::error;

/// Where a tensor's numbers are.
pub(crate) fn address(_: &Tensor) -> Result<u64> {
    Err(Error::NotCompiledWithCudaSupport)
}

/// Runs a program on a device.
pub(crate) fn launch(_: &Device, _: &Program, _: u64, _: &[Passed]) -> Result<()> {
    Err(Error::NotCompiledWithCudaSupport)
}

/// Numbers that a program makes.
pub(crate) fn made(
    _: &Program,
    _: &[(&CudaStorage, &Layout)],
    _: &Shape,
    _: u64,
    _: &[Passed],
) -> Result<CudaStorage> {
    Err(Error::NotCompiledWithCudaSupport)
}

/// Replaces the words of a tensor.
pub(crate) fn overwrite(_: &Tensor, _: &[u32]) -> Result<()> {
    Err(Error::NotCompiledWithCudaSupport)
}

/// What a device is told to do, which it can repeat.
pub(crate) fn captured(
    _: &Device,
    _: impl FnOnce() -> error::Result<()>,
) -> error::Result<Repetition> {
    Err(Error::NotCompiledWithCudaSupport.into())
}

/// Runs something whose small constants are kept on the device.
pub(crate) fn remembered<T>(
    _: &Device,
    run: impl FnOnce() -> error::Result<T>,
) -> error::Result<T> {
    run()
}

/// Bytes of a device that are free, and all that it has.
pub(crate) fn free_memory(_: &Device) -> Option<(u64, u64)> {
    None
}

/// Makes a device ready for a training.
pub(crate) fn prepare(_: &Device) {}

/// True for a device of CUDA's on which everything runs in order, whatever thread it is from.
pub(crate) fn is_in_order(_: &Device) -> bool {
    false
}
