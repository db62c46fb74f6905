//! CUDA: programs compiled by NVRTC when they are first wanted, and launched on the device's stream.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use candle_core::backend::{BackendDevice, BackendStorage};
use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::sys::{
    CUdevice, CUgraphInstantiate_flags, CUmemPool_attribute, CUstreamCaptureMode,
};
use candle_core::cuda_backend::cudarc::driver::{
    CudaGraph, DevicePtr, DriverError, LaunchConfig, PushKernelArg, result,
};
use candle_core::cuda_backend::cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use candle_core::{CudaStorage, DType, Device, Error, Layout, Result, Shape, Storage, Tensor};
use half::bf16;

use super::{Passed, Program, Repetition, THREADS};
use crate::error;

/// The programs that were compiled, by their text.
static COMPILED: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// Where a tensor's numbers are: f32, bf16, i64, u32 or u8.
pub(crate) fn address(tensor: &Tensor) -> Result<u64> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cuda(storage) => start(storage, layout),
        _ => candle_core::bail!("a program for the GPU takes numbers there"),
    }
}

fn start(storage: &CudaStorage, layout: &Layout) -> Result<u64> {
    if !layout.is_contiguous() {
        candle_core::bail!("a program for the GPU takes contiguous numbers");
    }
    let stream = storage.device().cuda_stream();
    let (start, size) = match storage.dtype() {
        DType::F32 => (storage.as_cuda_slice::<f32>()?.device_ptr(&stream).0, 4),
        DType::U32 => (storage.as_cuda_slice::<u32>()?.device_ptr(&stream).0, 4),
        DType::BF16 => (storage.as_cuda_slice::<bf16>()?.device_ptr(&stream).0, 2),
        DType::I64 => (storage.as_cuda_slice::<i64>()?.device_ptr(&stream).0, 8),
        DType::U8 => (storage.as_cuda_slice::<u8>()?.device_ptr(&stream).0, 1),
        other => candle_core::bail!("a program for the GPU takes f32, got {other:?}"),
    };
    Ok(start + (layout.start_offset() * size) as u64)
}

/// Numbers of the inputs' type that a program makes: it is called with the addresses of the inputs,
/// that of the new numbers, and the others.
#[allow(unsafe_code)]
pub(crate) fn made(
    program: &Program,
    inputs: &[(&CudaStorage, &Layout)],
    shape: &Shape,
    blocks: u64,
    others: &[Passed],
) -> Result<CudaStorage> {
    let Some((first, _)) = inputs.first() else {
        candle_core::bail!("`{}` takes numbers", program.name);
    };
    let device = first.device();
    // SAFETY: the program writes all of the new numbers before they are read.
    let new = unsafe { device.alloc_uninit(shape, first.dtype()) }?;
    let mut arguments = Vec::new();
    for (storage, layout) in inputs {
        arguments.push(Passed::Address(start(storage, layout)?));
    }
    arguments.push(Passed::Address(start(&new, &Layout::contiguous(shape))?));
    arguments.extend_from_slice(others);
    launch(&Device::Cuda(device.clone()), program, blocks, &arguments)?;
    Ok(new)
}

/// Runs a program on a device, in so many blocks.
#[allow(unsafe_code)]
pub(crate) fn launch(
    device: &Device,
    program: &Program,
    blocks: u64,
    arguments: &[Passed],
) -> Result<()> {
    let device = device.as_cuda_device()?;
    let code = compiled(program)?;
    let function = device.get_or_load_custom_func(&program.name, &program.text, &code)?;
    let mut launch = function.builder();
    for argument in arguments {
        match argument {
            Passed::Address(value) | Passed::U64(value) => launch.arg(value),
            Passed::U32(value) => launch.arg(value),
            Passed::F32(value) => launch.arg(value),
            Passed::Words(value) => launch.arg(value),
        };
    }
    let config = LaunchConfig {
        grid_dim: (u32::try_from(blocks.max(1)).unwrap_or(u32::MAX), 1, 1),
        block_dim: (THREADS, 1, 1),
        shared_mem_bytes: 0,
    };
    // SAFETY: the arguments are those of the program, in its order, and the addresses are of tensors
    // that live until the stream, which is the only one of its device, has come to what frees them.
    unsafe { launch.launch(config) }.w()?;
    Ok(())
}

