//! One run, from its plan to its model: what `train` does, and each fold of a cross-validation.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use candle_core::Device;
use lanthorn::model::{Model, NOT_AS_WRITTEN, weights_file};
use lanthorn::runs::{CONFIG, Keeper, Lock, Resumed, Run, RunNotes, SavedRun, TensorBoard};
use lanthorn::runtime::{resume_command, shell_word};
use lanthorn::training::{Event, Listener, Listeners, Outcome, Plan, Position, Trainer};
use lanthorn::{Code, Diagnostic, Error};
use serde_json::json;

use super::common::CommonArguments;
use super::signals::Signals;
use super::view::training::View;

/// What a run is trained by.
pub(super) struct OneRun<'a> {
    pub plan: &'a Plan,
    pub device: &'a Device,
    pub common: &'a CommonArguments,
    /// Tags and a note that the run gets.
    pub notes: &'a RunNotes,
    /// The folder that `--resume` takes to go on; None for the run's own.
    pub resume: Option<&'a Path>,
}

/// Where a run is kept.
pub(super) enum RunPlace<'a> {
    /// In a new folder: this one, or the next free one.
    New(Option<&'a Path>),
    /// In the folder of a run that is gone on with.
    Old(&'a Path, Lock),
}

/// How a run ended, if not by an error.
pub(super) enum FitEnd {
    /// Its model is saved; the event of its end is still to be shown.
    Finished { model: Box<Model>, end: Box<Event> },
    /// By a signal; it is saved, and was told.
    Interrupted(ExitCode),
    /// It was finished before; the error says how to go on all the same.
    WasFinished(Error),
}

impl OneRun<'_> {
    /// Trains, and saves whatever happens.
    pub(super) fn run(
        &self,
        place: RunPlace<'_>,
        view: &mut View,
        signals: &mut Signals,
    ) -> Result<FitEnd> {
        let OneRun { plan, common, .. } = *self;
        let mut trainer = plan.trainer(self.device)?;
        let (mut run, has_ended) = match place {
            RunPlace::New(out) => (start(out, common, plan, &trainer, view)?, false),
            RunPlace::Old(folder, lock) => {
                let mut run = Run::open(plan, folder, lock)?;
                match go_on(&mut run, common, plan, &mut trainer, view)? {
                    GoingOn::Trained => (run, false),
                    GoingOn::HasEnded => (run, true),
                    GoingOn::WasFinished(error) => return Ok(FitEnd::WasFinished(error)),
                }
            }
        };
        if let Some(warning) = run.lock_warning() {
            view.diagnostic(&Diagnostic::warning(Code::Run, warning));
        }
        self.notes.add_to(&run.folder)?;
        let data = plan.training_data()?;
        let mut board = board(plan, &run, &trainer)?;
        let mut keeper = Keeper::new(&mut run, plan);
        view.show(&keeper.start(&trainer)?);
        signals.finish_steps();
        let all: [&mut dyn Listener; 3] = [view, &mut keeper, signals];
        let board = board.as_mut().map(|board| board as &mut dyn Listener);
        let mut listeners = Listeners::new(all.into_iter().chain(board));
        let result = if has_ended {
            trainer.finish(&data, &mut listeners).map(|()| Outcome::Finished(None))
        } else {
            trainer.fit(&data, &mut listeners)
        };
        signals.steps_have_ended();
        let unkept = keeper.unkept;
        let resume = self.resume.unwrap_or(&run.folder).to_path_buf();
        let end = RunEnd { run, view, plan, resume };
        match result {
            Ok(Outcome::Finished(_)) => end.finished(trainer, unkept),
            Ok(Outcome::Interrupted) => end.interrupted(&trainer, signals),
            Err(error) => Err(end.failed(&trainer, error).into()),
        }
    }
}

/// The listener that writes for TensorBoard, where the configuration asks for one.
fn board(plan: &Plan, run: &Run, trainer: &Trainer) -> Result<Option<TensorBoard>> {
    let Some(config) = &plan.config.logging.tensorboard else { return Ok(None) };
    let text = std::fs::read_to_string(run.folder.join(CONFIG)).unwrap_or_default();
    Ok(Some(TensorBoard::open(config, &run.folder, trainer.position(), &text)?))
}

/// A new run's folder, with its first checkpoint in it.
fn start(
    out: Option<&Path>,
    common: &CommonArguments,
    plan: &Plan,
    trainer: &Trainer,
    view: &mut View,
) -> Result<Run> {
    load_init_weights(plan, trainer, common, view)?; // before a folder is made
    let mut run = Run::create(plan, out)?;
    run.begin(plan, trainer)?;
    Ok(run)
}

/// What is left to do of a run.
enum GoingOn {
    /// It is to be trained.
    Trained,
    /// Only its model is missing.
    HasEnded,
    /// Nothing.
    WasFinished(Error),
}

/// Puts the state of a run's checkpoint into the trainer.
fn go_on(
    run: &mut Run,
    common: &CommonArguments,
    plan: &Plan,
    trainer: &mut Trainer,
    view: &mut View,
) -> Result<GoingOn> {
    match run.resume(plan, !common.no_verify)? {
        Resumed::Anew => {
            let message = "the run has no checkpoint: its training begins anew";
            view.diagnostic(&Diagnostic::warning(Code::Run, message));
            load_init_weights(plan, trainer, common, view)?;
            run.keep(trainer)?;
            Ok(GoingOn::Trained)
        }
        Resumed::From(state) => {
            if let Some(why) = state.stopped() {
                view.note(&format!(
                    "the run had stopped after epoch {} ({why}); it goes on from the weights of that \
                     epoch, and its callbacks count on from where they stood",
                    state.position().epoch
                ));
            }
            trainer.resume(&state)?;
            run.keep(trainer)?;
            Ok(GoingOn::Trained)
        }
        Resumed::Ended(state) => {
            view.note("the training had ended; its model is written from the checkpoint");
            trainer.resume(&state)?;
            Ok(GoingOn::HasEnded)
        }
        Resumed::Finished(error) => Ok(GoingOn::WasFinished(error)),
    }
}

