//! A run: a folder with the model, its checkpoint, its history and its resolved configuration.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::artifact::{self, MODEL, Model, Training};
use crate::checkpoint::{CHECKPOINT, Checkpoint, TrainerState, Writer};
use crate::config::{Config, Format};
use crate::error::{Error, Result};
use crate::files::atomic_write;
use crate::history::HISTORY;
use crate::network::Network;
use crate::plan::Plan;
use crate::self_test::SelfTest;
use crate::trainer::Trainer;

/// The folder of a run, and what is kept in it.
pub struct Run {
    /// The folder.
    pub folder: PathBuf,
    config: Value,
    fingerprint: u64,
    writer: Writer,
}

impl Run {
    /// Makes the folder of a new run: `out`, or the next free `runs/<name>-NNN`.
    pub fn create(plan: &Plan, out: Option<&Path>) -> Result<Run> {
        let folder = match out {
            Some(folder) => taken(folder)?,
            None => next_free(plan.config.name.as_deref().unwrap_or("model"))?,
        };
        fs_err::create_dir_all(&folder)?;
        let config = relative_to(&plan.config, &plan.folder, &folder)?;
        let yaml = Format::Yaml.write(&as_json(&config)?)?;
        atomic_write(&folder.join(CONFIG), yaml.as_bytes())?;
        Run::over(plan, folder)
    }

    /// The run in a folder, to go on with; the plan is that of its configuration.
    pub fn open(plan: &Plan, folder: &Path) -> Result<Run> {
        Run::over(plan, folder.to_path_buf())
    }

    fn over(plan: &Plan, folder: PathBuf) -> Result<Run> {
        let writer = Writer::new(&folder.join(CHECKPOINT));
        let fingerprint = plan.data()?.fingerprint();
        Ok(Run { folder, config: as_json(&portable(&plan.config))?, fingerprint, writer })
    }

    /// The state to go on from, if the checkpoint is of the same configuration and data.
    pub fn resume(&self) -> Result<Option<TrainerState>> {
        let path = self.folder.join(CHECKPOINT);
        if !path.exists() {
            return Ok(None);
        }
        let checkpoint = Checkpoint::read(&path)?;
        if let Some(key) = first_difference("", &checkpoint.config, &self.config) {
            return Err(Error::run(format!("`{key}` is not what the run was started with"))
                .with_help("only `fit.epochs`, `fit.verbose` and paths may change on resume; start a new run for another model"));
        }
        if checkpoint.fingerprint != self.fingerprint {
            return Err(Error::run("the data is not what the run was started with").with_help(
                "put the old file back, or start a new run (with `--init-weights` to keep the weights)",
            ));
        }
        let epochs = |config: &Value| config["fit"]["epochs"].as_u64().unwrap_or(1);
        let (before, now) = (epochs(&checkpoint.config), epochs(&self.config));
        let done = checkpoint.state.position().epoch;
        let stopped = checkpoint.state.stopped().filter(|_| now <= before);
        if done as u64 >= now || stopped.is_some() {
            let why = stopped.map(|why| format!(" ({why})")).unwrap_or_default();
            let message = format!("the run is finished: {done} of {now} epochs are done{why}");
            return Err(Error::run(message).with_help(format!(
                "raise `fit.epochs` to go on: `--set fit.epochs={}`",
                now + 10
            )));
        }
        Ok(Some(checkpoint.state))
    }

    /// True where another checkpoint is due.
    pub fn is_due(&self) -> bool {
        self.writer.is_due()
    }

    /// Keeps the trainer's state and the history, off the training's path.
    pub fn keep(&mut self, trainer: &Trainer) -> Result<()> {
        let checkpoint = Checkpoint {
            state: trainer.state()?,
            config: self.config.clone(),
            fingerprint: self.fingerprint,
        };
        self.writer.hand_over(checkpoint)
    }

    /// Waits until the last checkpoint is on disk.
    pub fn settle(&mut self) -> Result<()> {
        self.writer.finish()
    }

    /// Writes history.csv at once: for a training that failed, whose state isn't kept.
    pub fn save_history(&self, trainer: &Trainer) -> Result<()> {
        atomic_write(&self.folder.join(HISTORY), trainer.history.to_csv().as_bytes())
    }

    /// Writes the model as it is now, the raw weights, under a name in the folder.
    pub fn save_copy(&self, plan: &Plan, trainer: &Trainer, name: &str) -> Result<()> {
        let preprocessing = Some(&plan.data()?.preprocessing);
        let (config, training) = (portable(&plan.config), training(trainer));
        let self_test = self_test(plan, &trainer.model)?;
        let weights = trainer.model.weights();
        let bytes =
            artifact::to_bytes(&config, preprocessing, &training, self_test.as_ref(), weights)?;
        self.write_bytes(name, &bytes)
    }

