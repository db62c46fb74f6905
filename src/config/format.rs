//! `Format`: YAML, TOML or JSON. All three hold the same tree.

use std::path::Path;

use serde_json::Value as Json;

use super::error::ConfigError;
use super::node::Node;
use super::{json, toml, write, yaml};
use crate::diagnostics::Code;
use crate::disk::files::is_table_name;
use crate::error::{Error, Result};

/// The format of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2 with its core schema: `yes` and `no` are text.
    Yaml,
    /// TOML 1.1.
    Toml,
    /// JSON.
    Json,
}

impl Format {
    /// The format of a file, by its extension.
    pub fn of(path: &Path) -> Result<Format> {
        let extension = path.extension().map(|ext| ext.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("yaml" | "yml") => Ok(Format::Yaml),
            Some("toml") => Ok(Format::Toml),
            Some("json") => Ok(Format::Json),
            _ => {
                let message = format!(
                    "the name of a configuration ends in .yaml, .yml, .toml or .json, got `{}`",
                    path.display()
                );
                let help = match extension.as_deref() {
                    Some("safetensors") => {
                        "this is a model: `predict`, `evaluate`, `summary` and `export` take it"
                            .to_string()
                    }
                    _ if is_table_name(path) => format!(
                        "this is a table: `lanthorn init {}` writes a configuration of it",
                        path.display()
                    ),
                    _ => String::new(),
                };
                let error = ConfigError::at("", message).with_code(Code::NotAConfiguration);
                Err(error.with_help(help).into())
            }
        }
    }

    /// The tree of a text; nothing at all is [`Value::Null`](super::node::Value::Null).
    pub(super) fn parse(self, text: &str) -> Result<Node, ConfigError> {
        match self {
            Format::Yaml => yaml::parse(text),
            Format::Toml => toml::parse(text),
            Format::Json => json::parse(text),
        }
    }

    /// Writes a tree, so that it parses back to the same one. TOML has no null: keys without a
    /// value are left out. A number that is an f32 is written in the digits that an f32 needs.
    pub fn write(self, value: &Json) -> Result<String> {
        let value = write::shortened(value);
        match self {
            Format::Yaml => Ok(write::yaml(&value)),
            Format::Toml => write::toml(&value),
            Format::Json => match serde_json::to_string_pretty(&value) {
                Ok(text) => Ok(text + "\n"),
                Err(error) => Err(Error::Internal(error.to_string())),
            },
        }
    }
}
