//! `lanthorn train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use lanthorn::runs::{
    CONFIG, CrossValidation, Lock, ReportRequest, RunNotes, SettledBudget, epochs_of_checkpoint,
    plan_of_run,
};
use lanthorn::runtime::resume_command;
use lanthorn::sections::InitWeights;
use lanthorn::training::{Event, Plan};
use lanthorn::{Error, Place};

use super::common::{CommonArguments, Overrides};
use super::folds::{self, FoldsCall};
use super::one_run::{FitEnd, OneRun, RunPlace};
use super::signals::Signals;
use super::view::training::{View, brief, duration};
use super::{init, report};

#[derive(Args)]
pub(crate) struct TrainArguments {
    /// The configuration: .yaml, .toml or .json; or a table, for which a configuration is written
    #[arg(value_name = "CONFIG", required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// With a table: the column to predict
    #[arg(short, long, value_name = "COLUMN", value_delimiter = ',')]
    target: Vec<String>,
    /// Resume a run exactly where it stopped
    #[arg(short, long, value_name = "RUN", conflicts_with_all = ["config", "out", "init_weights"])]
    resume: Option<PathBuf>,
    /// Folder of the run [default: runs/<name>-NNN]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Train for as many epochs as fit into a time, such as 90s, 5m or 1h
    #[arg(long, value_name = "TIME", conflicts_with = "resume")]
    budget: Option<String>,
    /// Start from the weights of a safetensors file or of a run
    #[arg(long, value_name = "FILE")]
    init_weights: Option<PathBuf>,
    /// With --init-weights: load what fits by name and shape, and report the rest
    #[arg(long, requires = "init_weights")]
    partial: bool,
    /// Tag of the run, by which `lanthorn runs --filter tag=TAG` finds it; can be repeated
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// A few words about the run, kept in its folder
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Write a report of the run into its folder once the training has ended: see `lanthorn report`
    #[arg(long)]
    report: bool,
    /// Follow the training on a full screen: curves, learning rate, step time, keys
    #[arg(short, long, conflicts_with_all = ["json", "quiet"])]
    watch: bool,
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
    let mut notes = RunNotes { note: arguments.note.clone(), ..RunNotes::default() };
    notes.retag(&arguments.tag, &[])?;
    let wanted = TrainRequest::new(arguments, common)?;
    if let Some(mut cv) = wanted.cross_validation()? {
        if arguments.report {
            let help = "leave it out, then report a fold: `lanthorn report RUN/fold-1`";
            return Err(Error::run("`--report` is for one run, not for `fit.cv`")
                .with_help(help)
                .into());
        }
        if let Some(path) = &arguments.init_weights {
            cv.config_mut().fit.init_weights = Some(InitWeights::of(path, arguments.partial)?);
        }
        let folder = arguments.resume.as_deref().or(arguments.out.as_deref());
        let mut view = view(arguments.watch, common, cv.config().fit.verbose)?;
        tell(cv.settle_budget(&device)?, &mut view);
        let call = FoldsCall { device: &device, common, notes: &notes };
        return folds::run(&cv, folder, lock, call, view, &mut signals);
    }
    let mut plan = wanted.plan()?;
    if let Some(path) = &arguments.init_weights {
        plan.config.fit.init_weights = Some(InitWeights::of(path, arguments.partial)?);
    }
    let mut view = view(arguments.watch, common, plan.config.fit.verbose)?;
    for warning in &plan.data()?.warnings {
        view.diagnostic(warning);
    }
    tell(plan.settle_budget(&device)?, &mut view);
    let place = match (lock, &arguments.resume) {
        (Some(lock), Some(folder)) => RunPlace::Old(folder, lock),
        _ => RunPlace::New(arguments.out.as_deref()),
    };
    let fit = OneRun { plan: &plan, device: &device, common, notes: &notes, resume: None };
    match fit.run(place, &mut view, &mut signals)? {
        FitEnd::Finished { end, .. } => {
            view.finish(&end)?;
            if let (true, Event::RunEnd { model, .. }) = (arguments.report, &*end) {
                let folder = model.parent().unwrap_or(Path::new(""));
                let request = ReportRequest { run: folder, table: None, cost: None };
                for path in report::write(folder, &request)? {
                    view.note(&format!("wrote {}", path.display()));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        FitEnd::Interrupted(code) => Ok(code),
        FitEnd::WasFinished(error) => Err(error.into()),
    }
}

/// The view that the flags and the configuration's `verbose` ask for.
fn view(watch: bool, common: &CommonArguments, verbose: Option<u8>) -> Result<View> {
    if watch {
        View::full_screen(common.verbose)
    } else {
        Ok(View::new(common.json, common.quiet, common.verbose, verbose))
    }
}

/// Says what a budget came to.
fn tell(settled: Option<SettledBudget>, view: &mut View) {
    let Some(SettledBudget { budget, seconds_per_epoch, epochs }) = settled else { return };
    let (budget, epoch) = (brief(budget.as_secs_f64()), duration(seconds_per_epoch));
    view.note(&format!("a budget of {budget}, {epoch} an epoch: {epochs} epochs"));
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

/// The configuration that is trained, or that of the run that is resumed.
struct TrainRequest<'a> {
    /// Its file.
    path: PathBuf,
    overrides: Vec<String>,
    /// The run that is resumed.
    run: Option<&'a Path>,
    /// The plan, where the configuration was written just now.
    drafted: Option<Plan>,
}

impl TrainRequest<'_> {
    fn new<'a>(
        arguments: &'a TrainArguments,
        common: &CommonArguments,
    ) -> Result<TrainRequest<'a>> {
        let mut overrides = arguments.overrides.set.clone();
        overrides.extend(arguments.budget.iter().map(|time| format!("fit.budget={time}")));
        let Some(folder) = &arguments.resume else {
            let Some(config) = &arguments.config else {
                return Err(Error::run("give a configuration, or `--resume RUN`").into());
            };
            let (path, drafted) = configuration(config, &arguments.target, &overrides, common)?;
            return Ok(TrainRequest { path, overrides, run: None, drafted });
        };
        if overrides.iter().any(|text| text.trim_start().starts_with("fit.budget")) {
            let help = "its number of epochs was settled: raise it by `--set fit.epochs=N`";
            return Err(Error::run("a resumed run takes no budget").with_help(help).into());
        }
        for text in &mut overrides {
            from_here(text, folder);
        }
        if !overrides.iter().any(|text| text.trim_start().starts_with("fit.epochs"))
            && let Some(epochs) = epochs_of_checkpoint(folder)
        {
            overrides.push(format!("fit.epochs={epochs}"));
        }
        Ok(TrainRequest { path: folder.join(CONFIG), overrides, run: Some(folder), drafted: None })
    }

    /// The plan of one training.
    fn plan(self) -> Result<Plan> {
        if let Some(plan) = self.drafted {
            return Ok(plan);
        }
        Ok(match self.run {
            None => Plan::open(&self.path, &self.overrides)?,
            Some(run) => plan_of_run(run, &self.overrides).map_err(|error| moved(error, run))?,
        })
    }

    /// The cross-validation that is asked for, where one is.
    fn cross_validation(&self) -> Result<Option<CrossValidation>> {
        let cv = CrossValidation::open(&self.path, &self.overrides);
        Ok(cv.map_err(|error| match self.run {
            Some(run) => moved(error, run),
            None => error,
        })?)
    }
}

/// The configuration that was named; for a table, one that is written for it, and its plan.
fn configuration(
    path: &Path,
    target: &[String],
    overrides: &[String],
    common: &CommonArguments,
) -> Result<(PathBuf, Option<Plan>)> {
    let is_folder = path.is_dir() && !path.join(CONFIG).exists(); // of pictures, not of a run
    if init::is_table(path) || is_folder {
        return init::for_training(path, target, overrides, common);
    }
    if target.is_empty() {
        return Ok((path.to_path_buf(), None));
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
