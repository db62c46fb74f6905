//! What several verbs take and do alike.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::Device;
use clap::Args;
use lanthorn::config::Document;
use lanthorn::model::Model;
use lanthorn::runs::CONFIG;
use lanthorn::sections::Config;
use lanthorn::training::Plan;

use super::{device, view};

/// The heading in `--help` of what every verb takes.
const EVERY: &str = "Options of every command";

/// What every verb takes.
#[derive(Args)]
pub(crate) struct CommonArguments {
    /// Device to compute on: cpu, cuda, cuda:1, metal; auto for a GPU if there is one
    #[arg(long, global = true, help_heading = EVERY, default_value = "cpu", value_name = "DEVICE")]
    pub device: String,
    /// Number of threads; it does not change the results [default: one per core]
    #[arg(long, global = true, help_heading = EVERY, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Load models and checkpoints even if their checksum does not match
    #[arg(long, global = true, help_heading = EVERY)]
    pub no_verify: bool,
    /// Print JSON on stdout: one event per line for train, one document for other commands
    #[arg(long, global = true, help_heading = EVERY)]
    pub json: bool,
    /// Print results only, no progress
    #[arg(short, long, global = true, help_heading = EVERY)]
    pub quiet: bool,
    /// Print more
    #[arg(short, long, global = true, help_heading = EVERY, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// A configuration file with overrides, as several verbs take it.
#[derive(Args)]
pub(crate) struct ConfigFile {
    /// The configuration: .yaml, .toml or .json
    #[arg(value_name = "CONFIG")]
    pub path: PathBuf,
    #[command(flatten)]
    pub overrides: Overrides,
}

/// `--set` overrides.
#[derive(Args)]
pub(crate) struct Overrides {
    /// Override a key, such as `fit.epochs=60` or `model.layers[0].dense.units=16`
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl CommonArguments {
    /// The device that `--device` names.
    pub(super) fn device(&self) -> Result<Device> {
        device::named(&self.device)
    }
}

/// The tables that a plan has read.
pub(super) fn tables_of(plan: &Plan) -> Vec<PathBuf> {
    tables(&plan.config, &plan.folder)
}

/// The tables of the run whose folder holds a model, as far as it says so.
pub(super) fn tables_of_run(model: &Path) -> Vec<PathBuf> {
    let folder = model.parent().unwrap_or(Path::new(""));
    let document = Document::open(&folder.join(CONFIG));
    let config = document.and_then(|document| document.config::<Config>());
    config.map(|config| tables(&config, folder)).unwrap_or_default()
}

fn tables(config: &Config, folder: &Path) -> Vec<PathBuf> {
    let Some(data) = &config.data else { return Vec::new() };
    let named = [Some(&data.train), data.validation.as_ref(), data.test.as_ref()];
    let tables = named.into_iter().flatten().map(|table| table.within(folder));
    tables
        .flat_map(|table| table.each().into_iter().map(PathBuf::from).collect::<Vec<_>>())
        .collect()
}

/// The model of a verb that uses one, with a warning where a newer one is to be had.
pub(super) fn load_model(path: &Path, device: &Device, common: &CommonArguments) -> Result<Model> {
    let model = if common.no_verify {
        Model::load_unverified(path, device)?
    } else {
        Model::load(path, device)?
    };
    if let Some(warning) = lanthorn::runs::standing(path, &model) {
        view::warning(&warning);
    }
    Ok(model)
}
