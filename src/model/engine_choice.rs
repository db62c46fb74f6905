//! `EngineChoice`: the engine that the environment asks for.

use std::env;

use crate::error::{Error, Result};

/// The variable that names an engine, whatever the network would get.
pub(crate) const VARIABLE: &str = "LANTHORN_ENGINE";

/// What `LANTHORN_ENGINE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineChoice {
    /// Nothing: by device and layers.
    Best,
    /// `cpu`.
    Cpu,
    /// `graph`.
    Graph,
    /// `device`.
    Device,
    /// `blocks`: `device`, as if it had no room for samples.
    Blocks,
}

impl EngineChoice {
    /// What the environment says.
    pub(crate) fn made() -> Result<EngineChoice> {
        let Some(name) = env::var_os(VARIABLE) else { return Ok(EngineChoice::Best) };
        EngineChoice::named(&name.to_string_lossy())
    }

    /// Whether the layers' kernels have a part in it.
    pub(crate) fn takes_kernels(self) -> bool {
        matches!(self, EngineChoice::Best | EngineChoice::Cpu)
    }

    fn named(name: &str) -> Result<EngineChoice> {
        match name {
            "" => Ok(EngineChoice::Best),
            "cpu" => Ok(EngineChoice::Cpu),
            "graph" => Ok(EngineChoice::Graph),
            "device" => Ok(EngineChoice::Device),
            "blocks" => Ok(EngineChoice::Blocks),
            _ => Err(Error::run(format!("`{VARIABLE}` is `{name}`, which is no engine"))
                .with_help(
                    "valid engines: `cpu`, `graph`, `device`, `blocks`; leave it unset for the faster one",
                )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_engine_is_an_error_that_names_the_engines() {
        assert_eq!(EngineChoice::named("graph").unwrap(), EngineChoice::Graph);
        assert_eq!(EngineChoice::named("").unwrap(), EngineChoice::Best);
        let error = EngineChoice::named("gpu").unwrap_err();
        assert_eq!(
            error.to_string().lines().next(),
            Some("`LANTHORN_ENGINE` is `gpu`, which is no engine")
        );
        assert!(
            format!("{error:?}").contains("valid engines: `cpu`, `graph`, `device`"),
            "{error:?}"
        );
    }
}
