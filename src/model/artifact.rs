//! `Model`: what model.safetensors holds. The weights under PyTorch's names, and one metadata entry
//! with the configuration, the fitted preprocessing and a summary of the training.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::names::did_you_mean;
use crate::config::{Format, Node};
use crate::data::Preprocessing;
use crate::decisions::Decisions;
use crate::diagnostics::shell::resume_command;
use crate::disk::checksum;
use crate::disk::files::{TensorFile, atomic_write, is_index, to_safetensors};
use crate::error::{Error, Result};
use crate::history::folds::{fold_folder, refit_folder};
use crate::history::logs::Logs;
use crate::model::memory;
use crate::model::network::Network;
use crate::model::self_test::{SelfTest, TOLERANCE};
use crate::sections::Config;
use crate::spec::{ModelSpec, Spec};
use crate::target::DataFacts;
use crate::weights::{Weights, weights_file};

/// The version of the files: another major one is refused, a higher minor one is read.
pub const FORMAT_MAJOR: u64 = 1;
/// The minor version of models and checkpoints. 1: checksums; the history of a checkpoint as a tensor.
/// 2: the preprocessing by its transforms, `encode` and `scale`, and without the tables' delimiter.
pub const FORMAT_MINOR: u64 = 2;

/// The name of the model in a run folder.
pub const MODEL: &str = "model.safetensors";

/// A model with everything that is needed to use it.
pub struct Model {
    /// The configuration, as resolved; data paths are file names only.
    pub config: Config,
    /// The fitted preprocessing. A model that was made without a table takes plain columns, `x0`,
    /// `x1`, …, once it is loaded; None before, or where it has too many.
    pub preprocessing: Option<Preprocessing>,
    /// How it was trained.
    pub training: Training,
    /// Rows with the outputs that the trained model gave; see `fit.self_test`.
    pub self_test: Option<SelfTest>,
    /// What was decided on held-back rows once training had ended: see `fit.calibrate`,
    /// `fit.threshold` and `fit.intervals`.
    pub decisions: Option<Decisions>,
    /// The layers and the weights.
    pub network: Network,
    /// The spec that the configuration resolves to.
    pub spec: Spec,
}

/// A summary of the training, in the model's metadata.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Epochs that were trained.
    pub epochs: usize,
    /// The loss and the metrics of these weights: the last epoch's, or the best's where its weights
    /// were put back, or computed after training where the weights are averages.
    pub logs: Logs,
    /// Why a callback stopped it, where one did.
    pub stopped: Option<String>,
    /// The epoch (from 1) whose weights these are, where they are not the last one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<usize>,
    /// True where the weights are the averages that `use_ema` keeps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub averaged: bool,
    /// Where a training that has not ended was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Interrupted>,
}

/// Where a training was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// In this epoch, from 1.
    pub epoch: usize,
    /// After so many of its batches.
    pub batch: usize,
    /// The epochs that it was to have.
    pub epochs: usize,
}

