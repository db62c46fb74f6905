//! The engine of a GPU: candle's autograd over the layers' references, with everything around it on
//! the device, so that no step waits for another. Samples are kept there, losses are judged there, and
//! the optimizer updates there. On the CPU the same runs by the host forms of the device's programs,
//! for tests.

mod capture;

use candle_core::{Tensor, Var};

use super::api::{Engine, NotFinite, StepsDone, Task, TrainingSteps, Upcoming};
use super::blocks::BlocksAhead;
use super::forward::{BatchTensors, evaluate, forward, predict};
use super::held::update_by_host;
use super::out_of_memory::explained;
use super::repeats::{Attempt, Next, Repeats};
use super::residents::Residents;
use crate::data::batch::Batch;
use crate::error::Result;
use crate::gpu::{self, Status, StepWords};
use crate::layers::Context;
use crate::model::network::Network;
use crate::model::scores::{Deferred, Scores};
use crate::optimizers::{OptimizerState, StepNumbers};
use crate::weights::gradients::Gradients;

/// Runs any network where its weights are.
pub struct DeviceEngine {
    /// The trainable weights.
    vars: Vec<Var>,
    residents: Residents,
    /// Samples that are not kept, for want of room.
    blocks: BlocksAhead,
    /// A batch of the others.
    batch: Batch,
    status: Status,
    /// The words of steps, by the rows of their batches.
    words: Vec<StepWords>,
    /// None where each step is done launch by launch.
    repeats: Option<Repeats>,
    /// Steps that the status has judged.
    judged: u64,
    /// For an optimizer that updates on the host.
    gradients: Gradients,
    /// The outputs of the last prediction.
    output: Vec<f32>,
}

/// A step up to its gradients.
struct BackwardStep {
    deferred: Deferred,
    /// One for each weight that there is one for.
    gradients: Vec<Option<Tensor>>,
    drew_on_host: bool,
}

/// The status counts in f32: it begins anew before its numbers are too large for that.
const MOST_JUDGED: u64 = 1 << 20;

impl DeviceEngine {
    /// The engine of a network.
    pub fn new(network: &Network) -> Result<DeviceEngine> {
        let device = network.weights().device();
        gpu::prepare(device);
        Ok(DeviceEngine {
            vars: network.weights().trainable().map(|weight| weight.var.clone()).collect(),
            residents: Residents::default(),
            blocks: BlocksAhead::default(),
            batch: Batch::default(),
            status: Status::new(device)?,
            words: Vec::new(),
            repeats: None,
            judged: 0,
            gradients: Gradients::zeros([]),
            output: Vec::new(),
        })
    }

    /// The same, which on a GPU captures steps that come again and lets the GPU repeat them.
    pub fn with_captured_steps(self) -> DeviceEngine {
        DeviceEngine { repeats: Some(Repeats::default()), ..self }
    }

    /// The same, with no room for samples.
    pub(crate) fn in_blocks(network: &Network) -> Result<DeviceEngine> {
        Ok(DeviceEngine { residents: Residents::none(), ..DeviceEngine::new(network)? })
    }

    /// A batch where the weights are; with words, those of its rows.
    fn gather(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        words: Option<&StepWords>,
    ) -> Result<BatchTensors> {
        if let Some(batch) = self.residents.gather(task, rows, words)? {
            return Ok(batch);
        }
        if let Some(batch) = self.blocks.gather(task, rows)? {
            return Ok(batch);
        }
        task.samples.gather(rows, &mut self.batch)?;
        BatchTensors::of(&self.batch, task.network)
    }

