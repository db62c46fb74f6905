//! The engine of any device: candle's autograd over the layers' references, which are composed of
//! ops whose gradients are right. On the CPU, layers that have a kernel run it as one op of the
//! graph, unless the network was built without kernels.

use candle_core::{Tensor, Var};

use super::api::{Engine, StepsDone, Task, TrainingSteps};
use super::forward::{BatchTensors, evaluate, forward, predict};
use super::held::update_by_host;
use crate::data::batch::Batch;
use crate::error::Result;
use crate::layers::Context;
use crate::model::network::Network;
use crate::model::scores::{Deferred, Scores};
use crate::optimizers::OptimizerState;
use crate::weights::gradients::Gradients;

/// Runs any network.
pub struct GraphEngine {
    /// The trainable weights.
    vars: Vec<Var>,
    batch: Batch,
    gradients: Gradients,
    /// The outputs of the last prediction.
    output: Vec<f32>,
}

impl GraphEngine {
    /// The engine of a network.
    pub fn new(network: &Network) -> GraphEngine {
        GraphEngine {
            vars: network.weights().trainable().map(|weight| weight.var.clone()).collect(),
            batch: Batch::default(),
            gradients: Gradients::new(network.weights()),
            output: Vec::new(),
        }
    }

    /// The loss of some rows, penalties included, and the gradients of all trainable weights times
    /// `loss_scale`; moving statistics are updated.
    pub fn gradients(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        loss_scale: f32,
    ) -> Result<Deferred> {
        let random = task.network.random();
        let mut context = Context::training(step, &random);
        let deferred = forward(task, self.gather(task, rows)?, &mut context)?;
        let mut store = deferred.loss.backward()?;
        let tensors: Vec<Option<Tensor>> = self.vars.iter().map(|var| store.remove(var)).collect();
        self.gradients.gather(&tensors)?;
        self.gradients.scale(loss_scale);
        for (var, value) in &context.updates {
            var.set(&value.detach())?;
        }
        Ok(deferred)
    }

    fn gather(&mut self, task: &Task<'_>, rows: &[u64]) -> Result<BatchTensors> {
        task.samples.gather(rows, &mut self.batch)?;
        BatchTensors::of(&self.batch, task.network)
    }
}

impl Engine for GraphEngine {
    fn name(&self) -> &'static str {
        "graph"
    }

    fn train(
        &mut self,
        task: &Task<'_>,
        steps: TrainingSteps<'_>,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<StepsDone> {
        steps.run(|step, rows| {
            let mut deferred = self.gradients(task, rows, step, optimizer.loss_scale())?;
            let loss = deferred.loss.to_scalar::<f32>()?;
            if loss.is_finite() {
                let device = task.network.weights().device();
                update_by_host(&self.vars, device, &mut self.gradients, optimizer)?;
            }
            deferred.loss = deferred.loss.detach();
            scores.defer(&deferred)?;
            Ok(Some(loss).filter(|loss| !loss.is_finite()))
        })
    }

    fn evaluate(&mut self, task: &Task<'_>, rows: &[u64], scores: &mut Scores) -> Result<()> {
        evaluate(task, self.gather(task, rows)?, scores)
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
}
