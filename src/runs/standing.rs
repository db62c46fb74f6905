//! How far a run has come, as its folder says to those who only look at it.

use std::path::Path;

use serde_json::Value;

use crate::config::Document;
use crate::data::Sums;
use crate::diagnostics::shell::resume_command;
use crate::disk;
use crate::disk::files::TensorFile;
use crate::error::{Error, Result};
use crate::model::artifact::{self, Interrupted, MODEL, Model};
use crate::sections::Config;
use crate::sections::run_config::CONFIG;
use crate::trainer::TrainerState;
use crate::trainer::checkpoint::CHECKPOINT;
use crate::trainer::events::Position;
use crate::training::plan::Plan;

/// The epochs that a run whose config.yaml was never raised has still to do: a version before wrote
/// what `--set fit.epochs` raised into the checkpoint alone.
pub fn epochs_of_checkpoint(folder: &Path) -> Option<u64> {
    let config: Config = Document::open(&folder.join(CONFIG)).ok()?.config().ok()?;
    let metadata = TensorFile::metadata(&folder.join(CHECKPOINT))?;
    let (done, now) = (metadata["position"]["epoch"].as_u64()?, config.fit.epochs as u64);
    let aimed = epochs(&metadata["config"]) as u64;
    (done >= now && aimed > now).then_some(aimed)
}

/// The plan of a run that is gone on with. Where the training was begun by a version that summed the
/// statistics in another order, they are summed so here.
pub fn plan_of_run(folder: &Path, overrides: &[String]) -> Result<Plan> {
    let path = folder.join(CONFIG);
    let plan = Plan::open(&path, overrides)?;
    let Some(fingerprint) = fingerprint_of(folder) else { return Ok(plan) };
    if plan.data()?.fingerprint()? == fingerprint {
        return Ok(plan);
    }
    let before = Plan::open_as(&path, overrides, Sums::Before)?;
    Ok(if before.data()?.fingerprint()? == fingerprint { before } else { plan })
}

/// What the checkpoint of a run says of its data.
fn fingerprint_of(run: &Path) -> Option<u64> {
    let metadata = TensorFile::metadata(&run.join(CHECKPOINT))?;
    u64::from_str_radix(metadata["fingerprint"].as_str()?, 16).ok()
}

/// What the user should know of a model that is used: that its training was interrupted, or that the
/// run in whose folder it lies has gone further.
pub fn standing(path: &Path, model: &Model) -> Option<String> {
    let path = artifact::model_path(path).ok()?;
    let folder = disk::folder_of(&path);
    let is_of_a_run = path.file_name().is_some_and(|name| name == MODEL);
    if let Some(Interrupted { epoch, batch, epochs }) = &model.training.interrupted {
        let has_run = is_of_a_run && folder.join(CHECKPOINT).is_file();
        let run = if has_run { folder } else { Path::new("RUN") };
        return Some(format!(
            "this is the model of an interrupted training, in epoch {epoch} of {epochs} after batch \
             {batch}; `{}` goes on with its run",
            resume_command(run)
        ));
    }
    if !is_of_a_run {
        return None;
    }
    let position = TensorFile::metadata(&folder.join(CHECKPOINT))?["position"].clone();
    let position: Position = serde_json::from_value(position).ok()?;
    let done = model.training.epochs;
    let is_older = position.epoch > done || (position.epoch == done && position.batch > 0);
    is_older.then(|| {
        format!(
            "this model is of epoch {done}, older than its run's checkpoint, which has done {}; \
             `{}` finishes the run",
            words(position),
            resume_command(folder)
        )
    })
}

/// The epochs that a configuration aims at.
pub(crate) fn epochs(config: &Value) -> usize {
    config["fit"]["epochs"].as_u64().unwrap_or(1) as usize
}

/// `3 epochs`, `3 epochs and 7 batches`.
pub(crate) fn words(position: Position) -> String {
    match position.batch {
        0 => format!("{} epochs", position.epoch),
        batch => format!("{} epochs and {batch} batches", position.epoch),
    }
}

/// An error where a checkpoint can't be of this training: its file was changed.
pub(crate) fn check_position(plan: &Plan, state: &TrainerState, path: &Path) -> Result<()> {
    let Position { epoch, batch, step } = state.position();
    let steps = plan.data()?.train.len().div_ceil(plan.config.fit.batch_size.max(1));
    let most = (epoch as u64).saturating_mul(steps as u64).saturating_add(batch as u64);
    let is_possible = batch <= steps // its validation may be still to come
        && step <= most.saturating_add(1) // runs that were imported have begun with 1
        && state.history().epochs.len() == epoch;
    if is_possible {
        Ok(())
    } else {
        Err(Error::model(
            path,
            format!(
                "its parts don't belong together: {epoch} epochs of {steps} batches, batch {batch}, \
                 step {step}, a history of {} epochs",
                state.history().epochs.len()
            ),
        )
        .with_help("the file was changed or damaged: put a backup in its place, or start a new run"))
    }
}
