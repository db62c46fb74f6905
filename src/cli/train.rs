//! `lanthorn train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;
use lanthorn::diagnostics::Place;
use lanthorn::model::NOT_AS_WRITTEN;
use lanthorn::model::weights_file;
use lanthorn::training::InitWeights;
use lanthorn::training::Keeper;
use lanthorn::training::Lock;
use lanthorn::training::Plan;
use lanthorn::training::{CONFIG, Resumed, Run};
use lanthorn::training::{Event, Listener, Listeners};
use lanthorn::training::{Outcome, Position, Trainer};
use lanthorn::training::{epochs_of_checkpoint, plan_of_run};
use lanthorn::{Code, Diagnostic, Error};

use super::common::{CommonArguments, Overrides};
use super::init;
use super::signals::Signals;
use super::view::training::View;

#[derive(Args)]
pub(crate) struct TrainArguments {
    /// The configuration: .yaml, .toml or .json; or a table, for which one is written
    #[arg(value_name = "CONFIG", required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// With a table: the column to predict
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    target: Vec<String>,
    /// Resume a run exactly where it stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "out", "init_weights"])]
    resume: Option<PathBuf>,
    /// Folder of the run [default: runs/<name>-NNN]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Start from the weights of a safetensors file or of a run
    #[arg(long, value_name = "FILE")]
    init_weights: Option<PathBuf>,
    /// With --init-weights: load what fits by name and shape, and report the rest
    #[arg(long, requires = "init_weights")]
    partial: bool,
    #[command(flatten)]
    overrides: Overrides,
}

pub(crate) fn run(arguments: &TrainArguments, common: &CommonArguments) -> Result<ExitCode> {
    let device = common.device()?;
    let mut signals = Signals::watch()?;
    let lock = match &arguments.resume {
        Some(folder) => Some(lock_of_run(folder)?),
        None => None,
    };
    let plan = plan(arguments, common)?;
    let mut trainer = plan.trainer(&device)?;
    let mut view = View::new(common.json, common.quiet, common.verbose, plan.config.fit.verbose);
    for warning in &plan.data()?.warnings {
        view.diagnostic(warning);
    }
    let (mut run, has_ended) = match lock {
        None => (start(arguments, common, &plan, &trainer, &mut view)?, false),
        Some(lock) => {
            let folder = arguments.resume.as_deref().unwrap_or(Path::new("."));
            let mut run = Run::open(&plan, folder, lock)?;
            let has_ended = go_on(&mut run, common, &plan, &mut trainer, &mut view)?;
            (run, has_ended)
        }
    };
    if let Some(warning) = run.lock_warning() {
        view.diagnostic(&Diagnostic::warning(Code::Run, warning));
    }
    let data = plan.training_data()?;
    let mut keeper = Keeper::new(&mut run, &plan);
    view.show(&keeper.start(&trainer)?);
    signals.finish_steps();
    let all: [&mut dyn Listener; 3] = [&mut view, &mut keeper, &mut signals];
    let mut listeners = Listeners::new(all);
    let result = if has_ended {
        trainer.finish(&data, &mut listeners).map(|()| Outcome::Finished(None))
    } else {
        trainer.fit(&data, &mut listeners)
    };
    let unkept = keeper.unkept;
    let end = RunEnd { run, view, plan: &plan };
    match result {
        Ok(Outcome::Finished(_)) => end.finished(trainer, unkept),
        Ok(Outcome::Interrupted) => end.interrupted(&trainer, &signals),
        Err(error) => Err(end.failed(&trainer, error).into()),
    }
}

/// A new run's folder, with its first checkpoint in it.
fn start(
    arguments: &TrainArguments,
    common: &CommonArguments,
    plan: &Plan,
    trainer: &Trainer,
    view: &mut View,
) -> Result<Run> {
    load_init_weights(plan, trainer, common, view)?; // before a folder is made
    let mut run = Run::create(plan, arguments.out.as_deref())?;
    run.begin(plan, trainer)?;
    Ok(run)
}