impl Model {
    /// The bytes of model.safetensors: a function of the model.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let preprocessing = self.preprocessing.as_ref();
        let parts = ModelParts {
            config: &self.config,
            preprocessing,
            training: &self.training,
            self_test: self.self_test.as_ref(),
            decisions: self.decisions.as_ref(),
        };
        parts.to_bytes(self.network.weights())
    }

    /// Writes model.safetensors.
    pub fn save(&self, path: &Path) -> Result<()> {
        atomic_write(path, &self.to_bytes()?)
    }

    /// Reads a model file, or the model of a run folder; one that is not as it was written is an
    /// error.
    pub fn load(path: &Path, device: &Device) -> Result<Model> {
        Model::read(path, device, true)
    }

    /// Reads it as it is, whatever its checksum says.
    pub fn load_unverified(path: &Path, device: &Device) -> Result<Model> {
        Model::read(path, device, false)
    }

    fn read(path: &Path, device: &Device, verify: bool) -> Result<Model> {
        let path = model_path(path)?;
        let file = TensorFile::read(&path).map_err(|error| match Format::of(&path) {
            Ok(_) if !is_index(&path) => {
                let help =
                    format!("`lanthorn train {}`, then give its run's folder", path.display());
                Error::model(&path, "a configuration, where a trained model is needed")
                    .with_help(help)
            }
            _ => error,
        })?;
        Model::of(&file, &path, device, verify)
    }

    /// A model from its file's tensors; `path` is what errors call it. With `verify`, one that is not
    /// as it was written is an error.
    pub fn of(file: &TensorFile, path: &Path, device: &Device, verify: bool) -> Result<Model> {
        let Some(metadata) = &file.metadata else {
            return Err(Error::model(path, "a safetensors file without Lanthorn's metadata")
                .with_help("weights alone are loaded into a configuration: `lanthorn train CONFIG --init-weights FILE`"));
        };
        check_format(path, metadata, "model")?;
        let damaged = |what: &str, why: String| {
            let error = Error::model(path, format!("its {what} can't be read: {why}"));
            match metadata["format"]["minor"].as_u64() {
                Some(minor) if minor > FORMAT_MINOR => error.with_help(format!(
                    "its format is version {FORMAT_MAJOR}.{minor}, and this program knows those up \
                     to {FORMAT_MAJOR}.{FORMAT_MINOR}: use a newer version of Lanthorn"
                )),
                _ => error,
            }
        };
        let config: Config = Node::from_json(&metadata["config"])
            .read()
            .map_err(|error| damaged("configuration", error.to_string()))?;
        let preprocessing: Option<Preprocessing> =
            serde_json::from_value(metadata["preprocessing"].clone())
                .map_err(|error| damaged("preprocessing", error.to_string()))?;
        let training = serde_json::from_value(metadata["training"].clone())
            .map_err(|error| damaged("training summary", error.to_string()))?;
        let self_test = serde_json::from_value(metadata["self_test"].clone())
            .map_err(|error| damaged("self-test", error.to_string()))?;
        let decisions = serde_json::from_value(metadata["decisions"].clone())
            .map_err(|error| damaged("decisions", error.to_string()))?;
        let resolve = |preprocessing: Option<&Preprocessing>| {
            let facts = preprocessing.map(Preprocessing::facts).unwrap_or_default();
            Spec::resolve(&config, &DataFacts { has_validation: true, ..facts })
        };
        let mut spec = resolve(preprocessing.as_ref())
            .map_err(|error| damaged("configuration", error.to_string()))?;
        let preprocessing = preprocessing.or_else(|| {
            let supposed = supposed(&config, &spec.model)?;
            spec = resolve(Some(&supposed)).ok()?;
            Some(supposed)
        });
        let room = file.tensors.values().map(Tensor::elem_count).sum();
        memory::check_file(path, &spec.model, room)?;
        let network = Network::build_within(&spec.model, spec.seed, device, room)
            .map_err(|error| damaged("configuration", error.to_string()))?;
        weights_file::load(network.weights(), &file.tensors, path, false)?;
        if verify {
            // last: what doesn't fit at all is told more exactly before
            file.verify(path).map_err(|error| error.with_help(NOT_AS_WRITTEN))?;
        }
        Ok(Model { config, preprocessing, training, self_test, decisions, network, spec })
    }

    /// Computes the self-test again: a warning where this machine gets other numbers than the one
    /// that trained the model.
    pub fn check(&self) -> Result<Option<String>> {
        let (Some(test), Some(preprocessing)) = (&self.self_test, &self.preprocessing) else {
            return Ok(None);
        };
        let deviation = test.deviation(preprocessing, &self.network)?;
        Ok(deviation.map(|deviation| {
            format!(
                "the model's self-test fails: its outputs here differ from those at the end of its \
                 training by {deviation:.1e} (at most {TOLERANCE:.0e} is expected); the file was \
                 changed, or this machine computes otherwise"
            )
        }))
    }
}

/// What to do about a model or weights that are not as they were written.
pub const NOT_AS_WRITTEN: &str = "the file was damaged: copy it again, or remove it and let `lanthorn \
     train --resume RUN` write it anew; or it was edited: `lanthorn import FILE --config CONFIG -o \
     NEW` makes a model of it, and `--no-verify` takes it as it is";

/// How many columns a model without a table may take or give: an image of 1024 by 1024 in color.
pub(crate) const COLUMNS: usize = 3 << 20;

/// The plain columns of a model that was made without a table.
pub(crate) fn supposed(config: &Config, model: &ModelSpec) -> Option<Preprocessing> {
    let columns = model.input.elements().max(model.output().elements());
    let is_few = columns <= COLUMNS;
    is_few.then(|| model.supposed_preprocessing(config.compile.as_ref()).ok()).flatten()
}

