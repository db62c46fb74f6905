//! A run: a folder with the model, its checkpoint, its history and its resolved configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use crate::config::{Document, shortened};
use crate::diagnostics::shell::option;
use crate::disk::files::TensorFile;
use crate::disk::lock::{LOCK, Lock};
use crate::disk::{self, Disk, Existing, Local};
use crate::error::{Error, Result};
use crate::history::results::RunMetrics;
use crate::model::artifact::{Interrupted, MODEL, Model, ModelParts, Training};
use crate::model::network::Network;
use crate::model::self_test::SelfTest;
use crate::runs::event_log::{EventLog, learning_rates, progress_line};
use crate::runs::run_folder::new_folder;
use crate::runs::run_metrics::{METRICS, Session};
use crate::runs::standing::{check_position, epochs, words};
use crate::runs::writer::{Progress, Writer};
pub(super) use crate::sections::run_config::CONFIG;
use crate::sections::run_config::{as_json, first_difference, portable, yaml};
use crate::sections::{Config, Interval};
use crate::trainer::checkpoint::{CHECKPOINT, Checkpoint};
use crate::trainer::events::Position;
use crate::trainer::{Trainer, TrainerState};
use crate::training::decide::decide;
use crate::training::plan::Plan;

/// The folder of a run, and what is kept in it; no other process writes there meanwhile.
pub struct Run {
    /// The folder.
    pub folder: PathBuf,
    config: Value,
    fingerprint: u64,
    disk: Arc<dyn Disk>,
    writer: Writer,
    /// Epochs whose logs the writer has.
    kept: usize,
    /// Batches of an epoch.
    steps: usize,
    session: Session,
    /// Files that were appended to since they were last flushed.
    unflushed: BTreeSet<String>,
    lock: Lock,
}

/// A trained model, its file, and what its training came to.
pub struct SavedRun {
    /// The model's file.
    pub path: PathBuf,
    /// The model.
    pub model: Model,
    /// What metrics.json holds.
    pub metrics: RunMetrics,
}

/// What a run's folder says of its training.
pub enum Resumed {
    /// It holds no checkpoint: the training begins anew.
    Anew,
    /// It goes on from here.
    From(TrainerState),
    /// The training has ended, but its model is missing, or an older one: it is still to be made.
    Ended(TrainerState),
    /// It has ended, and its model is there: how to go on all the same, as an error.
    Finished(Error),
}

impl Run {
    /// Makes the folder of a new run: `out`, or the next free `runs/<name>-NNN`. It is a run once
    /// [`Run::begin`] has written its first checkpoint.
    pub fn create(plan: &Plan, out: Option<&Path>) -> Result<Run> {
        Run::create_on(Arc::new(Local), true, plan, out)
    }

    /// The same on another disk; without a thread for the checkpoints, each is written at once.
    pub(crate) fn create_on(
        disk: Arc<dyn Disk>,
        is_threaded: bool,
        plan: &Plan,
        out: Option<&Path>,
    ) -> Result<Run> {
        let (folder, lock) = new_folder(&*disk, plan.config.name.as_deref(), out)?;
        Run::over(disk, is_threaded, plan, folder, lock)
    }

    /// Writes the first checkpoint, then config.yaml: a run that has a configuration has its first
    /// weights, wherever they are from.
    pub fn begin(&mut self, plan: &Plan, trainer: &Trainer) -> Result<()> {
        let text = yaml(&plan.config, &plan.folder, &self.folder)?;
        self.keep(trainer)?;
        self.settle()?;
        let path = self.folder.join(CONFIG);
        disk::write_whole(&*self.disk, &path, Existing::Keep, &mut |out| {
            Ok(out.write_all(text.as_bytes())?)
        })
    }

    /// The run in a folder, to go on with; the plan is that of its configuration. `lock` is the
    /// folder's.
    pub fn open(plan: &Plan, folder: &Path, lock: Lock) -> Result<Run> {
        Run::over(Arc::new(Local), true, plan, folder.to_path_buf(), lock)
    }

