//! Checkpoints: everything that is needed to go on with a training, bit for bit.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use candle_core::Tensor;
use serde_json::{Value, json};

use crate::artifact::{FORMAT_MAJOR, FORMAT_MINOR, check_format};
use crate::error::{Error, Result};
use crate::files::{TensorFile, atomic_write, exact, from_exact, to_safetensors};
use crate::history::{HISTORY, History};
use crate::trainer::{Position, Trainer};

/// The name of the checkpoint in a run folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";

/// A trainer's state: raw weights, optimizer, best weights, position, scores, callbacks, history.
pub struct TrainerState {
    weights: Vec<(String, Tensor)>,
    optimizer: Vec<(String, Tensor)>,
    best: Vec<(String, Tensor)>,
    position: Position,
    scores: Vec<Vec<f64>>,
    hooks: Vec<Value>,
    history: History,
    stopped: Option<String>,
}

/// A checkpoint: a trainer's state, and what it was trained on and how.
pub struct Checkpoint {
    /// Where the training stood.
    pub state: TrainerState,
    /// The resolved configuration.
    pub config: Value,
    /// A number that changes with the data.
    pub fingerprint: u64,
}

impl TrainerState {
    pub(crate) fn of(trainer: &Trainer) -> Result<TrainerState> {
        let mut weights = Vec::new();
        for weight in trainer.model.weights().iter() {
            weights.push((weight.path(), weight.var.as_tensor().copy()?));
        }
        let best = trainer.best.iter().flatten();
        let paths = trainer.model.weights().iter().map(super::weights::Weight::path);
        let hooks = match trainer.hook_states.is_empty() {
            true => trainer.hooks.iter().map(|hook| hook.state()).collect(),
            false => trainer.hook_states.clone(), // resumed, and not yet begun
        };
        Ok(TrainerState {
            best: paths.zip(best.cloned()).collect(),
            weights,
            optimizer: trainer.optimizer.variables()?,
            position: trainer.position,
            scores: trainer.scores.state(),
            hooks,
            history: trainer.history.clone(),
            stopped: trainer.stopped.clone(),
        })
    }

    pub(crate) fn restore(&self, trainer: &mut Trainer) -> Result<()> {
        let other = |what: &str| Error::run(format!("the checkpoint's {what} are another model's"));
        let list = trainer.model.weights();
        if list.iter().count() != self.weights.len() {
            return Err(other("weights"));
        }
        for (weight, (path, values)) in list.iter().zip(&self.weights) {
            if weight.path() != *path || weight.shape() != values.dims() {
                return Err(other("weights"));
            }
            weight.set(values)?;
        }
        if !self.best.is_empty() {
            trainer.best = Some(self.best.iter().map(|(_, tensor)| tensor.clone()).collect());
        }
        trainer.optimizer.set_variables(&self.optimizer)?;
        if !trainer.scores.set_state(&self.scores) {
            return Err(other("metrics"));
        }
        trainer.position = self.position;
        trainer.history = self.history.clone();
        trainer.hook_states.clone_from(&self.hooks);
        trainer.stopped.clone_from(&self.stopped);
        Ok(())
    }

    /// Where the training stood.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The optimizer's variables, named as Keras does, in its order.
    pub fn optimizer(&self) -> &[(String, Tensor)] {
        &self.optimizer
    }

    /// Why a callback stopped it, where one did.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }
}

