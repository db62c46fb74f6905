//! The engine of the CPU: every layer's kernel, over buffers that are kept from step to step.

use candle_core::{Tensor, Var};

use super::api::{Engine, Task};
use crate::data::batch::{Batch, BatchColumn};
use crate::error::Result;
use crate::losses::LossEntry;
use crate::model::kernel_model::{KernelModel, with_slices};
use crate::model::network::Network;
use crate::model::scores::{ScoredBatch, Scores};
use crate::optimizers::{OptimizerState, in_place};
use crate::weights::gradients::Gradients;

/// Runs a network whose every layer has a kernel.
pub struct CpuEngine {
    kernels: KernelModel,
    /// The trainable weights.
    vars: Vec<Var>,
    batch: Batch,
    gradients: Gradients,
    /// The loss of each sample, for the loss's own use.
    scratch: Vec<f32>,
}

impl CpuEngine {
    /// The engine of a network; None where a layer has no kernel or the weights are not on the CPU.
    pub fn of(network: &Network) -> Option<CpuEngine> {
        Some(CpuEngine {
            kernels: KernelModel::of(network)?,
            vars: network.weights().trainable().map(|weight| weight.var.clone()).collect(),
            batch: Batch::default(),
            gradients: Gradients::new(network.weights()),
            scratch: Vec::new(),
        })
    }

    /// The loss of some rows, penalties included, and the gradients of all trainable weights times
    /// `loss_scale`; moving statistics are updated.
    pub fn gradients(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        loss_scale: f32,
    ) -> Result<f32> {
        let Task { network, loss, .. } = task;
        task.samples.gather(rows, &mut self.batch)?;
        let (x, ids) = (self.batch.x().floats(), self.batch.x().ids());
        self.kernels.forward(x, ids, rows.len(), Some(step))?;
        let value = self.loss(network, loss)?;
        let (x, ids) = (self.batch.x().floats(), self.batch.x().ids());
        self.kernels.backward(x, ids, &mut self.gradients)?;
        let penalty = add_penalties(network, Some(&mut self.gradients))?;
        self.kernels.update_state()?;
        self.gradients.scale(loss_scale);
        Ok(value + penalty)
    }

    /// The loss of the output, without penalties; leaves its gradient in place.
    fn loss(&mut self, network: &Network, loss: &LossEntry) -> Result<f32> {
        let CpuEngine { kernels, batch, scratch, .. } = self;
        let shape = network.spec().output();
        let (y, mask, dy) = kernels.output_mask_and_gradient(batch.x().floats());
        let mask = mask.filter(|_| shape.rank() >= 2);
        let (width, weight) = (shape.last(), batch.weight().map(BatchColumn::floats));
        let value = loss.compute_slices(batch.y().floats(), y, width, mask, weight, scratch, dy);
        if let Some(value) = value {
            return Ok(value);
        }
        // a loss without slice functions: autograd over the loss alone
        let device = network.weights().device();
        let prediction = Var::from_slice(y, shape.with_batch(batch.len()), device)?;
        let mask = match mask {
            Some(mask) => {
                let steps = mask.len() / batch.len().max(1);
                Some(Tensor::from_slice(mask, (batch.len(), steps), device)?)
            }
            None => None,
        };
        let (target, weight) = (batch.y_tensor(device)?, batch.weight_tensor(device)?);
        let total = loss.compute(&target, &prediction, mask.as_ref(), weight.as_ref())?;
        match total.backward()?.get(&prediction) {
            Some(gradient) => dy.copy_from_slice(&gradient.flatten_all()?.to_vec1::<f32>()?),
            None => dy.fill(0.0),
        }
        Ok(total.to_scalar::<f32>()?)
    }

    fn score(&self, loss: f32, scores: &mut Scores) {
        scores.add(&ScoredBatch {
            loss,
            output: self.kernels.output(self.batch.x().floats()),
            mask: self.kernels.mask(),
            target: self.batch.y().floats(),
            target_shape: self.batch.y_dims(),
            weight: self.batch.weight().map(BatchColumn::floats),
        });
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn train(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<Option<f32>> {
        let loss = self.gradients(task, rows, step, optimizer.loss_scale())?;
        if loss.is_finite() {
            let vars = &self.vars;
            optimizer
                .update(&mut self.gradients, |index, change| in_place(&vars[index], change))?;
        }
        self.score(loss, scores);
        Ok(Some(loss).filter(|loss| !loss.is_finite()))
    }

    fn evaluate(&mut self, task: &Task<'_>, rows: &[u64], scores: &mut Scores) -> Result<()> {
        task.samples.gather(rows, &mut self.batch)?;
        let (x, ids) = (self.batch.x().floats(), self.batch.x().ids());
        self.kernels.forward(x, ids, rows.len(), None)?;
        let loss = self.loss(task.network, task.loss)? + add_penalties(task.network, None)?;
        self.score(loss, scores);
        Ok(())
    }

    fn predict<'a>(&'a mut self, _: &Network, x: &'a [f32], samples: usize) -> Result<&'a [f32]> {
        self.kernels.forward(x, None, samples, None)?;
        Ok(self.kernels.output(x))
    }

    fn is_by_sample(&self) -> bool {
        true // as every kernel is held to be
    }
}

/// The sum of the trainable weights' penalties; their gradients are added to `gradients`.
fn add_penalties(network: &Network, mut gradients: Option<&mut Gradients>) -> Result<f32> {
    let mut total = 0.0;
    for (place, weight) in network.weights().trainable().enumerate() {
        let Some(regularizer) = &weight.regularizer else { continue };
        let mut none = Vec::new();
        let gradient = match &mut gradients {
            Some(gradients) => gradients.place(place),
            None => {
                none.resize(weight.elements(), 0.0);
                &mut none
            }
        };
        total += with_slices(std::slice::from_ref(&weight.var), |values| {
            regularizer.penalty_and_gradient(values[0], weight.shape(), gradient)
        })?;
    }
    Ok(total)
}