/// Loads `fit.init_weights`, where the configuration or the command line names some.
fn load_init_weights(
    plan: &Plan,
    trainer: &Trainer,
    common: &CommonArguments,
    view: &mut View,
) -> Result<()> {
    let Some(init) = &plan.config.fit.init_weights else { return Ok(()) };
    let (path, file) = init.open(&plan.folder)?;
    if !common.no_verify {
        file.verify(&path).map_err(|error| error.with_help(NOT_AS_WRITTEN))?;
    }
    let fit = weights_file::load(trainer.model.weights(), &file.tensors, &path, init.partial)?;
    view.loaded(&path, &fit);
    Ok(())
}

/// What to do with a trained model, to be typed as it stands: evaluate it where the configuration
/// names a table for that, else predict.
fn next_command(folder: &Path, plan: &Plan) -> String {
    let run = shell_word(folder);
    match plan.config.data.as_ref().and_then(|data| data.test.as_ref()) {
        Some(_) => format!("lanthorn evaluate {run}"),
        None => {
            let is_of_pictures =
                plan.data.as_ref().is_some_and(|data| data.train.x.pictures.is_some());
            let new = if is_of_pictures { "FOLDER" } else { "NEW.csv" };
            format!("lanthorn predict {run} {new} -o predictions.csv")
        }
    }
}

/// A failed training says how to go on.
fn with_way_on(error: Error, folder: &Path) -> Error {
    if let Error::Io(error) = error {
        let help = format!("when that is mended, go on with `{}`", resume_command(folder));
        let message = format!("{error}\n  help: {help}");
        return Error::Io(std::io::Error::new(error.kind(), message));
    }
    error.map(|mut error| {
        if matches!(error.code, Code::Run | Code::NotFinite) {
            error.message += &format!("; the last good checkpoint is in {}", folder.display());
        }
        error
    })
}

/// What is left to do when a training has ended, in whatever way.
struct RunEnd<'a> {
    run: Run,
    view: &'a mut View,
    plan: &'a Plan,
    /// What `--resume` takes to go on.
    resume: PathBuf,
}

impl RunEnd<'_> {
    /// Saves the model, whether the last checkpoint could be written or not.
    fn finished(mut self, trainer: Trainer, unkept: Option<Error>) -> Result<FitEnd> {
        let folder = self.run.folder.clone();
        let saved = self.run.save_model(self.plan, trainer);
        drop(self.run);
        let error = match (unkept, saved) {
            (unkept, Ok(SavedRun { path, model, metrics })) => {
                self.view.close();
                if let Some(warning) = metrics.warning() {
                    self.view.diagnostic(&warning);
                }
                let end = Event::run_end(
                    metrics,
                    model.decisions.clone(),
                    path,
                    next_command(&folder, self.plan),
                );
                let Some(unkept) = unkept else {
                    return Ok(FitEnd::Finished { model: Box::new(model), end: Box::new(end) });
                };
                self.view.finish(&end)?;
                unkept
            }
            (Some(error), Err(_)) | (None, Err(error)) => error,
        };
        Err(with_way_on(error, &self.resume).into())
    }

    /// Saves, says how to go on, and ends with the signal's exit code; that of Ctrl-C where nobody
    /// reads any more.
    fn interrupted(mut self, trainer: &Trainer, signals: &Signals) -> Result<FitEnd> {
        let kept = self.run.keep(trainer).and_then(|()| self.run.settle());
        let kept = kept.and_then(|()| self.run.flush());
        let saved = match trainer.position().step {
            0 => Ok(()), // no training, no model
            _ => self.run.save_interrupted(self.plan, trainer),
        };
        if let Err(error) = kept.and(saved) {
            self.view.close();
            return Err(with_way_on(error, &self.resume).into());
        }
        if let Some(error) = self.view.take_failure() {
            let command = resume_command(&self.resume);
            return Err(anyhow!("{error}\n  help: the training is saved; go on with `{command}`"));
        }
        let Position { epoch, batch, .. } = trainer.position();
        let resume = resume_command(&self.resume);
        self.view.finish(&Event::Interrupted {
            interrupted: true,
            epoch: epoch + 1,
            batch,
            resume,
        })?;
        let code = match signals.seen() {
            0 => 130,
            signal => 128 + signal as u8,
        };
        Ok(FitEnd::Interrupted(ExitCode::from(code)))
    }

    /// Leaves the folder in order after a failure, and gives the error to tell: the first one, with
    /// the way to go on. What else fails on the way is a warning.
    fn failed(mut self, trainer: &Trainer, error: Error) -> Error {
        self.view.close();
        let settled = self.run.settle();
        let end = json!({ "event": "run_end", "state": "failed", "error": error.to_string() });
        let saved = settled.and(self.run.flush()).and(self.run.save_history(trainer));
        let saved = saved.and(self.run.end_events(trainer, &end));
        if let Err(second) = saved {
            self.view.diagnostic(&Diagnostic::warning(Code::Io, second.to_string()));
        }
        with_way_on(error, &self.resume)
    }
}