impl Checkpoint {
    /// The bytes of the file: a function of what it holds.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let state = &self.state;
        let scores: Vec<Vec<Value>> =
            state.scores.iter().map(|list| list.iter().map(|x| exact(*x)).collect()).collect();
        let metadata = json!({
            "format": { "kind": "checkpoint", "major": FORMAT_MAJOR, "minor": FORMAT_MINOR },
            "config": self.config,
            "fingerprint": format!("{:016x}", self.fingerprint),
            "position": state.position,
            "weights": names(&state.weights),
            "optimizer": names(&state.optimizer),
            "scores": scores,
            "callbacks": state.hooks,
            "history": state.history,
            "stopped": state.stopped,
        });
        let mut tensors = Vec::new();
        for (part, list) in
            [("weight", &state.weights), ("optimizer", &state.optimizer), ("best", &state.best)]
        {
            for (index, (_, tensor)) in list.iter().enumerate() {
                tensors.push((format!("{part}.{index:04}"), tensor.clone()));
            }
        }
        to_safetensors(&tensors, Some(&metadata))
    }

    /// Reads the checkpoint of a run folder.
    pub fn read(path: &Path) -> Result<Checkpoint> {
        let file = TensorFile::read(path)?;
        let damaged = || Error::model(path, "not a checkpoint of Lanthorn's");
        let metadata = file.metadata.as_ref().ok_or_else(damaged)?;
        check_format(path, metadata, "checkpoint")?;
        let list = |part: &str, names: &Value| -> Result<Vec<(String, Tensor)>> {
            let names: Vec<String> = read(names).ok_or_else(damaged)?;
            let mut tensors = Vec::new();
            for (index, name) in names.into_iter().enumerate() {
                let tensor = file.tensors.get(&format!("{part}.{index:04}"));
                tensors.push((name, tensor.ok_or_else(damaged)?.clone()));
            }
            Ok(tensors)
        };
        let scores: Vec<Vec<Value>> = read(&metadata["scores"]).ok_or_else(damaged)?;
        let scores: Option<Vec<Vec<f64>>> =
            scores.iter().map(|list| list.iter().map(from_exact).collect()).collect();
        let has_best = file.tensors.contains_key("best.0000");
        let best = if has_best { metadata["weights"].clone() } else { json!([]) };
        let fingerprint = metadata["fingerprint"].as_str().unwrap_or_default();
        Ok(Checkpoint {
            state: TrainerState {
                weights: list("weight", &metadata["weights"])?,
                optimizer: list("optimizer", &metadata["optimizer"])?,
                best: list("best", &best)?,
                position: read(&metadata["position"]).ok_or_else(damaged)?,
                scores: scores.ok_or_else(damaged)?,
                hooks: read(&metadata["callbacks"]).ok_or_else(damaged)?,
                history: read(&metadata["history"]).ok_or_else(damaged)?,
                stopped: read(&metadata["stopped"]).ok_or_else(damaged)?,
            },
            config: metadata["config"].clone(),
            fingerprint: u64::from_str_radix(fingerprint, 16).map_err(|_| damaged())?,
        })
    }
}

fn names(list: &[(String, Tensor)]) -> Vec<&String> {
    list.iter().map(|(name, _)| name).collect()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// Writes checkpoints off the training's path: the newest wins, at most about one a second, and
/// the last always.
pub struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    last: Instant,
}

struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

#[derive(Default)]
struct Desk {
    waiting: Option<Checkpoint>,
    writing: bool,
    closed: bool,
    error: Option<Error>,
}

/// The time between two checkpoints.
const INTERVAL: Duration = Duration::from_secs(1);

impl Writer {
    /// A writer of one file.
    pub fn new(path: &Path) -> Writer {
        let shared = Arc::new(Shared { desk: Mutex::default(), changed: Condvar::new() });
        let (desk, path) = (Arc::clone(&shared), path.to_path_buf());
        let thread = std::thread::spawn(move || write_all(&desk, &path));
        Writer { shared, thread: Some(thread), last: Instant::now() }
    }

    /// True where the last checkpoint is old enough for another.
    pub fn is_due(&self) -> bool {
        self.last.elapsed() >= INTERVAL
    }

    /// Hands over a checkpoint; one that still waits is dropped. An earlier failure is told here.
    pub fn hand_over(&mut self, checkpoint: Checkpoint) -> Result<()> {
        self.last = Instant::now();
        let mut desk = self.shared.lock();
        if let Some(error) = desk.error.take() {
            return Err(error);
        }
        desk.waiting = Some(checkpoint);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Waits until the last checkpoint is on disk.
    pub fn finish(&mut self) -> Result<()> {
        let mut desk = self.shared.lock();
        while desk.waiting.is_some() || desk.writing {
            desk =
                self.shared.changed.wait(desk).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        desk.error.take().map_or(Ok(()), Err)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The checkpoint, and the history beside it: in each epoch of a fast training, flushing that to
/// disk would take longer than the epoch.
fn write(checkpoint: &Checkpoint, path: &Path) -> Result<()> {
    atomic_write(path, &checkpoint.to_bytes()?)?;
    let history = &checkpoint.state.history;
    match history.epochs.is_empty() {
        true => Ok(()),
        false => atomic_write(&path.with_file_name(HISTORY), history.to_csv().as_bytes()),
    }
}

fn write_all(shared: &Shared, path: &Path) {
    let mut desk = shared.lock();
    loop {
        if let Some(checkpoint) = desk.waiting.take() {
            desk.writing = true;
            drop(desk);
            let result = write(&checkpoint, path);
            desk = shared.lock();
            desk.writing = false;
            if let Err(error) = result {
                desk.error = Some(error);
            }
            shared.changed.notify_all();
        } else if desk.closed {
            return;
        } else {
            desk = shared.changed.wait(desk).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}
