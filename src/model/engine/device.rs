//! The engine of a GPU: candle's autograd over the layers' references, with everything around it on
//! the device, so that no step waits for another. Samples are kept there, losses are judged there, and
//! the optimizer updates there. On the CPU the same runs by the host forms of the device's programs,
//! for tests.

use candle_core::{Tensor, Var};

use super::api::{Engine, NotFinite, Task};
use super::forward::{BatchTensors, forward, predict};
use super::held::update_by_host;
use super::out_of_memory::explained;
use super::residents::Residents;
use crate::data::Samples;
use crate::data::batch::Batch;
use crate::error::Result;
use crate::gpu::{self, Status};
use crate::layers::Context;
use crate::model::network::Network;
use crate::model::scores::Scores;
use crate::optimizers::OptimizerState;
use crate::weights::gradients::Gradients;

/// Runs any network where its weights are.
pub struct DeviceEngine {
    /// The trainable weights.
    vars: Vec<Var>,
    residents: Residents,
    /// A batch of samples that are not kept.
    batch: Batch,
    status: Status,
    /// Steps that the status has judged.
    judged: u64,
    /// For an optimizer that updates on the host.
    gradients: Gradients,
    /// The outputs of the last prediction.
    output: Vec<f32>,
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
            batch: Batch::default(),
            status: Status::new(device)?,
            judged: 0,
            gradients: Gradients::zeros([]),
            output: Vec::new(),
        })
    }

    fn gather(&mut self, task: &Task<'_>, rows: &[u64]) -> Result<BatchTensors> {
        if let Some(batch) = self.residents.gather(task, rows)? {
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
        let batch = self.gather(task, rows)?;
        let random = task.network.random();
        let mut context = Context::training(step, &random);
        let mut deferred = forward(task, batch, &mut context)?;
        let mut store = deferred.loss.backward()?;
        let gradients: Vec<Option<Tensor>> =
            self.vars.iter().map(|var| store.remove(var)).collect();
        drop(store);
        deferred.loss = deferred.loss.detach();
        for (var, value) in &context.updates {
            // what comes after a loss that is not finite leaves them alone
            var.set(&self.status.choose(&value.detach(), var.as_tensor())?)?;
        }
        let all: Option<Vec<Tensor>> = gradients.iter().cloned().collect();
        let loss = match all.filter(|_| optimizer.host_only().is_none()) {
            Some(gradients) => {
                self.status.judge(&deferred.loss)?;
                self.judged += 1;
                optimizer.update_on_device(&self.vars, &gradients, &self.status)?;
                None
            }
            None => self.update_by_host(task, &gradients, &deferred.loss, optimizer)?,
        };
        scores.defer(deferred)?;
        Ok(loss)
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
        rows: &[u64],
        step: u64,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<Option<f32>> {
        let result = self.step(task, rows, step, optimizer, scores);
        result.map_err(|error| explained(error, task.network, rows.len(), true))
    }

    fn evaluate(&mut self, task: &Task<'_>, rows: &[u64], scores: &mut Scores) -> Result<()> {
        let random = task.network.random();
        let batch = self.gather(task, rows);
        let deferred = batch.and_then(|batch| {
            let mut deferred = forward(task, batch, &mut Context::inference(&random))?;
            deferred.loss = deferred.loss.detach();
            Ok(deferred)
        });
        let result = deferred.and_then(|deferred| scores.defer(deferred));
        result.map_err(|error| explained(error, task.network, rows.len(), false))
    }

    fn predict<'a>(
        &'a mut self,
        network: &Network,
        x: &'a [f32],
        samples: usize,
    ) -> Result<&'a [f32]> {
        self.output = predict(network, x, samples)
            .map_err(|error| explained(error, network, samples, false))?;
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

    fn holds(&self, samples: &dyn Samples) -> bool {
        self.residents.hold(samples)
    }

    fn told(&self, optimizer: &OptimizerState) -> Option<String> {
        let why = optimizer.host_only()?;
        Some(format!("the optimizer works on the CPU, which makes each step slower: {why}"))
    }
}
