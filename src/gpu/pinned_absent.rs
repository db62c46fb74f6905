//! What stands for pinned memory in a build without CUDA, where no device reads it.

use candle_core::{Device, Error, Result, Tensor};

/// Bytes that there are none of.
pub(crate) enum Pinned {}

impl Pinned {
    /// None.
    pub(crate) fn new(_: usize, _: &Device) -> Result<Option<Pinned>> {
        Ok(None)
    }

    /// The bytes.
    pub(crate) fn bytes(&mut self) -> Result<&mut [u8]> {
        Err(Error::NotCompiledWithCudaSupport)
    }

    /// Sends them.
    pub(crate) fn send(&mut self, _: &Tensor) -> Result<()> {
        Err(Error::NotCompiledWithCudaSupport)
    }
}
