//! What a training is at a moment: all that is needed to go on, and the summary in its model.

use candle_core::{DType, Tensor};
use serde_json::Value;

use super::parts::Trainer;
use crate::data::Shuffle;
use crate::error::{Error, Result};
use crate::history::History;
use crate::model::artifact::Training;
use crate::trainer::events::Position;
use crate::weights::Weight;

/// A trainer's state: raw weights, optimizer, best weights, position, scores, callbacks, history.
pub struct TrainerState {
    pub(crate) weights: Vec<(String, Tensor)>,
    pub(crate) optimizer: Vec<(String, Tensor)>,
    pub(crate) best: Vec<(String, Tensor)>,
    pub(crate) best_epoch: Option<usize>,
    pub(crate) position: Position,
    pub(crate) scores: Vec<Vec<f64>>,
    pub(crate) hooks: Vec<Value>,
    pub(crate) history: History,
    pub(crate) stopped: Option<String>,
    /// Whether layers that take statistics from the data have them.
    pub(crate) is_adapted: bool,
    /// How the samples are shuffled; None before the first epoch.
    pub(crate) shuffle: Option<Shuffle>,
}

impl Trainer {
    /// Everything that is needed to go on exactly from here.
    pub fn state(&self) -> Result<TrainerState> {
        TrainerState::of(self)
    }

    /// Goes on from a state; the model and the optimizer must be built from the same spec.
    pub fn resume(&mut self, state: &TrainerState) -> Result<()> {
        state.restore(self)
    }
}

impl TrainerState {
    pub(crate) fn of(trainer: &Trainer) -> Result<TrainerState> {
        Ok(TrainerState {
            history: trainer.history.clone(),
            ..TrainerState::without_history(trainer)?
        })
    }

    /// The state but for the history, of which the writer of checkpoints has what came before.
    pub(crate) fn without_history(trainer: &Trainer) -> Result<TrainerState> {
        let paths = || trainer.model.weights().iter().map(Weight::path);
        let weights = paths().zip(trainer.engine.weights(&trainer.model)?).collect();
        let best = trainer.best.iter().flatten();
        let hooks = if trainer.hook_states.is_empty() {
            trainer.hooks.iter().map(|hook| hook.state()).collect()
        } else {
            trainer.hook_states.clone() // resumed, and not yet begun
        };
        Ok(TrainerState {
            best: paths().zip(best.cloned()).collect(),
            best_epoch: trainer.best_epoch,
            weights,
            optimizer: trainer.optimizer.variables()?,
            position: trainer.position,
            scores: trainer.scores.state()?,
            hooks,
            history: History::default(),
            stopped: trainer.stopped.clone(),
            is_adapted: trainer.is_adapted,
            shuffle: trainer.shuffle,
        })
    }

    pub(crate) fn restore(&self, trainer: &mut Trainer) -> Result<()> {
        let other = |what: &str| Error::run(format!("the checkpoint's {what} are another model's"));
        let list = trainer.model.weights();
        if list.iter().count() != self.weights.len() {
            return Err(other("weights"));
        }
        for (weight, (path, values)) in list.iter().zip(&self.weights) {
            let is_alike = weight.shape() == values.dims() && values.dtype() == DType::F32;
            if weight.path() != *path || !is_alike {
                return Err(other("weights"));
            }
        }
        let values: Vec<Tensor> = self.weights.iter().map(|(_, values)| values.clone()).collect();
        trainer.engine.set_weights(&trainer.model, &values)?;
        if !self.best.is_empty() {
            let fits = list.iter().zip(&self.best).all(|(weight, (_, values))| {
                weight.shape() == values.dims() && values.dtype() == DType::F32
            });
            if !fits {
                return Err(other("best weights"));
            }
            trainer.best = Some(self.best.iter().map(|(_, tensor)| tensor.clone()).collect());
            trainer.best_epoch = self.best_epoch;
        }
        trainer.optimizer.set_variables(&self.optimizer)?;
        if !trainer.scores.set_state(&self.scores) {
            return Err(other("metrics"));
        }
        trainer.position = self.position;
        trainer.history = self.history.clone();
        trainer.hook_states.clone_from(&self.hooks);
        trainer.stopped.clone_from(&self.stopped);
        trainer.is_adapted = self.is_adapted;
        trainer.shuffle = self.shuffle;
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

    /// The loss and the metrics of every epoch so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Why a callback stopped it, where one did.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }
}

impl Training {
    /// Of a training that has ended.
    pub(crate) fn of(trainer: &Trainer) -> Training {
        match trainer.ending() {
            None => Training::so_far(trainer),
            Some(ending) => Training {
                logs: ending.logs.clone(),
                best_epoch: ending.best_epoch,
                averaged: ending.averaged,
                ..Training::so_far(trainer)
            },
        }
    }

    /// Of a training in its course, with its weights as they are.
    pub(crate) fn so_far(trainer: &Trainer) -> Training {
        let last = trainer.history.epochs.last();
        Training {
            epochs: trainer.position().epoch,
            logs: last.map(|epoch| epoch.logs.clone()).unwrap_or_default(),
            stopped: trainer.stopped().map(str::to_string),
            ..Training::default()
        }
    }
}
