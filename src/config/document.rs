//! `Document`: one configuration file, parsed, with the overrides of the command line in it.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::error::ConfigError;
use super::format::Format;
use super::names::did_you_mean;
use super::node::{Node, Value, find};
use super::partial::Partial;
use super::set;
use super::source_text::{SourceText, in_text, located};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Place};
use crate::error::{Error, Result};

/// The size that no configuration reaches: a larger file is something else.
const MAX_BYTES: u64 = 16 << 20;

/// A parsed configuration file and its text, from which errors are drawn.
/// ```
/// use lanthorn::config::{Document, Format};
/// use lanthorn::sections::Config;
///
/// # fn main() -> lanthorn::Result<()> {
/// let text = "model: {input_shape: [4], layers: [{dense: {units: 2}}]}";
/// let mut document = Document::parse(text, "model.yaml", Format::Yaml)?;
/// document.set("model.layers[0].dense.units=3")?;
/// let config: Config = document.config()?;
/// assert_eq!(config.model.layers.len(), 1);
///
/// let mistake = Document::parse("model: {layrs: []}", "model.yaml", Format::Yaml)?;
/// let error = mistake.config::<Config>().unwrap_err().to_string();
/// assert!(error.contains("did you mean `layers`?"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Document {
    /// The file, then each override; a span of the tree is a range of bytes in all of them.
    pub(super) sources: Vec<SourceText>,
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
                let error = unusable(format!("there is no file `{name}`"));
                return Err(error.with_help(others_of(path)).into());
            }
            Err(error) => return Err(error.into()),
        };
        if metadata.is_dir() {
            let inner = path.join("config.yaml");
            let help = if inner.is_file() {
                format!("the configuration in it is `{}`", inner.display())
            } else {
                "name a file: .yaml, .toml or .json".to_string()
            };
            let error = unusable(format!("`{name}` is a folder, not a configuration"));
            return Err(error.with_help(help).into());
        }
        let format = Format::of(path)?;
        if metadata.len() > MAX_BYTES {
            let size = metadata.len() >> 20;
            let message = format!("`{name}` has {size} MiB, too much for a configuration");
            return Err(unusable(message).into());
        }
        let text = match String::from_utf8(beginning(path)?) {
            Ok(text) => text,
            Err(error) => {
                let end = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..end].split(|byte| *byte == b'\n').count();
                let message = format!("`{name}` is not UTF-8 text, from line {line} on");
                return Err(unusable(message).with_help("save it as UTF-8").into());
            }
        };
        Document::parse(&text, &name, format)
    }

    /// Parses a text; `name` is the file's in errors.
    pub fn parse(text: &str, name: &str, format: Format) -> Result<Document> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let sources = vec![SourceText::new(name, text.to_string(), 0)];
        let root = format.parse(text).map_err(|error| located(&sources, error))?;
        match &root.value {
            Value::Map(_) => Ok(Document { sources, root }),
            Value::Null => Err(unusable(format!("`{name}` has nothing in it"))
                .with_help("a configuration has a `model`, and mostly `data`, `compile` and `fit`")
                .into()),
            other => {
                let message = format!("expected keys such as `model:`, got {}", other.words());
                Err(located(&sources, unusable(message).at_span(&root.span)).into())
            }
        }
    }

    /// Sets one value, as `--set` does: `compile.optimizer.adam.learning_rate=0.01`,
    /// `model.layers[0].dense.units=16`. The value is read as YAML. Case and underscores don't count
    /// in keys that are there; tables that are not there are made, and a bare name
    /// (`optimizer: adam`) becomes a table where its argument is set.
    pub fn set(&mut self, text: &str) -> Result<()> {
        let base = self.sources.last().map_or(0, |last| last.end() + 1);
        let shown = format!("{}{text}", set::FLAG);
        self.sources.push(SourceText::new("command line", shown, base));
        let mut root = self.root.clone();
        set::set(&mut root, text, base + set::FLAG.len())
            .map_err(|error| located(&self.sources, error))?;
        self.root = root;
        Ok(())
    }

    /// Settles two keys of a section that exclude each other, where one stands in the file and the
    /// other on the command line, which comes first; false where both stand in the same place.
    pub(crate) fn settle(&mut self, section: &str, keys: [&str; 2]) -> bool {
        let is_files = keys.map(|key| self.is_of_the_file(section, key));
        let of_the_file = match is_files {
            [Some(true), Some(false)] => keys[0],
            [Some(false), Some(true)] => keys[1],
            [Some(_), Some(_)] => return false,
            _ => return true,
        };
        let root = find_section(&mut self.root, section);
        if let Some(Value::Map(entries)) = root.map(|node| &mut node.value)
            && let Some(index) = find(entries, of_the_file)
        {
            entries.remove(index);
        }
        true
    }

    /// Whether a key's value stands in the file; None where there is none.
    fn is_of_the_file(&self, section: &str, key: &str) -> Option<bool> {
        let Value::Map(sections) = &self.root.value else { return None };
        let Value::Map(entries) = &sections[find(sections, section)?].1.value else { return None };
        let value = &entries[find(entries, key)?].1;
        let is_there = !matches!(value.value, Value::Null);
        is_there.then(|| self.sources[0].holds(&value.span))
    }

    /// Reads the typed configuration; the error holds all its mistakes, each with its place.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        let Partial { value, errors, .. } = self.partial();
        match (value, self.mistakes(errors)) {
            (Some(value), None) => Ok(value),
            (_, Some(mistakes)) => Err(Error::Diagnosed(mistakes)),
            (None, None) => Err(Error::Internal("a configuration without a value".to_string())),
        }
    }

    /// What can be read of the typed configuration, and all its mistakes.
    pub fn partial<T: DeserializeOwned>(&self) -> Partial<T> {
        let mut partial = self.root.read_all();
        for error in &mut partial.errors {
            *error = set::explain(&self.root, &self.sources, error.clone());
        }
        partial
    }

    /// Mistakes in the order of the document; None where there are none.
    fn mistakes(&self, errors: Vec<ConfigError>) -> Option<Diagnostics> {
        Diagnostics::of(self.in_order(errors.into_iter().map(Diagnostic::from).collect()))
    }

    /// Diagnostics with their places in this document, in its order.
    pub fn in_order(&self, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut all: Vec<Diagnostic> =
            diagnostics.into_iter().map(|diagnostic| self.locate(diagnostic)).collect();
        all.sort_by_key(|diagnostic| match &diagnostic.place {
            Place::Config { span: Some(span), .. } => span.start,
            _ => usize::MAX,
        });
        all
    }

    /// A diagnostic with its place in this document: its own, or that of its path.
    pub fn locate(&self, diagnostic: impl Into<Diagnostic>) -> Diagnostic {
        let mut diagnostic = diagnostic.into();
        if let Place::Config { path, text: None, span } = &mut diagnostic.place
            && span.is_none()
        {
            *span = self.root.place_of(path);
        }
        in_text(&self.sources, diagnostic)
    }
}