/// What stands in a model's metadata.
#[derive(Clone, Copy)]
pub(crate) struct ModelParts<'a> {
    pub config: &'a Config,
    pub preprocessing: Option<&'a Preprocessing>,
    pub training: &'a Training,
    pub self_test: Option<&'a SelfTest>,
    pub decisions: Option<&'a Decisions>,
}

impl ModelParts<'_> {
    /// The bytes of model.safetensors for these weights.
    pub(crate) fn to_bytes(self, weights: &Weights) -> Result<Vec<u8>> {
        let mut metadata = json!({
            "format": { "kind": "model", "major": FORMAT_MAJOR, "minor": FORMAT_MINOR },
            "config": self.config,
            "preprocessing": self.preprocessing,
            "training": self.training,
            "self_test": self.self_test,
        });
        if let Some(decisions) = self.decisions {
            metadata["decisions"] = json!(decisions);
        }
        let tensors = weights_file::to_file(weights)?;
        to_safetensors(&tensors, Some(&checksum::seal(metadata, &tensors)?))
    }
}

/// The model file that a path means: the file itself, or the one in a run folder.
pub fn model_path(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return if path.exists() {
            Ok(path.to_path_buf())
        } else {
            Err(Error::model(path, "there is no such run or model file").with_help(others_of(path)))
        };
    }
    let inside = path.join(MODEL);
    if inside.exists() {
        return Ok(inside);
    }
    let of_all_rows = refit_folder(path).join(MODEL);
    if of_all_rows.exists() {
        return Ok(of_all_rows);
    }
    if fold_folder(path, 1).is_dir() {
        let message = "this is the folder of a cross-validation, which has no model of all rows";
        return Err(Error::model(path, message).with_help(format!(
            "name a fold, such as `{}`; or train one: `lanthorn train --resume {} --set \
             fit.cv.refit=true`",
            fold_folder(path, 1).display(),
            path.display()
        )));
    }
    let error = Error::model(path, format!("this folder holds no {MODEL}"));
    Err(if path.join(crate::disk::files::CHECKPOINT).exists() {
        error.with_help(format!("its training has not ended: `{}`", resume_command(path)))
    } else {
        error.with_help("give a run folder or a model file")
    })
}

/// Help for a model that isn't there: the nearest name beside it, or what stands there.
fn others_of(path: &Path) -> String {
    if Format::of(path).is_ok() {
        return format!("a configuration is trained first: `lanthorn train {}`", path.display());
    }
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return String::new(),
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        let folder = folder.display();
        return format!(
            "there is no folder `{folder}` either; `lanthorn train CONFIG` makes a run"
        );
    };
    let is_candidate = |path: &PathBuf| {
        path.is_dir() || path.extension().is_some_and(|ending| ending == "safetensors")
    };
    let paths = entries.flatten().map(|entry| entry.path()).filter(is_candidate);
    let mut names: Vec<String> = paths
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let found = match did_you_mean(&wanted, &all) {
        Some(near) => vec![near],
        None if all.len() <= 10 => all,
        None => Vec::new(),
    };
    if found.is_empty() {
        return "name a run's folder, such as `runs/loan-001`, or a model file".to_string();
    }
    let found = found.iter().map(|name| format!("`{}`", path.with_file_name(name).display()));
    format!("there is {}", found.collect::<Vec<_>>().join(", "))
}

/// True for a file that holds a model or a checkpoint of ours; only its header is read.
pub fn is_model(path: &Path) -> bool {
    let metadata = TensorFile::metadata(path).unwrap_or_default();
    matches!(metadata["format"]["kind"].as_str(), Some("model" | "checkpoint"))
}

/// Refuses another kind of file, and another major version.
pub(crate) fn check_format(path: &Path, metadata: &Value, kind: &str) -> Result<()> {
    let format = &metadata["format"];
    let (found, major) = (format["kind"].as_str(), format["major"].as_u64());
    match (found, major) {
        (Some(found), Some(_)) if found != kind => {
            Err(Error::model(path, format!("expected a {kind}, found a {found}")))
        }
        (Some(_), Some(FORMAT_MAJOR)) => Ok(()),
        (Some(_), Some(major)) => Err(Error::model(
            path,
            format!("its format is version {major}, this program reads version {FORMAT_MAJOR}"),
        )
        .with_help("use the version of Lanthorn that wrote it, or train the model again")),
        _ => Err(Error::model(path, "its metadata says no format version")),
    }
}
