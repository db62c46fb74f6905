//! `Trainer`: fit(), THE loop, readable from top to bottom.

mod hooks;
mod state;

use std::ops::ControlFlow;

use candle_core::{Device, Tensor};

use crate::callbacks::{Hook, Logs};
use crate::data::{Order, Samples, Shuffle};
use crate::diagnostics::Code;
use crate::engine::{self, Engine, GraphEngine, Task};
use crate::error::{Error, Result};
use crate::evaluate::{score, score_each};
use crate::events::{Clock, Event, Flow, Listeners};
pub(crate) use crate::events::{Ending, Outcome, Position};
use crate::history::{EpochLogs, History};
use crate::network::Network;
use crate::optimizers::OptimizerState;
use crate::random::Random;
use crate::scores::Scores;
use crate::spec::{Spec, TrainSpec};
use crate::threads;
pub use state::TrainerState;

/// What a training learns from.
pub struct TrainingData<'a> {
    /// The samples that are trained on.
    pub train: Box<dyn Samples + 'a>,
    /// The samples that are held back.
    pub validation: Option<Box<dyn Samples + 'a>>,
}

/// A model being trained: everything that changes from step to step.
pub struct Trainer {
    /// The model; its weights are the raw ones until [`Trainer::fit`] has ended.
    pub model: Network,
    /// The loss and the metrics of every epoch so far.
    pub history: History,
    pub(crate) spec: TrainSpec,
    pub(crate) optimizer: OptimizerState,
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) scores: Scores,
    held_back: Scores,
    pub(crate) hooks: Vec<Box<dyn Hook>>,
    pub(crate) position: Position,
    pub(crate) best: Option<Vec<Tensor>>,
    /// The epoch (from 1) of the best weights.
    pub(crate) best_epoch: Option<usize>,
    /// What the model's weights are once [`Trainer::fit`] has ended.
    ending: Option<Ending>,
    pub(crate) stopped: Option<String>,
    /// Whether layers that take statistics from the data have them.
    pub(crate) is_adapted: bool,
    /// How the samples are shuffled, once that is known.
    pub(crate) shuffle: Option<Shuffle>,
    /// The callbacks' states from a checkpoint, to be put back once they have begun.
    pub(crate) hook_states: Vec<serde_json::Value>,
    clock: Clock,
    tolerates_nan: bool,
    random: Random,
}

impl Trainer {
    /// A fresh model and a fresh optimizer for a spec that says how to train.
    pub fn new(spec: &Spec, device: &Device) -> Result<Self> {
        Trainer::of_network(Network::build(&spec.model, spec.seed, device)?, spec)
    }

    /// The same for a network that has its weights already.
    pub(crate) fn of_network(model: Network, spec: &Spec) -> Result<Self> {
        let Some(train) = &spec.train else {
            return Err(Error::run("the configuration has no `compile` section or no target")
                .with_help("say how the model is trained: optimizer, loss and metrics"));
        };
        let optimizer = OptimizerState::new(&train.optimizer, model.weights())?;
        let (scores, held_back) = (Scores::new(spec, train), Scores::new(spec, train));
        let hooks = train.hooks.clone();
        let engine = engine::of(&model)?;
        let tolerates_nan = hooks.iter().any(|hook| hook.tolerates_nan());
        Ok(Trainer {
            engine,
            tolerates_nan,
            model,
            history: History::default(),
            spec: train.clone(),
            optimizer,
            scores,
            held_back,
            hooks,
            position: Position::default(),
            best: None,
            best_epoch: None,
            ending: None,
            stopped: None,
            is_adapted: false,
            shuffle: None,
            hook_states: Vec::new(),
            clock: Clock::start(0),
            random: Random::new(spec.seed),
        })
    }

    /// Goes on with the same weights and the same optimizer by another spec of the training: other
    /// epochs, batches and callbacks.
    pub(crate) fn with_settings(self, spec: &Spec) -> Result<Self> {
        let Trainer { model, optimizer, history, position, is_adapted, .. } = self;
        let fresh = Trainer::of_network(model, spec)?;
        Ok(Trainer { history, optimizer, position, is_adapted, ..fresh })
    }

    /// Metrics in the target's original unit: one (factor, offset) a column of a scaled target.
    pub fn with_unit(mut self, unit: Option<Vec<(f64, f64)>>) -> Self {
        self.scores = self.scores.with_unit(unit.clone());
        self.held_back = self.held_back.with_unit(unit);
        self
    }

    /// The loss and the metrics of the current epoch so far.
    pub fn running_logs(&self) -> Result<Logs> {
        self.scores.logs("")
    }

    /// The same training through candle's autograd, whatever kernels there are: the oracle.
    pub fn autograd(mut self) -> Self {
        self.engine = Box::new(GraphEngine::new(&self.model));
        self
    }

