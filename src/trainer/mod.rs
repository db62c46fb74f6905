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
use crate::model::engine::{StepsDone, Task, TrainingSteps, Upcoming};
use crate::model::evaluate::{score, score_each};
use crate::sections::ComputeType;
use crate::threads;
use crate::trainer::events::{Clock, Ending, Event, Outcome, Position};

pub use find_lr::{LearningRatePoint, LearningRateRange, LearningRateSearch};
pub use listener::{Flow, Listener, Listeners};
pub use parts::{Trainer, TrainingData};
pub use state::TrainerState;

/// Steps that take less than this together may be done together.
const TOGETHER: Duration = Duration::from_micros(500);
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
        self.together = 1;
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
            let (mut rows, mut next) = (Vec::new(), Vec::new());
            while self.position.batch < steps && self.stopped.is_none() {
                let size = self.spec.batch_size;
                let together = self.together.min(steps - self.position.batch);
                let start = self.position.batch * size;
                let end = samples.min(start + together * size);
                rows.clear();
                rows.extend((start..end).map(|position| order.at(position as u64)));
                let after = end..samples.min(end + size);
                next.clear();
                next.extend(after.map(|position| order.at(position as u64)));
                let Trainer { model, engine, spec, .. } = self;
                let task = Task { network: model, loss: &spec.loss, samples: &*data.train };
                engine.expect(
                    &task,
                    &Upcoming {
                        after_next: &next,
                        batch_size: size,
                        order: &order,
                        left: start..samples,
                    },
                );
                self.steps(&*data.train, &rows)?;
                self.after_batch(listeners)?;
                let took = self.clock.batches_ended(together);
                self.choose_together(took, listeners);
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

    /// Steps over these rows: forward, loss, gradients, update.
    fn steps(&mut self, samples: &dyn Samples, rows: &[u64]) -> Result<()> {
        let Trainer { model, engine, spec, optimizer, scores, .. } = self;
        let task = Task { network: model, loss: &spec.loss, samples };
        let steps = TrainingSteps { rows, batch_size: spec.batch_size, first: self.position.step };
        let StepsDone { steps, not_finite } = engine.train(&task, steps, optimizer, scores)?;
        self.position.batch += steps;
        self.position.step += steps as u64;
        if let Some(loss) = not_finite {
            if !self.tolerates_nan {
                return Err(self.not_finite(loss));
            }
            self.position.batch += 1;
            self.position.step += 1;
        }
        if self.looks_at_each_step() || self.looked_back.elapsed() > LOOK_BACK {
            self.look_back()?;
        }
        Ok(())
    }

    /// How many steps are done together from now on, after some took so long: more of those that are
    /// over before anyone could look, where nobody wants to be told of each. What is computed is the
    /// same.
    fn choose_together(&mut self, took: Duration, listeners: &Listeners<'_>) {
        if took > TOGETHER {
            self.together = (self.together / 2).max(1);
        } else if took < TOGETHER / 2 {
            let is_watched = self.looks_at_each_step() || listeners.watch_batches();
            let most = if is_watched { 1 } else { self.engine.most_steps() };
            self.together = (2 * self.together).min(most);
        }
    }

    /// Whether each step's loss and logs are wanted before the next step.
    fn looks_at_each_step(&self) -> bool {
        self.tolerates_nan || self.hooks_watch_batches()
    }

    fn hooks_watch_batches(&self) -> bool {
        self.hooks.iter().any(|hook| hook.watches_batches())
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
        if !self.hooks_watch_batches() {
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

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Node;
    use crate::data::Memory;
    use crate::spec::Spec;
    use crate::target::{DataFacts, Target};

    /// Counts what it is told of as batches.
    struct Counting {
        watches: bool,
        told: usize,
    }

    impl Listener for Counting {
        fn on_event(&mut self, event: &Event, _: &Trainer) -> Result<()> {
            self.told += usize::from(matches!(event, Event::Batch));
            Ok(())
        }

        fn watches_batches(&self) -> bool {
            self.watches
        }
    }

    const SAMPLES: usize = 20_000;

    /// A training by this optimizer: how it ended, what was told, and the trainer after it.
    fn trained(optimizer: &Value, watches: bool) -> (String, usize, Trainer) {
        let config = json!({
            "model": {"layers": [
                {"dense": {"units": 4, "input_dim": 2, "activation": "relu"}}, "batch_normalization",
                {"dropout": {"rate": 0.5}}, {"dense": {"units": 1, "kernel_regularizer": "l2"}},
            ]},
            "compile": {"optimizer": optimizer, "loss": "mse", "metrics": ["mae"]},
            "fit": {"batch_size": 7, "epochs": 2},
        });
        let facts = DataFacts { target: Some(Target::Numbers(1)), ..DataFacts::default() };
        let spec = Spec::resolve(&Node::from_json(&config).read().unwrap(), &facts).unwrap();
        let mut trainer = Trainer::new(&spec, &Device::Cpu).unwrap();
        let x: Vec<f32> = (0..2 * SAMPLES).map(|i| (i * 7919 % 1013) as f32 / 500.0).collect();
        let y: Vec<f32> = x.chunks(2).map(|x| x[0] - x[1]).collect();
        let train = || Box::new(Memory::new(&x, 2, &y, &[1], None)) as Box<dyn Samples>;
        let data = TrainingData { train: train(), validation: Some(train()) };
        let mut counting = Counting { watches, told: 0 };
        let mut listeners = Listeners::new([&mut counting as &mut dyn Listener]);
        let end = match trainer.fit(&data, &mut listeners) {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => error.to_string(),
        };
        (end, counting.told, trainer)
    }

    #[test]
    fn steps_that_are_done_together_are_the_same_steps() {
        let each = trained(&json!("adam"), true);
        let together = trained(&json!("adam"), false);
        assert_eq!((each.0.as_str(), each.1), ("Finished(None)", 2 * SAMPLES.div_ceil(7)));
        assert_eq!(together.0, each.0);
        assert!(together.1 < each.1, "all were done one by one");
        assert_eq!(together.2.position(), each.2.position());
        assert_eq!(together.2.history.epochs, each.2.history.epochs);
        let values = |trainer: &Trainer| -> Vec<Vec<f32>> {
            trainer.model.weights().iter().map(|weight| weight.values().unwrap()).collect()
        };
        assert_eq!(values(&together.2), values(&each.2));
    }

    #[test]
    fn a_loss_that_is_not_finite_is_found_at_its_own_step() {
        let rate = json!({"sgd": {"learning_rate": {"piecewise_constant_decay": {
            "boundaries": [2000], "values": [1e-3, 1e30],
        }}}});
        let (each, together) = (trained(&rate, true), trained(&rate, false));
        assert!(each.0.contains("at epoch 1, batch 200"), "{}", each.0);
        assert_eq!(together.0, each.0);
        assert_eq!(together.2.position(), each.2.position());
    }
}
