//! Memory of the host's that a device reads while the host goes on.

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::{CudaEvent, PinnedHostSlice, result};
use candle_core::{Device, Result, Tensor};

use super::cuda::address;

/// Bytes in memory that the system doesn't move.
pub(crate) struct Pinned {
    memory: PinnedHostSlice<u8>,
    /// When what was sent last has left.
    sent: Option<CudaEvent>,
}

impl Pinned {
    /// So many bytes for a device; None for one that isn't CUDA's, and where the system has none.
    #[allow(unsafe_code)]
    pub(crate) fn new(bytes: usize, device: &Device) -> Option<Pinned> {
        let Device::Cuda(device) = device else { return None };
        // SAFETY: bytes of any value are numbers, and what is sent has been written.
        let memory = unsafe { device.cuda_stream().context().alloc_pinned(bytes.max(1)) }.ok()?;
        Some(Pinned { memory, sent: None })
    }

    /// The bytes, once what was sent before has left.
    pub(crate) fn bytes(&mut self) -> Result<&mut [u8]> {
        self.wait()?;
        self.memory.as_mut_slice().w()
    }

    /// Sends the first bytes to where a tensor's numbers are, as many as it has.
    #[allow(unsafe_code)]
    pub(crate) fn send(&mut self, tensor: &Tensor) -> Result<()> {
        let size = tensor.elem_count() * tensor.dtype().size_in_bytes();
        let stream = tensor.device().as_cuda_device()?.cuda_stream();
        let to = address(tensor)?;
        let Some(bytes) = self.memory.as_slice().w()?.get(..size) else {
            candle_core::bail!("{size} bytes are sent, of {}", self.memory.len());
        };
        stream.context().bind_to_thread().w()?;
        // SAFETY: the tensor has room for so many bytes, and these stay as they are until the event.
        unsafe { result::memcpy_htod_async(to, bytes, stream.cu_stream()) }.w()?;
        self.sent = Some(stream.record_event(None).w()?);
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        match self.sent.take() {
            Some(sent) => Ok(sent.synchronize().w()?),
            None => Ok(()),
        }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let _ = self.wait(); // an error of the device shows up in what comes next
    }
}
