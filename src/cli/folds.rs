//! The folds of a cross-validation, one run after the other: `train` where `fit.cv` is given.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use candle_core::Device;
use lanthorn::model::Model;
use lanthorn::runs::{
    CONFIG, CrossValidated, CrossValidation, Lock, RunNotes, fold_folder, refit_folder,
};
use lanthorn::training::{Event, Plan};

use super::common::{CommonArguments, load_model};
use super::one_run::{FitEnd, OneRun, RunPlace};
use super::signals::Signals;
use super::view::training::View;

/// What all folds are trained by.
#[derive(Clone, Copy)]
pub(super) struct FoldsCall<'a> {
    pub device: &'a Device,
    pub common: &'a CommonArguments,
    /// Tags and a note that the cross-validation gets.
    pub notes: &'a RunNotes,
}

/// The folder of a cross-validation, and what its runs are trained by.
struct Folds<'a> {
    folder: &'a Path,
    call: FoldsCall<'a>,
    /// Warnings that were shown: those of one table are of all folds.
    shown: BTreeSet<String>,
}

/// Trains each fold that isn't finished, then the model of all rows where one is asked for. `folder`
/// is that of `--resume`, whose lock is given, or of `--out`.
pub(super) fn run(
    cv: &CrossValidation,
    folder: Option<&Path>,
    lock: Option<Lock>,
    call: FoldsCall<'_>,
    mut view: View,
    signals: &mut Signals,
) -> Result<ExitCode> {
    cv.check()?;
    let (folder, _lock) = match (folder, lock) {
        (Some(folder), Some(lock)) => {
            cv.aim(folder)?;
            (folder.to_path_buf(), lock)
        }
        (folder, _) => cv.create(folder)?,
    };
    call.notes.add_to(&folder)?;
    let mut folds = Folds { folder: &folder, call, shown: BTreeSet::new() };
    let mut validated = CrossValidated::default();
    let count = cv.folds();
    for fold in 1..=count {
        view.show(&Event::FoldStart { fold: Some(fold), folds: count });
        let (plan, place) = (cv.fold(fold)?, fold_folder(&folder, fold));
        let model = folds.train(&plan, &place, &mut view, signals);
        match model? {
            Ok(model) => cv.add(&mut validated, fold, &plan, model)?,
            Err(code) => return Ok(code),
        }
    }
    let (metrics, predictions) = cv.save(&folder, &validated)?;
    let mut model = None;
    if let Some(plan) = cv.whole()? {
        view.show(&Event::FoldStart { fold: None, folds: count });
        let place = refit_folder(&folder);
        if let Err(code) = folds.train(&plan, &place, &mut view, signals)? {
            return Ok(code);
        }
        model = Some(place);
    }
    let scores = validated.scores;
    view.finish(&Event::CvEnd {
        folder: folder.display().to_string(),
        mean: scores.mean(),
        std: scores.deviation(),
        folds: scores.folds,
        metrics,
        predictions,
        model,
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Folds<'_> {
    /// The model of one of the runs, trained or gone on with; the exit code where a signal ended it.
    fn train(
        &mut self,
        plan: &Plan,
        place: &Path,
        view: &mut View,
        signals: &mut Signals,
    ) -> Result<Result<Model, ExitCode>> {
        for warning in &plan.data()?.warnings {
            if self.shown.insert(warning.to_string()) {
                view.diagnostic(warning);
            }
        }
        let run = if place.join(CONFIG).exists() {
            RunPlace::Old(place, Lock::take(place)?)
        } else {
            RunPlace::New(Some(place))
        };
        let none = RunNotes::default();
        let fit = OneRun {
            plan,
            device: self.call.device,
            common: self.call.common,
            notes: &none,
            resume: Some(self.folder),
        };
        match fit.run(run, view, signals)? {
            FitEnd::Finished { model, end } => {
                view.finish(&end)?;
                Ok(Ok(*model))
            }
            FitEnd::WasFinished(_) => {
                view.note("its training is finished");
                Ok(Ok(load_model(place, self.call.device, self.call.common)?))
            }
            FitEnd::Interrupted(code) => Ok(Err(code)),
        }
    }
}
