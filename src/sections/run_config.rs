//! The configuration as a run keeps it: its paths relative to the run's folder, and, in the model and
//! the checkpoint, without anything of this machine.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::config::Format;

use crate::error::{Error, Result};
use crate::sections::{Config, LoggingConfig, STDIN};

/// The name of the configuration in a run folder.
pub const CONFIG: &str = "config.yaml";

/// The configuration without what belongs to this machine or this call: paths are file names, and
/// what doesn't change the trained model is left out.
pub(crate) fn portable(config: &Config) -> Config {
    let mut config = config.clone();
    config.fit.verbose = None;
    config.fit.checkpoint = None;
    config.fit.init_weights = None;
    config.logging = LoggingConfig::default();
    map_paths(&mut config, |path| match Path::new(path).file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.to_string(),
    });
    config
}

/// The text of config.yaml for a run in the folder `to`; the configuration's paths are relative to
/// the folder `from`.
pub(crate) fn yaml(config: &Config, from: &Path, to: &Path) -> Result<String> {
    let absolute = |path: &Path| {
        fs_err::canonicalize(if path.as_os_str().is_empty() { Path::new(".") } else { path })
    };
    let (from, to) = (absolute(from)?, absolute(to)?);
    let mut config = config.clone();
    map_paths(&mut config, |path| from_run(path, &from, &to));
    Format::Yaml.write(&as_json(&config)?)
}

/// A path as it is written in a run's folder: one that was absolute stays so; another becomes
/// relative to the folder, unless the two have nothing but the root in common.
fn from_run(path: &str, from: &Path, to: &Path) -> String {
    if Path::new(path).is_absolute() || path == STDIN {
        return path.to_string();
    }
    let full = without_dots(&from.join(crate::disk::files::from_text(path)));
    let is_near = full.components().zip(to.components()).take_while(|(a, b)| a == b).count() > 1;
    let relative = if is_near { pathdiff::diff_paths(&full, to) } else { None };
    crate::disk::files::to_text(&relative.unwrap_or(full))
}

/// The same path without `.` and `..`; where a link makes the two mean different files, the folder
/// is spelled out.
fn without_dots(path: &Path) -> PathBuf {
    let resolved = path.parent().zip(path.file_name());
    if let Some((folder, name)) = resolved
        && let Ok(folder) = std::fs::canonicalize(folder)
    {
        return folder.join(name);
    }
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

fn map_paths(config: &mut Config, change: impl Fn(&str) -> String) {
    if let Some(weights) = &mut config.fit.init_weights {
        weights.file = change(&weights.file);
    }
    let Some(data) = &mut config.data else { return };
    let tables = [Some(&mut data.train), data.validation.as_mut(), data.test.as_mut()];
    for table in tables.into_iter().flatten() {
        *table = table.map(&change);
    }
}

pub(crate) fn as_json(config: &Config) -> Result<Value> {
    serde_json::to_value(config).map_err(|error| Error::Internal(error.to_string()))
}

/// The first key whose values differ, other than those that may change on resume.
pub(crate) fn first_difference(path: &str, a: &Value, b: &Value) -> Option<String> {
    if MAY_CHANGE.contains(&path) || a == b {
        return None;
    }
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return Some(path.to_string()) };
    let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
    keys.into_iter().find_map(|key| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let null = &Value::Null;
        first_difference(&path, a.get(key).unwrap_or(null), b.get(key).unwrap_or(null))
    })
}

const MAY_CHANGE: [&str; 5] = ["name", "fit.epochs", "data.train", "data.validation", "data.test"];
