//! `Opened`: a configuration file as it was read, before its data is.

use std::path::{Path, PathBuf};

use crate::config::{ConfigError, Damage, Document, Partial};
use crate::data::check_format_name;
use crate::diagnostics::{Code, Diagnostic, Place};
use crate::error::{Error, Result};
use crate::exchange::python::with_entry_of_code;
use crate::sections::{Config, ModelConfig};

/// A configuration file with `--set` overrides; `model.from` has been followed.
pub(crate) struct Opened {
    document: Document,
    /// The file that `model.from` names.
    other: Option<Document>,
    /// What could be read of it.
    pub config: Config,
    /// The folder that its paths are relative to.
    pub folder: PathBuf,
    /// Which parts of it could not be read.
    pub damage: Damage,
    /// Why not.
    pub errors: Vec<Diagnostic>,
}

impl Opened {
    /// Reads it; an error where nothing can be made of it.
    pub(crate) fn new(path: &Path, overrides: &[String]) -> Result<Opened> {
        let mut document = Document::open(path)?;
        for text in overrides {
            document.set(text)?;
        }
        let is_settled = document.settle("fit", ["epochs", "budget"]);
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let Partial { value, errors, mut damage } = document.partial::<Config>();
        let mut errors: Vec<Diagnostic> = errors.into_iter().map(Diagnostic::from).collect();
        let Some(mut config) = value else { return Err(all(document.in_order(errors))) };
        if config.name.is_none() {
            config.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        }
        if let Some(section) = config.data.as_ref().filter(|_| !damage.is_in("data"))
            && let Err(error) = check_format_name(section)
        {
            errors.push(document.locate(error));
            damage.add("data");
        }
        if !is_settled {
            let message = "`fit` has both `epochs` and `budget`, which settles the epochs";
            let error = ConfigError::at("fit.epochs", message).with_code(Code::Conflict);
            errors.push(document.locate(error.with_help("keep one of the two")));
        }
        let from = config.model.from.take();
        let other = from.map(|from| architecture(&mut config, &document, &folder.join(from)));
        let other = match other.transpose() {
            Ok(other) => other,
            Err(error) => {
                errors.extend(error.diagnostics().iter().cloned());
                return Err(all(document.in_order(errors)));
            }
        };
        Ok(Opened { document, other, config, folder, damage, errors })
    }

    /// Mistakes in the order of the file, then those in the file that `model.from` names.
    pub(crate) fn all(&self, errors: Vec<Diagnostic>) -> Error {
        let (own, others) = errors.into_iter().partition(|error| {
            !matches!(&error.place, Place::Config { path, .. } if path.starts_with("model"))
                || self.other.is_none()
        });
        let mut errors = self.document.in_order(own);
        errors.extend(self.other.as_ref().map(|other| other.in_order(others)).unwrap_or_default());
        all(errors)
    }
}

/// The error of mistakes, of which there are some.
pub(crate) fn all(errors: Vec<Diagnostic>) -> Error {
    let errors = errors.into_iter().map(with_entry_of_code).collect();
    Error::all(errors).unwrap_or_else(|| Error::Internal("no mistake was found".to_string()))
}

/// What is read of the file that `model.from` names.
#[derive(serde::Deserialize)]
struct Architecture {
    model: ModelConfig,
}

/// Follows `model.from`: the `model` section of another file stands in this one's place.
fn architecture(config: &mut Config, document: &Document, path: &Path) -> Result<Document> {
    let conflict = |message| ConfigError::at("model.from", message).with_code(Code::Conflict);
    if !config.model.layers.is_empty() || config.model.input_shape.is_some() {
        let error = conflict("`model` has both `from` and layers of its own");
        return Err(document.locate(error.with_help("keep one of the two")).into());
    }
    let other = Document::open(path)?;
    let name = config.model.name.take();
    config.model = other.config::<Architecture>()?.model;
    if name.is_some() {
        config.model.name = name;
    }
    if config.model.from.is_some() {
        let error = conflict("a file that is named by `from` can't name another");
        return Err(other.locate(error).into());
    }
    Ok(other)
}
