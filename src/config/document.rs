//! `Document`: one configuration file, parsed, with the overrides of the command line in it.

use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::draw::{Source, draw, drawn};
use super::error::ConfigError;
use super::format::Format;
use super::names::did_you_mean;
use super::node::{Node, Value};
use super::set;
use crate::error::{Error, Result};

/// The size that no configuration reaches: a larger file is something else.
const MAX_BYTES: u64 = 16 << 20;

/// A parsed configuration file and its text, from which errors are drawn.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file, then each override; a span of the tree is a range of bytes in all of them.
    pub(super) sources: Vec<Source>,
    /// The tree; its root is a table.
    pub(super) root: Node,
}

impl Document {
    /// Reads a file; its extension says in which format: .yaml, .yml, .toml, .json.
    pub fn open(path: &Path) -> Result<Document> {
        let name = path.display().to_string();
        let metadata = match fs_err::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let error = ConfigError::at("", format!("there is no file `{name}`"));
                return Err(error.with_help(others_of(path)).into());
            }
            Err(error) => return Err(error.into()),
        };
        if metadata.is_dir() {
            let inner = path.join("config.yaml");
            let help = match inner.is_file() {
                true => format!("the configuration in it is `{}`", inner.display()),
                false => "name a file: .yaml, .toml or .json".to_string(),
            };
            let error = ConfigError::at("", format!("`{name}` is a folder, not a configuration"));
            return Err(error.with_help(help).into());
        }
        let format = Format::of(path)?;
        if metadata.len() > MAX_BYTES {
            let size = metadata.len() >> 20;
            let message = format!("`{name}` has {size} MiB, too much for a configuration");
            return Err(ConfigError::at("", message).into());
        }
        let text = match String::from_utf8(fs_err::read(path)?) {
            Ok(text) => text,
            Err(error) => {
                let end = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..end].split(|byte| *byte == b'\n').count();
                let message = format!("`{name}` is not UTF-8 text, from line {line} on");
                return Err(ConfigError::at("", message).with_help("save it as UTF-8").into());
            }
        };
        Document::parse(&text, &name, format)
    }

    /// Parses a text; `name` is the file's in errors.
    pub fn parse(text: &str, name: &str, format: Format) -> Result<Document> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let sources = vec![Source { name: name.to_string(), text: text.to_string(), base: 0 }];
        let root = format.parse(text).map_err(|error| drawn(&sources, error))?;
        match &root.value {
            Value::Map(_) => Ok(Document { sources, root }),
            Value::Null => {
                let error = ConfigError::at("", format!("`{name}` has nothing in it"));
                Err(error
                    .with_help(
                        "a configuration has a `model`, and mostly `data`, `compile` and `fit`",
                    )
                    .into())
            }
            other => {
                let message = format!("expected keys such as `model:`, got {}", other.words());
                let error = ConfigError::at("", message).at_span(&root.span);
                Err(drawn(&sources, error))
            }
        }
    }

    /// Sets one value, as `--set` does: `compile.optimizer.adam.learning_rate=0.01`,
    /// `model.layers[0].dense.units=16`. The value is read as YAML. Case and underscores don't count
    /// in keys that are there; tables that are not there are made, and a bare name
    /// (`optimizer: adam`) becomes a table where its argument is set.
    pub fn set(&mut self, text: &str) -> Result<()> {
        let base = self.sources.last().map_or(0, |last| last.base + last.text.len() + 1);
        let shown = format!("{}{text}", set::FLAG);
        self.sources.push(Source { name: "command line".to_string(), text: shown, base });
        let mut root = self.root.clone();
        set::set(&mut root, text, base + set::FLAG.len())
            .map_err(|error| drawn(&self.sources, error))?;
        self.root = root;
        Ok(())
    }

    /// Reads the typed configuration; an error is drawn at its place.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        self.root.read().map_err(|error| {
            let error = set::explain(&self.root, &self.sources, error);
            Error::from(self.draw(error))
        })
    }

    /// Draws an error in this document: at its own place, or at the place of its path.
    pub fn draw(&self, mut error: ConfigError) -> ConfigError {
        if error.span.is_none() {
            error.span = self.root.place_of(&error.path);
        }
        draw(&self.sources, error)
    }
}

/// Help for a file that isn't there: one beside it with a similar name, or all configurations.
fn others_of(path: &Path) -> String {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return String::new(),
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return format!("there is no folder `{}` either", folder.display());
    };
    let names = entries.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = names
        .filter(|path| Format::of(path).is_ok() && path.is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
        .collect();
    names.sort();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let found = match did_you_mean(&wanted, &names) {
        Some(near) => vec![near],
        None if names.len() <= 10 => names,
        None => Vec::new(),
    };
    let found: Vec<String> =
        found.iter().map(|name| format!("`{}`", path.with_file_name(name).display())).collect();
    match found.is_empty() {
        true => String::new(),
        false => format!("there is {}", found.join(", ")),
    }
}