fn find_section<'n>(root: &'n mut Node, section: &str) -> Option<&'n mut Node> {
    let Value::Map(sections) = &mut root.value else { return None };
    find(sections, section).map(|index| &mut sections[index].1)
}

/// True for a file that holds a configuration, with mistakes or without.
pub fn is_configuration(path: &Path) -> bool {
    let Ok(document) = Document::open(path) else { return false };
    let Value::Map(entries) = &document.root.value else { return false };
    ["model", "data", "compile", "fit"].iter().any(|section| find(entries, section).is_some())
}

/// The error of a file that is no configuration.
fn unusable(message: String) -> ConfigError {
    ConfigError::at("", message).with_code(Code::NotAConfiguration)
}

/// The bytes of a file, but not those of a device without an end.
fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs_err::File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Help for a file that isn't there: one with a similar name beside it or in `configs`, or all
/// configurations there.
fn others_of(path: &Path) -> String {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return String::new(),
    };
    let Some(beside) = configurations_in(folder) else {
        return format!("there is no folder `{}` either", folder.display());
    };
    let wanted = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let near = |names: &[String]| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        did_you_mean(&wanted, &names).map(str::to_string)
    };
    let others = configurations_in(&folder.join("configs")).unwrap_or_default();
    let found: Vec<PathBuf> = match (near(&beside), near(&others)) {
        (Some(name), _) => vec![path.with_file_name(name)],
        (None, Some(name)) => vec![path.with_file_name("configs").join(name)],
        _ if beside.len() <= 10 => beside.iter().map(|name| path.with_file_name(name)).collect(),
        _ => Vec::new(),
    };
    let found: Vec<String> = found.iter().map(|path| format!("`{}`", path.display())).collect();
    if found.is_empty() { String::new() } else { format!("there is {}", found.join(", ")) }
}

/// The names of a folder's configurations, in order; None where there is no such folder.
fn configurations_in(folder: &Path) -> Option<Vec<String>> {
    let paths = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = paths
        .filter(|path| Format::of(path).is_ok() && path.is_file())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
        .collect();
    names.sort();
    Some(names)
}