    /// The same on another disk; see [`Run::create_on`].
    pub(crate) fn over(
        disk: Arc<dyn Disk>,
        is_threaded: bool,
        plan: &Plan,
        folder: PathBuf,
        lock: Lock,
    ) -> Result<Run> {
        disk::remove_leftovers(&*disk, &folder, LOCK);
        let interval = plan.config.fit.checkpoint.map(Interval::duration);
        Ok(Run {
            writer: Writer::new(
                &folder,
                Arc::clone(&disk),
                EventLog::new(plan),
                interval,
                is_threaded,
            ),
            config: shortened(&as_json(&portable(&plan.config))?),
            fingerprint: plan.data()?.fingerprint()?,
            folder,
            disk,
            kept: 0,
            steps: plan.data()?.train.len().div_ceil(plan.config.fit.batch_size.max(1)),
            session: Session { started: Instant::now(), begin: Position::default() },
            unflushed: BTreeSet::new(),
            lock,
        })
    }

    /// The state to go on from, if the checkpoint is of the same configuration and data; config.yaml
    /// becomes what the run aims at from here on. `verify` is whether a checkpoint that is not as it
    /// was written is an error.
    pub fn resume(&mut self, plan: &Plan, verify: bool) -> Result<Resumed> {
        let path = self.folder.join(CHECKPOINT);
        if !path.exists() {
            if self.folder.join(MODEL).exists() {
                let message =
                    format!("{} holds a model, but no {CHECKPOINT}", self.folder.display());
                return Err(Error::run(message).with_help(format!(
                    "start a new run from its weights: `{}`",
                    option("--init-weights", &self.folder)
                )));
            }
            return Ok(Resumed::Anew);
        }
        let checkpoint =
            if verify { Checkpoint::read(&path)? } else { Checkpoint::read_unverified(&path)? };
        if let Some(key) = first_difference("", &shortened(&checkpoint.config), &self.config) {
            return Err(Error::run(format!("`{key}` is not what the run was started with"))
                .with_help("only `fit.epochs`, `fit.verbose`, `fit.checkpoint` and paths may change on resume; start a new run for another model"));
        }
        if checkpoint.fingerprint != self.fingerprint {
            return Err(Error::run("the data is not what the run was started with").with_help(
                "put the old file back, or start a new run (with `--init-weights` to keep the weights)",
            ));
        }
        let state = checkpoint.state;
        let position = state.position();
        check_position(plan, &state, &path)?;
        let (before, now) = (epochs(&checkpoint.config), epochs(&self.config));
        let has_gone_further =
            position.epoch > now || (position.epoch == now && position.batch > 0);
        if has_gone_further {
            return Err(Error::run(format!(
                "the run has done {}, more than {now}",
                words(position)
            ))
            .with_help(format!(
                "raise `fit.epochs` to go on: `--set fit.epochs={}`",
                before.max(now) + 10
            )));
        }
        let has_ended = position.epoch == now || (state.stopped().is_some() && now <= before);
        if !has_ended {
            self.aim(plan)?;
            return Ok(Resumed::From(state));
        }
        self.writer.write_history(&state.history().epochs)?;
        if self.has_model_of(position) {
            let why = state.stopped().map(|why| format!(" ({why})")).unwrap_or_default();
            let done = position.epoch;
            let message = format!("the run is finished: {done} of {now} epochs are done{why}");
            return Ok(Resumed::Finished(Error::run(message).with_help(format!(
                "raise `fit.epochs` to go on: `--set fit.epochs={}`",
                now + 10
            ))));
        }
        Ok(Resumed::Ended(state))
    }

    /// True where the folder's model is the one of a finished training that ended here.
    fn has_model_of(&self, position: Position) -> bool {
        let Some(metadata) = TensorFile::metadata(&self.folder.join(MODEL)) else { return false };
        let training = &metadata["training"];
        training["interrupted"].is_null() && training["epochs"] == position.epoch
    }

