//! Engines: what runs batches through a network, forward and backward. The trait is in `api`.
//!
//! Which engine a network gets is chosen once, by its device and its layers: [`of`].

mod api;
mod cpu;
mod graph;

use std::env;

use crate::error::{Error, Result};
use crate::network::Network;

pub use api::{Engine, Task};
pub use cpu::CpuEngine;
pub use graph::GraphEngine;

/// The variable that names an engine, whatever the network would get.
const VARIABLE: &str = "LANTHORN_ENGINE";

/// What `LANTHORN_ENGINE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Nothing: by device and layers.
    Best,
    /// `cpu`.
    Cpu,
    /// `graph`.
    Graph,
}

impl Choice {
    /// What the environment says.
    pub(crate) fn made() -> Result<Choice> {
        let Some(name) = env::var_os(VARIABLE) else { return Ok(Choice::Best) };
        Choice::named(&name.to_string_lossy())
    }

    fn named(name: &str) -> Result<Choice> {
        match name {
            "" => Ok(Choice::Best),
            "cpu" => Ok(Choice::Cpu),
            "graph" => Ok(Choice::Graph),
            _ => Err(Error::run(format!("`{VARIABLE}` is `{name}`, which is no engine"))
                .with_help("valid engines: `cpu`, `graph`; leave it unset for the faster one")),
        }
    }
}

/// The engine of a network: its kernels where every layer has one, else candle's autograd.
pub fn of(network: &Network) -> Result<Box<dyn Engine>> {
    match (CpuEngine::of(network), Choice::made()?) {
        (Some(engine), _) => Ok(Box::new(engine)), // without kernels where `graph` is asked for
        (None, Choice::Best | Choice::Graph) => Ok(Box::new(GraphEngine::new(network))),
        (None, Choice::Cpu) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_engine_is_an_error_that_names_the_engines() {
        assert_eq!(Choice::named("graph").unwrap(), Choice::Graph);
        assert_eq!(Choice::named("").unwrap(), Choice::Best);
        let error = Choice::named("gpu").unwrap_err();
        assert_eq!(
            error.to_string().lines().next(),
            Some("`LANTHORN_ENGINE` is `gpu`, which is no engine")
        );
        assert!(format!("{error:?}").contains("valid engines: `cpu`, `graph`"), "{error:?}");
    }
}