/// Puts the state of a run's checkpoint into the trainer; true where only its model is missing.
fn go_on(
    run: &mut Run,
    common: &CommonArguments,
    plan: &Plan,
    trainer: &mut Trainer,
    view: &mut View,
) -> Result<bool> {
    match run.resume(plan, !common.no_verify)? {
        Resumed::Anew => {
            let message = "the run has no checkpoint: its training begins anew";
            view.diagnostic(&Diagnostic::warning(Code::Run, message));
            load_init_weights(plan, trainer, common, view)?;
            run.keep(trainer)?;
            Ok(false)
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
            Ok(false)
        }
        Resumed::Ended(state) => {
            view.note("the training had ended; its model is written from the checkpoint");
            trainer.resume(&state)?;
            Ok(true)
        }
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

/// The lock of the run that `--resume` names.
fn lock_of_run(folder: &Path) -> Result<Lock> {
    let help = "name the folder that training printed, such as runs/loan-001";
    if !folder.is_dir() {
        let what = if folder.exists() { "is a file" } else { "doesn't exist" };
        let message = format!("--resume takes a run's folder, but {} {what}", folder.display());
        return Err(Error::run(message).with_help(help).into());
    }
    if !folder.join(CONFIG).exists() {
        let message = format!("{} holds no run (no {CONFIG})", folder.display());
        return Err(Error::run(message).with_help(help).into());
    }
    Ok(Lock::take(folder)?)
}

/// The plan of the configuration, or of the run that is resumed.
fn plan(arguments: &TrainArguments, common: &CommonArguments) -> Result<Plan> {
    let mut overrides = arguments.overrides.set.clone();
    let Some(folder) = &arguments.resume else {
        let Some(config) = &arguments.config else {
            return Err(Error::run("give a configuration, or `--resume RUN`").into());
        };
        let config = configuration(config, &arguments.target, common)?;
        let mut plan = Plan::open(&config, &overrides)?;
        if let Some(path) = &arguments.init_weights {
            plan.config.fit.init_weights = Some(InitWeights::of(path, arguments.partial)?);
        }
        return Ok(plan);
    };
    for text in &mut overrides {
        from_here(text, folder);
    }
    if !overrides.iter().any(|text| text.trim_start().starts_with("fit.epochs"))
        && let Some(epochs) = epochs_of_checkpoint(folder)
    {
        overrides.push(format!("fit.epochs={epochs}"));
    }
    Ok(plan_of_run(folder, &overrides).map_err(|error| moved(error, folder))?)
}

/// The configuration that was named; for a table, one that is written for it.
fn configuration(path: &Path, target: &[String], common: &CommonArguments) -> Result<PathBuf> {
    if init::is_table(path) {
        return init::for_training(path, target, common);
    }
    if target.is_empty() {
        return Ok(path.to_path_buf());
    }
    let help = "the configuration names it, as `data.target`; `--target` goes with a table";
    Err(Error::run("`--target` doesn't go with a configuration").with_help(help).into())
}

/// The keys that name tables.
const TABLES: [&str; 3] = ["data.train", "data.validation", "data.test"];

/// `--set data.train=PATH` means the file that the shell would mean, where the run's folder has none
/// of that name.
fn from_here(text: &mut String, run: &Path) {
    let Some((key, path)) = text.split_once('=') else { return };
    if TABLES.contains(&key.trim())
        && Path::new(path).is_relative()
        && !run.join(path).exists()
        && let Ok(full) = std::path::absolute(path)
        && let Some(full) = full.to_str().filter(|full| Path::new(full).exists())
    {
        *text = format!("{key}={full}");
    }
}

/// Where a run's table is not where it was, what to type.
fn moved(error: Error, folder: &Path) -> Error {
    error.map(|mut error| {
        if let Place::Config { path, .. } = &error.place
            && TABLES.contains(&path.as_str())
        {
            let command = resume_command(folder);
            error.help += if error.help.is_empty() { "" } else { "; " };
            error.help +=
                &format!("where the run or its table was moved: `{command} --set {path}=PATH`");
        }
        error
    })
}

/// `lanthorn train --resume RUN`, to be typed as it stands.
pub(super) fn resume_command(folder: &Path) -> String {
    let text = folder.display().to_string();
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+:@%".contains(c));
    if is_plain && !text.starts_with('-') {
        format!("lanthorn train --resume {text}")
    } else {
        format!("lanthorn train --resume='{}'", text.replace('\'', "'\\''"))
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
    view: View,
    plan: &'a Plan,
}

impl RunEnd<'_> {
    /// Saves the model, whether the last checkpoint could be written or not.
    fn finished(mut self, trainer: Trainer, unkept: Option<Error>) -> Result<ExitCode> {
        let folder = self.run.folder.clone();
        let saved = self.run.save_model(self.plan, trainer);
        drop(self.run);
        let error = match (unkept, saved) {
            (unkept, Ok((path, model))) => {
                self.view.finish(&Event::run_end(&model.training, path))?;
                unkept
            }
            (Some(error), Err(_)) | (None, Err(error)) => Some(error),
        };
        match error {
            None => Ok(ExitCode::SUCCESS),
            Some(error) => Err(with_way_on(error, &folder).into()),
        }
    }

    /// Saves, says how to go on, and ends with the signal's exit code; that of Ctrl-C where nobody
    /// reads any more.
    fn interrupted(mut self, trainer: &Trainer, signals: &Signals) -> Result<ExitCode> {
        let kept = self.run.keep(trainer).and_then(|()| self.run.settle());
        let kept = kept.and_then(|()| self.run.flush());
        let saved = match trainer.position().step {
            0 => Ok(()), // no training, no model
            _ => self.run.save_interrupted(self.plan, trainer),
        };
        if let Err(error) = kept.and(saved) {
            self.view.close();
            return Err(with_way_on(error, &self.run.folder).into());
        }
        if let Some(error) = self.view.take_failure() {
            let command = resume_command(&self.run.folder);
            return Err(anyhow!("{error}\n  help: the training is saved; go on with `{command}`"));
        }
        let Position { epoch, batch, .. } = trainer.position();
        let resume = resume_command(&self.run.folder);
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
        Ok(ExitCode::from(code))
    }

    /// Leaves the folder in order after a failure, and gives the error to tell: the first one, with
    /// the way to go on. What else fails on the way is a warning.
    fn failed(mut self, trainer: &Trainer, error: Error) -> Error {
        self.view.close();
        let settled = self.run.settle();
        let saved = settled.and(self.run.flush()).and(self.run.save_history(trainer));
        if let Err(second) = saved {
            self.view.diagnostic(&Diagnostic::warning(Code::Io, second.to_string()));
        }
        with_way_on(error, &self.run.folder)
    }
}
