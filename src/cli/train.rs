//! `lanthorn train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;
use lanthorn::artifact::MODEL;
use lanthorn::files::TensorFile;
use lanthorn::history::EpochLogs;
use lanthorn::plan::Plan;
use lanthorn::run::{CONFIG, Run};
use lanthorn::trainer::{Flow, Observer, Outcome, Trainer};
use lanthorn::{Code, Diagnostic, Error, weights_file};

use super::signals::Signals;
use super::view::training::{Start, View};
use super::{Common, Overrides};

#[derive(Args)]
pub(crate) struct TrainArguments {
    /// The configuration: .yaml, .toml or .json
    #[arg(value_name = "CONFIG", required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// Go on with a run exactly where it stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "out", "init_weights"])]
    resume: Option<PathBuf>,
    /// The run's folder [default: runs/<name>-NNN]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Start from the weights of a safetensors file
    #[arg(long, value_name = "FILE")]
    init_weights: Option<PathBuf>,
    /// With --init-weights: load what fits by name and shape, and report the rest
    #[arg(long, requires = "init_weights")]
    partial: bool,
    #[command(flatten)]
    overrides: Overrides,
}

pub(crate) fn run(arguments: &TrainArguments, common: &Common) -> Result<ExitCode> {
    let device = common.device()?;
    let signals = Signals::watch()?;
    let plan = plan(arguments)?;
    let mut trainer = plan.trainer(&device)?;
    let mut view = View::new(common.json, common.quiet, common.verbose, plan.config.fit.verbose);
    for warning in &plan.data()?.warnings {
        view.diagnostic(warning);
    }
    let mut run = match &arguments.resume {
        Some(folder) => {
            let run = Run::open(&plan, folder)?;
            if let Some(state) = run.resume()? {
                trainer.resume(&state)?;
            }
            run
        }
        None => Run::create(&plan, arguments.out.as_deref())?,
    };
    if let Some(path) = &arguments.init_weights {
        let file = TensorFile::read(path)?;
        let weights = trainer.model.weights();
        let fit = weights_file::load(weights, &file.tensors, path, arguments.partial)?;
        view.loaded(path, &fit);
    }
    run.keep(&trainer)?;
    view.start(&Start::of(&plan, &trainer, &run.folder)?);
    let data = plan.training_data()?;
    signals.finish_steps();
    let mut watcher = Watcher { run, view, signals, plan: &plan };
    let outcome = match trainer.fit(&data, &mut watcher) {
        Ok(outcome) => outcome,
        Err(error) => {
            watcher.view.close();
            watcher.run.settle()?;
            watcher.run.save_history(&trainer)?;
            return Err(with_checkpoint(error, &watcher.run.folder).into());
        }
    };
    if outcome == Outcome::Interrupted {
        return watcher.interrupted(&trainer);
    }
    let Watcher { mut run, mut view, .. } = watcher;
    run.settle()?;
    let (path, model) = run.save_model(&plan, trainer)?;
    view.finish(&model, &path)?;
    Ok(ExitCode::SUCCESS)
}

/// The plan of the configuration, or of the run that is resumed.
fn plan(arguments: &TrainArguments) -> Result<Plan> {
    let overrides = &arguments.overrides.set;
    match (&arguments.config, &arguments.resume) {
        (Some(config), _) => Ok(Plan::open(config, overrides)?),
        (None, Some(folder)) if !folder.is_dir() => {
            let what = if folder.exists() { "is a file" } else { "doesn't exist" };
            let error = Error::run(format!(
                "--resume takes a run's folder, but {} {what}",
                folder.display()
            ));
            Err(error
                .with_help("name the folder that training printed, such as runs/loan-001")
                .into())
        }
        (None, Some(folder)) if !folder.join(CONFIG).exists() => {
            let error = Error::run(format!("{} holds no run (no {CONFIG})", folder.display()));
            Err(error
                .with_help("name the folder that training printed, such as runs/loan-001")
                .into())
        }
        (None, Some(folder)) => Ok(Plan::open(&folder.join(CONFIG), overrides)?),
        (None, None) => Err(Error::run("give a configuration, or `--resume RUN`").into()),
    }
}

/// A failed training names the checkpoint that is still good.
fn with_checkpoint(error: Error, folder: &Path) -> Error {
    error.map(|mut error| {
        if matches!(error.code, Code::Run | Code::NotFinite) {
            error.message += &format!("; the last good checkpoint is in {}", folder.display());
        }
        error
    })
}

/// Watches a training: shows it, keeps checkpoints, and listens for Ctrl-C.
struct Watcher<'a> {
    run: Run,
    view: View,
    signals: Signals,
    plan: &'a Plan,
}

impl Observer for Watcher<'_> {
    fn epoch_begins(
        &mut self,
        trainer: &Trainer,
        epoch: usize,
        steps: usize,
    ) -> lanthorn::Result<()> {
        self.view.epoch_begins(trainer, epoch, steps);
        Ok(())
    }

    fn batch_ended(&mut self, trainer: &Trainer) -> lanthorn::Result<Flow> {
        self.view.batch_ended(trainer);
        if self.run.is_due() {
            self.run.keep(trainer)?;
        }
        Ok(self.flow())
    }

    fn flow(&mut self) -> Flow {
        let stop = self.signals.seen() != 0 || self.view.wants_to_stop();
        if stop { Flow::Interrupt } else { Flow::Continue }
    }

    fn epoch_ended(&mut self, trainer: &Trainer, logs: &EpochLogs) -> lanthorn::Result<()> {
        self.view.epoch_ended(trainer, logs);
        Ok(())
    }

    fn training_ended(&mut self, trainer: &Trainer) -> lanthorn::Result<()> {
        self.run.keep(trainer)?;
        self.run.settle()
    }

    fn said(&mut self, message: &str, is_warning: bool) {
        if is_warning {
            self.view.diagnostic(&Diagnostic::warning(Code::Training, message));
        } else {
            self.view.note(message);
        }
    }

    fn save(&mut self, trainer: &Trainer, name: &str) -> lanthorn::Result<()> {
        self.run.save_copy(self.plan, trainer, name)
    }

    fn write(&mut self, name: &str, text: &str) -> lanthorn::Result<()> {
        self.run.write(name, text)
    }
}

impl Watcher<'_> {
    /// Saves, says how to go on, and ends with the signal's exit code; that of Ctrl-C where nobody
    /// reads any more.
    fn interrupted(mut self, trainer: &Trainer) -> Result<ExitCode> {
        self.run.keep(trainer)?;
        self.run.settle()?;
        if trainer.position().step > 0 {
            self.run.save_copy(self.plan, trainer, MODEL)?;
        }
        if let Some(error) = self.view.take_failure() {
            let folder = self.run.folder.display();
            return Err(anyhow!(
                "{error}\n  help: the training is saved; go on with `lanthorn train --resume {folder}`"
            ));
        }
        self.view.interrupted(trainer, &self.run.folder);
        let code = match self.signals.seen() {
            0 => 130,
            signal => 128 + signal as u8,
        };
        Ok(ExitCode::from(code))
    }
}