    /// Writes config.yaml anew where the run aims at something else than it says.
    fn aim(&self, plan: &Plan) -> Result<()> {
        let path = self.folder.join(CONFIG);
        let old = Document::open(&path)?.config::<Config>()?;
        if as_json(&old)? == as_json(&plan.config)? {
            return Ok(());
        }
        let text = yaml(&plan.config, &plan.folder, &self.folder)?;
        disk::replace(&*self.disk, &path, text.as_bytes())
    }

    /// The training begins here, or goes on: what its time and its speed are counted from.
    pub fn start_clock(&mut self, trainer: &Trainer) {
        self.session = Session { started: Instant::now(), begin: trainer.position() };
    }

    /// True where something is to be written again; see [`Run::write_what_is_due`].
    pub fn is_due(&self) -> bool {
        self.writer.is_due()
    }

    /// Writes a checkpoint where one is due, else the history and how far the epoch is, both off the
    /// training's path.
    pub fn write_what_is_due(&mut self, trainer: &Trainer) -> Result<()> {
        if self.writer.is_checkpoint_due() {
            return self.keep(trainer);
        }
        self.tell(trainer);
        Ok(())
    }

    /// Writes the history and how far the epoch is.
    pub(crate) fn tell(&mut self, trainer: &Trainer) {
        let progress = self.progress(trainer, progress_line(trainer));
        self.writer.tell(progress);
    }

    /// The epochs that the writer doesn't have yet, and the last line of events.jsonl.
    fn progress(&mut self, trainer: &Trainer, line: String) -> Progress {
        let epochs = trainer.history.epochs[self.kept..].to_vec();
        self.kept = trainer.history.epochs.len();
        Progress { learning_rates: learning_rates(trainer, &epochs, self.steps), epochs, line }
    }

    /// Ends events.jsonl with a line.
    pub fn end_events(&mut self, trainer: &Trainer, end: &Value) -> Result<()> {
        let progress = self.progress(trainer, format!("{end}\n"));
        self.writer.end(&progress)
    }

    /// Keeps the trainer's state and the history, off the training's path. That it can't be written
    /// is told by [`Run::settle`] and [`Run::warnings`]; the training need not end for it.
    pub fn keep(&mut self, trainer: &Trainer) -> Result<()> {
        self.writer.wait(); // before the state is copied: one copy at a time
        let started = Instant::now();
        let is_within = trainer.position().batch > 0;
        let line = if is_within { progress_line(trainer) } else { String::new() };
        let progress = self.progress(trainer, line);
        let checkpoint = Checkpoint {
            state: TrainerState::without_history(trainer)?,
            config: self.config.clone(),
            fingerprint: self.fingerprint,
        };
        self.writer.hand_over(checkpoint, progress, started);
        Ok(())
    }

    /// Waits until the last checkpoint is on disk; an error where it can't be written.
    pub fn settle(&mut self) -> Result<()> {
        self.writer.finish()
    }

    /// What the user should know by now of the folder and its checkpoints.
    pub fn warnings(&mut self) -> Vec<String> {
        self.writer.warnings()
    }

    /// What the user should know of the folder's lock.
    pub fn lock_warning(&self) -> Option<&str> {
        self.lock.warning()
    }

    /// Writes history.csv at once: for a training that failed, whose state isn't kept.
    pub fn save_history(&self, trainer: &Trainer) -> Result<()> {
        self.writer.write_history(&trainer.history.epochs)
    }

    /// Writes the model as it is now, the raw weights, under a name in the folder.
    pub fn save_copy(&self, plan: &Plan, trainer: &Trainer, name: &str) -> Result<()> {
        self.save_raw(plan, trainer, name, Training::so_far(trainer))
    }