    /// The same training with every layer composed of candle ops: the definition.
    pub fn without_kernels(mut self) -> Self {
        self.model = self.model.without_kernels();
        self.autograd()
    }

    /// Adds a callback of the program's own, after those of the configuration.
    pub fn with_hook(mut self, hook: Box<dyn Hook>) -> Self {
        self.tolerates_nan |= hook.tolerates_nan();
        self.hooks.push(hook);
        self
    }

    /// Why a callback stopped it, where one did.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// What the weights are that [`Trainer::fit`] ended with; None before.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// How it is trained.
    pub fn spec(&self) -> &TrainSpec {
        &self.spec
    }

    /// Where it stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The optimizer with its state.
    pub fn optimizer(&self) -> &OptimizerState {
        &self.optimizer
    }

    /// Trains until the last epoch, or until a callback or a listener says stop; on the threads that
    /// compute (see [`threads::within`]).
    pub fn fit(
        &mut self,
        data: &TrainingData<'_>,
        listeners: &mut Listeners<'_>,
    ) -> Result<Outcome> {
        threads::within(|| self.train(data, listeners))
    }

    fn train(&mut self, data: &TrainingData<'_>, listeners: &mut Listeners<'_>) -> Result<Outcome> {
        if !std::mem::replace(&mut self.is_adapted, true) {
            self.model.adapt(&*data.train)?;
        }
        let samples = data.train.len();
        let steps = samples.div_ceil(self.spec.batch_size);
        self.begin(listeners)?;
        self.stopped = None;
        while self.position.epoch < self.spec.epochs && self.stopped.is_none() {
            let epoch = self.position.epoch;
            if listeners.flow() == Flow::Interrupt {
                return Ok(Outcome::Interrupted);
            }
            if self.position.batch == 0 {
                self.hook(listeners, |hook, requests| hook.on_epoch_begin(epoch, requests))?;
                self.scores.reset();
            }
            self.clock = Clock::start(self.position.batch);
            let epochs = self.spec.epochs;
            listeners.tell(&Event::EpochStart { epoch: epoch + 1, epochs, steps }, self)?;
            let order = self.order(epoch, samples);
            let mut rows = Vec::with_capacity(self.spec.batch_size.min(samples));
            while self.position.batch < steps && self.stopped.is_none() {
                let start = self.position.batch * self.spec.batch_size;
                let end = samples.min(start + self.spec.batch_size);
                rows.clear();
                rows.extend((start..end).map(|position| order.at(position as u64)));
                self.step(&*data.train, &rows)?;
                self.after_batch(listeners)?;
                self.clock.batch_ended();
                listeners.batch(self)?;
                if listeners.flow() == Flow::Interrupt {
                    return Ok(Outcome::Interrupted);
                }
            }
            let mut logs = self.scores.logs("")?;
            if let Some(validation) = &data.validation
                && (epoch + 1).is_multiple_of(self.spec.validation_freq)
            {
                let Some(validated) = self.validate(&**validation, listeners)? else {
                    return Ok(Outcome::Interrupted);
                };
                logs.extend(validated);
            }
            self.end_epoch(logs, listeners)?;
        }
        self.end(data, listeners)?;
        Ok(Outcome::Finished(self.stopped.clone()))
    }

    /// Only what [`Trainer::fit`] does after the last epoch: for a training that was resumed at its
    /// end.
    pub fn finish(&mut self, data: &TrainingData<'_>, listeners: &mut Listeners<'_>) -> Result<()> {
        threads::within(|| {
            self.begin(listeners)?;
            self.end(data, listeners)
        })
    }

    /// The callbacks begin, or go on from the states of a checkpoint.
    fn begin(&mut self, listeners: &mut Listeners<'_>) -> Result<()> {
        self.hook(listeners, |hook, requests| hook.on_train_begin(requests))?;
        let states = std::mem::take(&mut self.hook_states);
        if states.is_empty() {
            return Ok(());
        }
        for (hook, state) in self.hooks.iter_mut().zip(states) {
            hook.set_state(&state).map_err(Error::run)?;
        }
        let history = std::mem::take(&mut self.history);
        let result = self.hook(listeners, |hook, requests| hook.on_resume(&history, requests));
        self.history = history;
        result
    }

