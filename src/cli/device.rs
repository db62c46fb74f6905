//! `--device`: what computes.

use anyhow::Result;
use candle_core::Device;
use candle_core::utils::{cuda_is_available, metal_is_available};
use lanthorn::Error;

use super::view;

/// The device of a name; what `auto` took is told.
pub(super) fn named(name: &str) -> Result<Device> {
    let (kind, index) = match name.split_once(':') {
        Some((kind, index)) => (kind, index.parse::<usize>().ok()),
        None => (name, Some(0)),
    };
    let Some(index) = index else { return Err(unknown(name)) };
    match kind {
        "auto" if name == "auto" => Ok(any()),
        "cpu" if name == "cpu" => Ok(Device::Cpu),
        "cuda" if !cuda_is_available() => Err(not_built("cuda")),
        "metal" if !metal_is_available() => Err(not_built("metal")),
        "cuda" | "metal" => gpu(kind, index).map_err(|error| unusable(name, &error)),
        _ => Err(unknown(name)),
    }
}

/// The first GPU that this build can use and that has memory to spare, else the CPU.
fn any() -> Device {
    let kind = match (cuda_is_available(), metal_is_available()) {
        (true, _) => Some("cuda"),
        (_, true) => Some("metal"),
        _ => None,
    };
    let (device, told) = match kind.map(|kind| (kind, gpu(kind, 0))) {
        Some((kind, Ok(device))) => (device, format!("computing on {kind}:0")),
        Some((kind, Err(error))) => {
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default().to_string();
            (Device::Cpu, format!("computing on the CPU: {kind}:0 can't be used ({why})"))
        }
        None => {
            let told = "computing on the CPU: this build has no GPU support (see docs/gpu.md)";
            (Device::Cpu, told.to_string())
        }
    };
    view::note(&told);
    device
}

/// A GPU that takes a tensor.
fn gpu(kind: &str, index: usize) -> candle_core::Result<Device> {
    /// What a small model needs beside the driver's own memory, in numbers of four bytes.
    const ROOM: usize = 16 << 20;
    let device = match kind {
        "metal" => Device::new_metal(index)?,
        _ => Device::new_cuda_with_stream(index)?, // one stream, whatever thread
    };
    candle_core::Tensor::zeros(ROOM, candle_core::DType::F32, &device)?;
    device.synchronize()?;
    Ok(device)
}

fn unknown(found: &str) -> anyhow::Error {
    Error::run(format!("unknown device `{found}`"))
        .with_help("valid devices: `cpu`, `cuda`, `cuda:N`, `metal`, `auto`")
        .into()
}

fn not_built(kind: &str) -> anyhow::Error {
    Error::run(format!("this build has no {kind} support"))
        .with_help(format!(
            "build with `cargo build --release --features {kind}` (docs/gpu.md says what that \
             needs), or use `--device cpu`"
        ))
        .into()
}

fn unusable(name: &str, error: &candle_core::Error) -> anyhow::Error {
    let why = error.to_string();
    let why = why.lines().next().unwrap_or_default(); // and a trace of calls, where it is asked for
    Error::run(format!("device `{name}` can't be used: {why}"))
        .with_help("look which devices the machine has (`nvidia-smi`), or use `--device cpu`")
        .into()
}