    /// Writes the model of a training that is interrupted, which says so where it is used.
    pub fn save_interrupted(&mut self, plan: &Plan, trainer: &Trainer) -> Result<()> {
        let Position { epoch, batch, .. } = trainer.position();
        let epochs = trainer.spec().epochs;
        let interrupted = Some(Interrupted { epoch: epoch + 1, batch, epochs });
        let training = Training { interrupted, ..Training::so_far(trainer) };
        let metrics = self.metrics(plan, trainer, &training)?;
        self.write(METRICS, &metrics.text()?)?;
        self.end_events(trainer, &metrics.event())?;
        self.save_raw(plan, trainer, MODEL, training)
    }

    fn save_raw(
        &self,
        plan: &Plan,
        trainer: &Trainer,
        name: &str,
        training: Training,
    ) -> Result<()> {
        let preprocessing = Some(&plan.data()?.preprocessing);
        let self_test = self_test(plan, &trainer.model)?;
        let (config, weights) = (portable(&plan.config), trainer.model.weights());
        let parts = ModelParts {
            config: &config,
            preprocessing,
            training: &training,
            self_test: self_test.as_ref(),
            decisions: None, // made once the training has ended
        };
        let bytes = parts.to_bytes(weights)?;
        disk::replace(&*self.disk, &self.folder.join(name), &bytes)
    }

    /// Writes a text under a name in the folder, in place of what the file holds.
    pub fn write(&mut self, name: &str, text: &str) -> Result<()> {
        self.unflushed.remove(name);
        disk::replace(&*self.disk, &self.folder.join(name), text.as_bytes())
    }

    /// Writes a text at the end of a file in the folder; it is flushed when the training ends.
    pub fn append(&mut self, name: &str, text: &str) -> Result<()> {
        self.unflushed.insert(name.to_string());
        disk::append(&*self.disk, &self.folder.join(name), text)
    }

    /// Flushes what was appended.
    pub fn flush(&mut self) -> Result<()> {
        let names = std::mem::take(&mut self.unflushed);
        names.iter().try_for_each(|name| disk::sync(&*self.disk, &self.folder.join(name)))
    }

    /// Writes metrics.json, the end of events.jsonl and the trained model; the
    /// model comes last: a folder that has it has the others.
    pub fn save_model(&mut self, plan: &Plan, trainer: Trainer) -> Result<SavedRun> {
        self.flush()?;
        let path = self.folder.join(MODEL);
        let mut metrics = self.metrics(plan, &trainer, &Training::of(&trainer))?;
        let mut progress = self.progress(&trainer, String::new());
        let mut model = model_of(plan, trainer)?;
        metrics.end = model.training.logs.clone(); // a calibrated model has others
        self.write(METRICS, &metrics.text()?)?;
        progress.line = format!("{}\n", metrics.event());
        self.writer.end(&progress)?;
        model.self_test = self_test(plan, &model.network)?;
        disk::replace(&*self.disk, &path, &model.to_bytes()?)?;
        Ok(SavedRun { path, model, metrics })
    }

    fn metrics(&self, plan: &Plan, trainer: &Trainer, training: &Training) -> Result<RunMetrics> {
        let (fingerprint, session) = (self.fingerprint, self.session);
        RunMetrics::of(plan, trainer, training, fingerprint, session, &self.folder)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.writer.wait();
        disk::remove_leftovers(&*self.disk, &self.folder, LOCK);
    }
}

/// The trained model with its preprocessing and its decisions, ready to be saved or used.
pub fn model_of(plan: &Plan, trainer: Trainer) -> Result<Model> {
    let model = Model {
        config: portable(&plan.config),
        preprocessing: Some(plan.data()?.preprocessing.clone()),
        training: Training::of(&trainer),
        self_test: None,
        decisions: None,
        spec: plan.spec.clone(),
        network: trainer.model,
    };
    decide(plan, model)
}

/// The self-test of a model with its present weights; None where `fit.self_test` is false.
pub fn self_test(plan: &Plan, model: &Network) -> Result<Option<SelfTest>> {
    if plan.config.fit.self_test { SelfTest::record(plan.data()?, model) } else { Ok(None) }
}