    /// Writes a text under a name in the folder.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        self.write_bytes(name, text.as_bytes())
    }

    fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        atomic_write(&path, bytes)
    }

    /// Writes the trained model into the folder; gives back its path.
    pub fn save_model(&self, plan: &Plan, trainer: Trainer) -> Result<(PathBuf, Model)> {
        let path = self.folder.join(MODEL);
        let mut model = model_of(plan, trainer)?;
        model.self_test = self_test(plan, &model.network)?;
        model.save(&path)?;
        Ok((path, model))
    }
}

/// The name of the configuration in a run folder.
pub const CONFIG: &str = "config.yaml";

/// The trained model with its preprocessing, ready to be saved or used.
pub fn model_of(plan: &Plan, trainer: Trainer) -> Result<Model> {
    Ok(Model {
        config: portable(&plan.config),
        preprocessing: Some(plan.data()?.preprocessing.clone()),
        training: training(&trainer),
        self_test: None,
        spec: plan.spec.clone(),
        network: trainer.model,
    })
}

/// The self-test of a model with its present weights; None where `fit.self_test` is false.
pub fn self_test(plan: &Plan, model: &Network) -> Result<Option<SelfTest>> {
    match plan.config.fit.self_test {
        true => SelfTest::record(plan.data()?, model),
        false => Ok(None),
    }
}

fn training(trainer: &Trainer) -> Training {
    let last = trainer.history.epochs.last();
    Training {
        epochs: trainer.position().epoch,
        logs: last.map(|epoch| epoch.logs.clone()).unwrap_or_default(),
        stopped: trainer.stopped().map(str::to_string),
    }
}

/// The configuration without what belongs to this machine or this call: paths are file names,
/// verbosity is left out.
fn portable(config: &Config) -> Config {
    let mut config = config.clone();
    config.fit.verbose = None;
    map_paths(&mut config, |path| {
        Path::new(path).file_name().map_or(path.to_string(), |n| n.to_string_lossy().into_owned())
    });
    config
}

/// The configuration with its paths relative to the run's folder.
fn relative_to(config: &Config, from: &Path, to: &Path) -> Result<Config> {
    let absolute = |path: &Path| {
        fs_err::canonicalize(if path.as_os_str().is_empty() { Path::new(".") } else { path })
    };
    let (from, to) = (absolute(from)?, absolute(to)?);
    let mut config = config.clone();
    map_paths(&mut config, |path| {
        let path = from.join(path);
        pathdiff::diff_paths(&path, &to).unwrap_or(path).to_string_lossy().into_owned()
    });
    Ok(config)
}

fn map_paths(config: &mut Config, change: impl Fn(&str) -> String) {
    let Some(data) = &mut config.data else { return };
    data.train = change(&data.train);
    for path in [&mut data.validation, &mut data.test].into_iter().flatten() {
        *path = change(path);
    }
}

fn as_json(config: &Config) -> Result<Value> {
    serde_json::to_value(config).map_err(|error| Error::Internal(error.to_string()))
}

/// The first key whose values differ, other than those that may change on resume.
fn first_difference(path: &str, a: &Value, b: &Value) -> Option<String> {
    if MAY_CHANGE.contains(&path) || a == b {
        return None;
    }
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return Some(path.to_string()) };
    let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
    keys.into_iter().find_map(|key| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let null = &Value::Null;
        first_difference(&path, a.get(key).unwrap_or(null), b.get(key).unwrap_or(null))
    })
}

const MAY_CHANGE: [&str; 5] = ["name", "fit.epochs", "data.train", "data.validation", "data.test"];

fn taken(folder: &Path) -> Result<PathBuf> {
    let holds_run = [MODEL, CHECKPOINT, CONFIG].iter().any(|name| folder.join(name).exists());
    if folder.is_file() {
        return Err(Error::run(format!("{} is a file, not a folder", folder.display())));
    }
    if holds_run {
        return Err(Error::run(format!("{} already holds a run", folder.display())).with_help(
            format!("go on with it: `--resume {}`; or name another folder", folder.display()),
        ));
    }
    Ok(folder.to_path_buf())
}

fn next_free(name: &str) -> Result<PathBuf> {
    let name: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    let runs = Path::new("runs");
    fs_err::create_dir_all(runs)?;
    for number in 1..100_000 {
        let folder = runs.join(format!("{name}-{number:03}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::run("no free folder name is left in `runs/`").with_help("name one with `--out`"))
}