    fn step(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<Option<f32>> {
        if optimizer.host_only().is_some() {
            let BackwardStep { deferred, gradients, .. } = self.backward(task, rows, step, None)?;
            let loss = self.update_by_host(task, &gradients, &deferred.loss, optimizer)?;
            scores.defer(&deferred)?;
            return Ok(loss);
        }
        self.judged += 1;
        match optimizer.begin_on_device(&self.vars)? {
            Some(numbers) => self.step_there(task, rows, step, &numbers, optimizer, scores)?,
            None => {
                let done = self.backward(task, rows, step, None)?;
                scores.defer(&self.update(done, optimizer, None)?)?;
            }
        }
        Ok(None)
    }

    /// A step on a GPU.
    fn step_there(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        numbers: &StepNumbers,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<()> {
        let mut words = self.words(rows.len(), task)?;
        let result = self.step_with(task, rows, (step, numbers), &mut words, optimizer, scores);
        self.words.push(words);
        result
    }

    fn step_with(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        (step, numbers): (u64, &StepNumbers),
        words: &mut StepWords,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<()> {
        let leaves_all = scores.looks_at_outputs();
        let key = self.key(task, rows.len(), numbers, leaves_all, optimizer)?;
        let mut repeats = self.repeats.take();
        let next = match (&key, &mut repeats) {
            (Some(key), Some(repeats)) => repeats.next(key),
            _ => Next::Plain,
        };
        let list = numbers.list();
        match (next, &key) {
            (Next::Launch(repeat), _) => {
                let (row, addresses) = repeat.next()?;
                words.send(step, &addresses, &list, rows)?;
                repeat.launch()?;
                scores.wait_for(row)?;
            }
            (Next::Capture, Some(key)) => {
                words.send(step, &[], &list, rows)?;
                let attempt = Attempt { task, rows, step, numbers, leaves_all };
                let (deferred, mut repeat) = self.captured(&attempt, words, optimizer)?;
                scores.defer(&deferred)?;
                repeats.iter_mut().for_each(|repeats| repeats.put(key, repeat.take()));
            }
            _ => {
                words.send(step, &[], &list, rows)?;
                let there = Some((numbers, &*words));
                let done = self.backward(task, rows, step, Some(words))?;
                scores.defer(&self.update(done, optimizer, there)?)?;
            }
        }
        self.repeats = repeats;
        Ok(())
    }

    /// The words of batches of so many rows: to be given back.
    fn words(&mut self, rows: usize, task: &Task<'_>) -> Result<StepWords> {
        match self.words.iter().position(|words| words.batch() == rows) {
            Some(index) => Ok(self.words.swap_remove(index)),
            None => Ok(StepWords::new(rows, task.network.weights().device())?),
        }
    }

    /// A step up to its gradients; moving statistics are updated.
    fn backward(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        words: Option<&StepWords>,
    ) -> Result<BackwardStep> {
        let batch = self.gather(task, rows, words)?;
        let random = task.network.random();
        let mut context = Context::training(step, &random).with_step_there(words);
        let mut deferred = forward(task, batch, &mut context)?;
        let mut store = deferred.loss.backward()?;
        let gradients: Vec<Option<Tensor>> =
            self.vars.iter().map(|var| store.remove(var)).collect();
        drop(store);
        deferred.loss = deferred.loss.detach();
        for (var, value) in &context.updates {
            // what comes after a loss that is not finite leaves them alone
            self.status.renew(var, &value.detach())?;
        }
        Ok(BackwardStep { deferred, gradients, drew_on_host: context.drew_on_host() })
    }

    /// The rest of a step.
    fn update(
        &mut self,
        done: BackwardStep,
        optimizer: &mut OptimizerState,
        step: Option<(&StepNumbers, &StepWords)>,
    ) -> Result<Deferred> {
        let BackwardStep { deferred, gradients, .. } = done;
        let all: candle_core::Result<Vec<Tensor>> = (self.vars.iter().zip(gradients))
            .map(|(var, gradient)| gradient.map_or_else(|| var.zeros_like(), Ok))
            .collect();
        self.status.judge(&deferred.loss)?;
        optimizer.update_on_device(&all?, &self.status, step)?;
        Ok(deferred)
    }

    /// The update by the host, which waits for the loss. Gives the loss where it is not finite.
    fn update_by_host(
        &mut self,
        task: &Task<'_>,
        gradients: &[Option<Tensor>],
        loss: &Tensor,
        optimizer: &mut OptimizerState,
    ) -> Result<Option<f32>> {
        let loss = loss.to_scalar::<f32>()?;
        if !loss.is_finite() {
            return Ok(Some(loss));
        }
        let weights = task.network.weights();
        if self.gradients.is_empty() {
            self.gradients = Gradients::new(weights);
        }
        self.gradients.gather(gradients)?;
        self.gradients.scale(optimizer.loss_scale());
        update_by_host(&self.vars, weights.device(), &mut self.gradients, optimizer)?;
        Ok(None)
    }
}

impl Engine for DeviceEngine {
    fn name(&self) -> &'static str {
        "device"
    }

    fn train(
        &mut self,
        task: &Task<'_>,
        steps: TrainingSteps<'_>,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<StepsDone> {
        steps.run(|step, rows| {
            let result = self.step(task, rows, step, optimizer, scores);
            let result = result.and_then(|loss| {
                self.blocks.fill(task)?;
                Ok(loss)
            });
            result.map_err(|error| explained(error, task.network, rows.len(), true))
        })
    }

    fn evaluate(&mut self, task: &Task<'_>, rows: &[u64], scores: &mut Scores) -> Result<()> {
        let result = self.gather(task, rows, None).and_then(|batch| evaluate(task, batch, scores));
        let result = result.and_then(|()| self.blocks.fill(task));
        result.map_err(|error| explained(error, task.network, rows.len(), false))
    }

    fn predict<'a>(
        &'a mut self,
        network: &Network,
        x: &'a [f32],
        samples: usize,
    ) -> Result<&'a [f32]> {
        self.output = predict(network, x, samples)?;
        Ok(&self.output)
    }

    fn late(&mut self, optimizer: &mut OptimizerState) -> Result<Option<NotFinite>> {
        if self.judged == 0 {
            return Ok(None);
        }
        let (finite, found) = self.status.read()?;
        let judged = self.judged;
        if found.is_some() || judged > MOST_JUDGED {
            self.status = Status::new(self.status.numbers().device())?;
            self.judged = 0;
        }
        let Some(loss) = found else { return Ok(None) };
        let steps = judged.saturating_sub(finite);
        optimizer.take_back(steps);
        Ok(Some(NotFinite { loss, steps_since: steps.saturating_sub(1) }))
    }

    fn expect(&mut self, task: &Task<'_>, upcoming: &Upcoming<'_>) {
        if self.residents.refuse(task.samples) {
            self.blocks.expect(task, upcoming);
        } else if !self.residents.hold(task.samples) {
            task.samples.expect(upcoming.after_next);
        }
    }

    fn told(&self, optimizer: &OptimizerState) -> Option<String> {
        let why = optimizer.host_only()?;
        Some(format!("the optimizer works on the CPU, which makes each step slower: {why}"))
    }
}
