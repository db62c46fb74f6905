//! `Trainer`: fit(), THE loop, readable from top to bottom.

pub(crate) mod checkpoint;
pub(crate) mod events;
mod find_lr;
mod hooks;
mod listener;
mod parts;
mod state;
mod timing;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::data::{Order, Samples, Shuffle};
use crate::diagnostics::Code;
use crate::error::{Error, Result};
use crate::gpu;
use crate::history::EpochLogs;
use crate::history::logs::Logs;
use crate::model::engine::{Task, Upcoming};
use crate::model::evaluate::{score, score_each};
use crate::sections::ComputeType;
use crate::threads;
use crate::trainer::events::{Clock, Ending, Event, Outcome, Position};

pub use find_lr::{LearningRatePoint, LearningRateRange, LearningRateSearch};
pub use listener::{Flow, Listener, Listeners};
pub use parts::{Trainer, TrainingData};
pub use state::TrainerState;

/// After so long at the latest, losses are looked at that nobody waited for.
const LOOK_BACK: Duration = Duration::from_millis(250);

impl Trainer {
    /// Trains until the last epoch, or until a callback or a listener says stop; on the threads that
    /// compute (see [`threads::within`]).
    pub fn fit(
        &mut self,
        data: &TrainingData<'_>,
        listeners: &mut Listeners<'_>,
    ) -> Result<Outcome> {
        self.computing(|trainer| trainer.train(data, listeners))
    }

    /// In the types that the configuration asks for; a trained model computes in f32 again.
    fn computing<T: Send>(&mut self, run: impl FnOnce(&mut Self) -> Result<T> + Send) -> Result<T> {
        let _tf32 = gpu::Tf32::allowed(self.spec.tf32);
        self.model.compute_in(self.spec.dtype)?;
        let outcome = threads::within(|| run(self));
        self.model.compute_in(ComputeType::Float32)?;
        outcome
    }

    fn train(&mut self, data: &TrainingData<'_>, listeners: &mut Listeners<'_>) -> Result<Outcome> {
        if !self.is_adapted {
            let mut goes_on = || listeners.flow() == Flow::Continue;
            if !self.model.adapt(&*data.train, &mut goes_on)? {
                return Ok(Outcome::Interrupted);
            }
            self.is_adapted = true;
        }
        let samples = data.train.len();
        let steps = samples.div_ceil(self.spec.batch_size);
        for message in self.notes() {
            listeners.tell(&Event::Message { message }, self)?;
        }
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
            let mut next = Vec::with_capacity(rows.capacity());
            while self.position.batch < steps && self.stopped.is_none() {
                let start = self.position.batch * self.spec.batch_size;
                let end = samples.min(start + self.spec.batch_size);
                rows.clear();
                rows.extend((start..end).map(|position| order.at(position as u64)));
                let after = end..samples.min(end + self.spec.batch_size);
                next.clear();
                next.extend(after.map(|position| order.at(position as u64)));
                let Trainer { model, engine, spec, .. } = self;
                let task = Task { network: model, loss: &spec.loss, samples: &*data.train };
                engine.expect(
                    &task,
                    &Upcoming {
                        after_next: &next,
                        batch_size: spec.batch_size,
                        order: &order,
                        left: start..samples,
                    },
                );
                self.step(&*data.train, &rows)?;
                self.after_batch(listeners)?;
                self.clock.batch_ended();
                listeners.batch(self)?;
                if listeners.flow() == Flow::Interrupt {
                    self.look_back()?;
                    return Ok(Outcome::Interrupted);
                }
            }
            self.look_back()?;
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
        self.computing(|trainer| {
            trainer.begin(listeners)?;
            trainer.end(data, listeners)
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
        let each_step = self.tolerates_nan || self.hooks.iter().any(|hook| hook.watches_batches());
        if each_step || self.looked_back.elapsed() > LOOK_BACK {
            self.look_back()?;
        }
        Ok(())
    }

    /// An error where a step of this epoch had a loss that is not finite: then back to that step.
    fn look_back(&mut self) -> Result<()> {
        self.looked_back = Instant::now();
        let late = self.engine.late(&mut self.optimizer)?;
        let Some(late) = late.filter(|_| !self.tolerates_nan) else { return Ok(()) };
        let steps = late.steps_since + 1;
        self.position.batch = self.position.batch.saturating_sub(steps as usize);
        self.position.step = self.position.step.saturating_sub(steps);
        Err(self.not_finite(late.loss))
    }

    /// The order of the samples of an epoch.
    fn order(&mut self, epoch: usize, samples: usize) -> Order {
        let samples = samples as u64;
        let shuffle = *self.shuffle.get_or_insert(Shuffle::of(samples));
        if self.spec.shuffle {
            Order::shuffled(&self.random, epoch as u64, samples, shuffle)
        } else {
            Order::unshuffled()
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
}
