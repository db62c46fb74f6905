//! Engines: what runs batches through a network, forward and backward. The trait is in `api`.
//!
//! Which engine a network gets is chosen once, by its device and its layers: [`of`].

mod api;
mod blocks;
mod cpu;
mod device;
mod forward;
mod graph;
mod held;
mod out_of_memory;
mod repeats;
mod residents;

use crate::error::{Error, Result};
use crate::gpu;
use crate::kernels::BoundKernel;
use crate::model::engine_choice::{EngineChoice, VARIABLE};
use crate::model::network::Network;

pub use api::{Engine, NotFinite, StepsDone, Task, TrainingSteps, Upcoming};
pub use cpu::CpuEngine;
pub use device::DeviceEngine;
pub use graph::GraphEngine;

/// The engine that predicts with a network, with these kernels of it in use: see [`folded`].
///
/// [`folded`]: crate::kernels::folded
pub(super) fn in_use(
    network: &Network,
    kernels: &[Option<BoundKernel>],
) -> Result<Box<dyn Engine>> {
    match CpuEngine::with(network, kernels) {
        Some(engine) => Ok(Box::new(engine)),
        None => of(network),
    }
}

/// The engine of a network: on the CPU its kernels where every layer has one, on CUDA's devices the
/// one that stays there, else candle's autograd.
pub fn of(network: &Network) -> Result<Box<dyn Engine>> {
    match (CpuEngine::of(network), EngineChoice::made()?) {
        (Some(engine), _) => Ok(Box::new(engine)), // without kernels where another is asked for
        (None, EngineChoice::Device) => Ok(Box::new(DeviceEngine::new(network)?)),
        (None, EngineChoice::Blocks) => Ok(Box::new(DeviceEngine::in_blocks(network)?)),
        (None, EngineChoice::Best) if gpu::is_in_order(network.weights().device()) => {
            Ok(Box::new(DeviceEngine::new(network)?.with_captured_steps()))
        }
        (None, EngineChoice::Best | EngineChoice::Graph) => Ok(Box::new(GraphEngine::new(network))),
        (None, EngineChoice::Cpu) if network.is_mixed() => {
            Err(Error::run(format!("`{VARIABLE}=cpu` computes in float32 only"))
                .with_help("use `graph`, leave the variable unset, or leave out `compile.dtype`"))
        }
        (None, EngineChoice::Cpu) => {
            let layers = network.spec().layers.iter().zip(network.kernels());
            let without = layers.into_iter().find(|(_, kernel)| kernel.is_none());
            let why = without.map_or(String::new(), |(layer, _)| {
                format!(": layer `{}` has no kernel for this device", layer.name)
            });
            Err(Error::run(format!("`{VARIABLE}=cpu` can't run this model{why}"))
                .with_help("use `graph`, or leave the variable unset"))
        }
    }
}