/// A program for any GPU. Products and sums are not fused, and subnormal numbers are zero: as on the
/// CPU.
fn compiled(program: &Program) -> Result<String> {
    let mut all = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = all.get(&program.text) {
        return Ok(code.clone());
    }
    let options = CompileOptions {
        fmad: Some(false),
        ftz: Some(true),
        prec_div: Some(true),
        prec_sqrt: Some(true),
        ..CompileOptions::default()
    };
    let code = compile_ptx_with_opts(program.whole(), options)
        .map_err(|error| Error::Cuda(Box::new(error)))?
        .to_src();
    all.insert(program.text.clone(), code.clone());
    Ok(code)
}

/// Replaces the words of a tensor.
#[allow(unsafe_code)]
pub(crate) fn overwrite(tensor: &Tensor, words: &[u32]) -> Result<()> {
    if tensor.dtype() != DType::U32 || tensor.elem_count() != words.len() {
        candle_core::bail!("{} words don't replace {tensor:?}", words.len());
    }
    let (to, stream) = (address(tensor)?, tensor.device().as_cuda_device()?.cuda_stream());
    stream.context().bind_to_thread().w()?;
    // SAFETY: there is room for so many words, nothing else is written there meanwhile, as everything
    // runs in order on one stream, and ordinary memory has been read when the call returns.
    unsafe { result::memcpy_htod_async(to, words, stream.cu_stream()) }.w()?;
    Ok(())
}

/// A graph of CUDA's.
struct SentGraph(CudaGraph);

// SAFETY: CUDA's graphs may be used by any thread, by one at a time: the engine that has it is used by
// one.
#[allow(unsafe_code)]
unsafe impl Send for SentGraph {}

impl SentGraph {
    fn launch(&self) -> Result<()> {
        Ok(self.0.launch().w()?)
    }
}

/// What a device is told to do, which it can repeat; it does none of it yet. Everything that is made
/// meanwhile must be gone at the end, and nothing may go then that was there before.
pub(crate) fn captured(
    device: &Device,
    run: impl FnOnce() -> error::Result<()>,
) -> error::Result<Repetition> {
    let stream = device.as_cuda_device()?.cuda_stream();
    let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    stream.begin_capture(mode).w().map_err(Error::from)?;
    let ran = remembered(device, run);
    let graph = stream
        .end_capture(CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH);
    let late = stream.context().check_err(); // an error of something that was let go
    ran?;
    let graph = graph.w().map_err(Error::from)?;
    late.w().map_err(Error::from)?;
    match graph {
        Some(graph) => {
            let graph = SentGraph(graph);
            Ok(Box::new(move || graph.launch()))
        }
        None => Err(Error::Msg("nothing was captured".to_string()).into()),
    }
}

/// Runs something whose small constants are kept on the device: what is captured can't send them.
pub(crate) fn remembered<T>(
    device: &Device,
    run: impl FnOnce() -> error::Result<T>,
) -> error::Result<T> {
    let _guard = device.as_cuda_device()?.enable_cuda_graph_htod_cache();
    run()
}

/// Bytes of a device that are free, and all that it has.
pub(crate) fn free_memory(device: &Device) -> Option<(u64, u64)> {
    let Device::Cuda(device) = device else { return None };
    let (free, total) = device.cuda_stream().context().mem_get_info().ok()?;
    Some((free as u64, total as u64))
}

/// Makes a device ready for a training: where everything runs in order, tensors needn't keep track of
/// the streams that use them.
#[allow(unsafe_code)]
pub(crate) fn prepare(device: &Device) {
    if let Device::Cuda(cuda) = device
        && is_in_order(device)
    {
        // SAFETY: the device has one stream, on which everything runs in order.
        unsafe { cuda.disable_event_tracking() };
        // Best effort: without it, memory goes back to the system whenever the host waits.
        let _ = keep_memory(cuda.cuda_stream().context().cu_device());
    }
}

/// Memory that was let go stays with the process, for what is made next.
#[allow(unsafe_code)]
fn keep_memory(device: CUdevice) -> std::result::Result<(), DriverError> {
    let mut threshold = u64::MAX;
    let attribute = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the pool is the device's own, and the attribute is of 64 bits.
    unsafe {
        let pool = result::device::get_default_mem_pool(device)?;
        result::mem_pool::set_attribute(pool, attribute, (&raw mut threshold).cast())
    }
}

/// True for a device of CUDA's on which everything runs in order, whatever thread it is from: made by
/// `Device::new_cuda_with_stream`. `Device::new_cuda` has a stream for each thread.
pub(crate) fn is_in_order(device: &Device) -> bool {
    const PER_THREAD: usize = 2; // CU_STREAM_PER_THREAD
    match device {
        Device::Cuda(device) => device.cuda_stream().cu_stream() as usize != PER_THREAD,
        _ => false,
    }
}