    /// The weights become the averages where those are kept, then the best where a callback puts
    /// them back, in Keras's order.
    fn end(&mut self, data: &TrainingData<'_>, listeners: &mut Listeners<'_>) -> Result<()> {
        listeners.tell(&Event::TrainingEnd, self)?;
        let averaged = self.optimizer.finalize(self.model.weights())?;
        let mut ending = Ending { averaged, ..Ending::default() };
        self.ending = Some(ending.clone());
        self.hook(listeners, |hook, requests| hook.on_train_end(requests))?;
        if let Some(Ending { best_epoch: Some(best), .. }) = self.ending {
            ending = Ending { best_epoch: Some(best), averaged: false, ..ending };
        }
        let epochs = &self.history.epochs;
        let last = ending.best_epoch.map_or(epochs.last(), |best| epochs.get(best - 1));
        ending.logs = match (ending.averaged, &data.validation) {
            (false, _) => last.map(|epoch| epoch.logs.clone()).unwrap_or_default(),
            (true, Some(validation)) => self.worth(&**validation, "val_")?,
            (true, None) => self.worth(&*data.train, "")?,
        };
        self.ending = Some(ending);
        Ok(())
    }

    /// One step: forward, loss, gradients, update.
    fn step(&mut self, samples: &dyn Samples, rows: &[u64]) -> Result<()> {
        let Trainer { model, engine, spec, optimizer, scores, .. } = self;
        let task = Task { network: model, loss: &spec.loss, samples };
        let not_finite = engine.train(&task, rows, self.position.step, optimizer, scores)?;
        if let Some(loss) = not_finite.filter(|_| !self.tolerates_nan) {
            return Err(self.not_finite(loss));
        }
        self.position.batch += 1;
        self.position.step += 1;
        Ok(())
    }

    /// The order of the samples of an epoch.
    fn order(&mut self, epoch: usize, samples: usize) -> Order {
        let samples = samples as u64;
        let shuffle = *self.shuffle.get_or_insert(Shuffle::of(samples));
        match self.spec.shuffle {
            true => Order::shuffled(&self.random, epoch as u64, samples, shuffle),
            false => Order::unshuffled(),
        }
    }

    /// The loss and the metrics over the samples that are held back; None where a listener
    /// interrupts. A resumed training validates from the first batch again.
    fn validate(
        &mut self,
        data: &dyn Samples,
        listeners: &mut Listeners<'_>,
    ) -> Result<Option<Logs>> {
        let Trainer { model, engine, spec, held_back, .. } = self;
        let mut each = || match listeners.flow() {
            Flow::Continue => ControlFlow::Continue(()),
            Flow::Interrupt => ControlFlow::Break(()),
        };
        let task = Task { network: model, loss: &spec.loss, samples: data };
        let size = spec.validation_batch_size;
        let end = score_each(engine.as_mut(), &task, size, held_back, &mut each)?;
        match end {
            ControlFlow::Continue(()) => held_back.logs("val_").map(Some),
            ControlFlow::Break(()) => Ok(None),
        }
    }

    /// The loss and the metrics of the weights as they are, each key with a prefix.
    fn worth(&mut self, data: &dyn Samples, prefix: &str) -> Result<Logs> {
        let Trainer { model, engine, spec, held_back, .. } = self;
        let task = Task { network: model, loss: &spec.loss, samples: data };
        score(engine.as_mut(), &task, spec.validation_batch_size, held_back)?;
        held_back.logs(prefix)
    }

    fn after_batch(&mut self, listeners: &mut Listeners<'_>) -> Result<()> {
        if !self.hooks.iter().any(|hook| hook.watches_batches()) {
            return Ok(());
        }
        let (batch, logs) = (self.position.batch - 1, self.scores.logs("")?);
        self.hook(listeners, |hook, requests| hook.on_batch_end(batch, &logs, requests))
    }

    fn end_epoch(&mut self, mut logs: Logs, listeners: &mut Listeners<'_>) -> Result<()> {
        let Position { epoch, batch, .. } = self.position;
        self.hook(listeners, |hook, requests| hook.on_epoch_end(epoch, &mut logs, requests))?;
        self.history.epochs.push(EpochLogs { epoch: epoch + 1, logs: logs.clone() });
        self.position.epoch += 1;
        self.position.batch = 0;
        self.scores.reset();
        let event = self.clock.epoch(epoch + 1, self.spec.epochs, logs, batch);
        listeners.tell(&event, self)
    }

    fn not_finite(&self, loss: f32) -> Error {
        let Position { epoch, batch, .. } = self.position;
        Error::run(format!("the loss is {loss} at epoch {}, batch {}", epoch + 1, batch + 1))
            .with_code(Code::NotFinite)
            .with_help("lower the learning rate, scale the features, or clip the gradients (`clipnorm: 1.0`)")
    }

    /// Everything that is needed to go on exactly from here.
    pub fn state(&self) -> Result<TrainerState> {
        TrainerState::of(self)
    }

    /// Goes on from a state; the model and the optimizer must be built from the same spec.
    pub fn resume(&mut self, state: &TrainerState) -> Result<()> {
        state.restore(self)
    }
}
