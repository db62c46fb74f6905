//! Cross-validation: a plan for each fold of one table, which is read once, and what comes of them.

mod out_of_fold;
mod scores;

use std::path::{Path, PathBuf};

use candle_core::Device;

use crate::data::{self, RawCells};
use crate::diagnostics::Code;
use crate::disk::lock::Lock;
use crate::disk::{self, Local};
use crate::error::{Error, Result};
use crate::history::folds::{CV, FoldScores, OOF};
use crate::model::artifact::Model;
use crate::runs::run::model_of;
use crate::runs::run_folder::new_folder;
use crate::sections::Config;
use crate::sections::run_config::{CONFIG, yaml};
use crate::splits::CvConfig;
use crate::trainer::Listeners;
use crate::training::opened::Opened;
use crate::training::plan::{Plan, Tables};

pub use out_of_fold::OutOfFold;
pub use scores::FoldsTable;

/// A cross-validation, as a configuration with `fit.cv` asks for it.
///
/// ```
/// use candle_core::Device;
/// use lanthorn::runs::CrossValidation;
///
/// # fn main() -> lanthorn::Result<()> {
/// let overrides = ["fit.validation_split=0", "fit.cv.folds=3", "fit.cv.by=stratified", "fit.epochs=1"];
/// let cv = CrossValidation::open("configs/iris.yaml".as_ref(), &overrides.map(str::to_string))?;
/// let cv = cv.ok_or_else(|| lanthorn::Error::run("no folds"))?;
/// let folds = cv.fit(&Device::Cpu)?;
/// assert_eq!(folds.scores.folds.len(), 3);
/// assert!(folds.scores.mean().get("val_loss").is_some());
/// # Ok(())
/// # }
/// ```
pub struct CrossValidation {
    opened: Opened,
    cv: CvConfig,
    cells: RawCells,
}

/// What the folds of a cross-validation have come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CrossValidated {
    /// The loss and the metrics of each fold.
    pub scores: FoldsTable,
    /// The prediction of each row by the model that was not trained on it.
    pub out_of_fold: OutOfFold,
}

impl CrossValidation {
    /// Reads a configuration file and its table; None where it doesn't ask for all folds of a
    /// cross-validation. The error holds all mistakes that are found.
    pub fn open(path: &Path, overrides: &[String]) -> Result<Option<CrossValidation>> {
        let opened = Opened::new(path, overrides)?;
        let cv = match &opened.config.fit.cv {
            Some(cv) if cv.fold.is_none() => cv.clone(),
            _ => return Ok(None),
        };
        let (_, cells) = Plan::with_cells(&opened)?;
        Ok(Some(CrossValidation { opened, cv, cells }))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.opened.config
    }

    /// Changes what each fold is given, such as `fit.init_weights`.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.opened.config
    }

    /// How many folds.
    pub fn folds(&self) -> usize {
        self.cv.folds
    }

    /// The plan of a fold, from 1: an ordinary one, whose configuration names the fold.
    pub fn fold(&self, fold: usize) -> Result<Plan> {
        let mut config = self.opened.config.clone();
        config.fit.cv = Some(CvConfig { fold: Some(fold), refit: false, ..self.cv.clone() });
        Plan::of_opened(&self.opened, config, Tables::Given(&self.cells))
    }

    /// The plan of a model of all rows, where `refit` asks for one.
    pub fn whole(&self) -> Result<Option<Plan>> {
        if !self.cv.refit {
            return Ok(None);
        }
        let mut config = self.opened.config.clone();
        config.fit.cv = None;
        let mut plan = Plan::of_opened(&self.opened, config, Tables::Given(&self.cells))?;
        if let Some(data) = &mut plan.data {
            data.warnings.retain(|warning| warning.code != Code::NoValidation); // it is meant so
        }
        Ok(Some(plan))
    }

    /// Checks each fold, and the whole where that is asked for, before the first is trained.
    pub fn check(&self) -> Result<()> {
        for fold in 1..=self.folds() {
            self.fold(fold).map_err(|error| match fold {
                1 => error, // likely that of all
                _ => in_fold(error, &format!("fold {fold}")),
            })?;
        }
        self.whole().map(drop).map_err(|error| {
            in_fold(error, "the model of all rows (`refit: true`), which validates on none")
        })
    }

    /// Trains a model for each fold, without a folder; what they come to is in memory alone.
    pub fn fit(&self, device: &Device) -> Result<CrossValidated> {
        self.check()?;
        let mut validated = CrossValidated::default();
        for fold in 1..=self.folds() {
            let plan = self.fold(fold)?;
            let mut trainer = plan.trainer(device)?;
            trainer.fit(&plan.training_data()?, &mut Listeners::none())?;
            validated.add(fold, &plan, model_of(&plan, trainer)?, &self.cells)?;
        }
        Ok(validated)
    }

    /// Adds the model of a fold, which was trained elsewhere by its plan.
    pub fn add(
        &self,
        validated: &mut CrossValidated,
        fold: usize,
        plan: &Plan,
        model: Model,
    ) -> Result<()> {
        validated.add(fold, plan, model, &self.cells)
    }

    /// Makes the folder that holds the folds, `out` or the next free `runs/<name>-NNN`, with the
    /// configuration in it; nobody else writes there while the lock is held.
    pub fn create(&self, out: Option<&Path>) -> Result<(PathBuf, Lock)> {
        let (folder, lock) = new_folder(&Local, self.opened.config.name.as_deref(), out)?;
        self.aim(&folder)?;
        Ok((folder, lock))
    }

    /// Writes the configuration into the folder that holds the folds: what they aim at from here on.
    pub fn aim(&self, folder: &Path) -> Result<()> {
        let text = yaml(&self.opened.config, &self.opened.folder, folder)?;
        disk::replace(&Local, &folder.join(CONFIG), text.as_bytes())
    }

    /// Writes the tables of what the folds have come to into the folder that holds them; gives back
    /// the paths of the metrics and of the predictions.
    pub fn save(&self, folder: &Path, validated: &CrossValidated) -> Result<(PathBuf, PathBuf)> {
        let (metrics, predictions) = (folder.join(CV), folder.join(OOF));
        disk::replace(&Local, &predictions, &validated.out_of_fold.to_csv()?)?;
        disk::replace(&Local, &metrics, &validated.scores.to_csv()?)?;
        Ok((metrics, predictions))
    }
}

impl CrossValidated {
    fn add(&mut self, fold: usize, plan: &Plan, model: Model, cells: &RawCells) -> Result<()> {
        let data = plan.data()?;
        self.scores.folds.push(FoldScores {
            fold,
            samples: data.train.len(),
            validation_samples: data.validation.as_ref().map_or(0, data::Dataset::len),
            epochs: model.training.epochs,
            logs: model.training.logs.clone(),
        });
        self.out_of_fold.add(fold, data, model, cells)
    }
}

/// An error says which fold it is of.
fn in_fold(error: Error, fold: &str) -> Error {
    error.map(|mut diagnostic| {
        diagnostic.message = format!("{fold}: {}", diagnostic.message);
        diagnostic
    })
}
