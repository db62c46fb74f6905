//! The engine of the CPU: every layer's kernel, over buffers that are kept from step to step.

use candle_core::{Tensor, Var};

use super::api::{Engine, StepsDone, Task, TrainingSteps};
use crate::data::batch::{Batch, BatchColumn};
use crate::error::Result;
use crate::kernels::BoundKernel;
use crate::losses::LossEntry;
use crate::model::kernel_model::{KernelModel, Values};
use crate::model::network::Network;
use crate::model::scores::{ScoredBatch, Scores};
use crate::optimizers::{OptimizerState, all_in_place};
use crate::weights::gradients::Gradients;

/// Runs a network whose every layer has a kernel.
pub struct CpuEngine {
    /// All weights.
    vars: Vec<Var>,
    work: Work,
}

/// What works on the weights, and the buffers that it keeps.
struct Work {
    kernels: KernelModel,
    /// Which of the weights are trained.
    trained: Vec<usize>,
    batch: Batch,
    gradients: Gradients,
    /// The loss of each sample, for the loss's own use.
    scratch: Vec<f32>,
}

impl CpuEngine {
    /// The engine of a network; None where a layer has no kernel or the weights are not on the CPU.
    pub fn of(network: &Network) -> Option<CpuEngine> {
        CpuEngine::with(network, network.kernels())
    }

    /// The same with other kernels in place of the network's own.
    pub(super) fn with(network: &Network, kernels: &[Option<BoundKernel>]) -> Option<CpuEngine> {
        let weights = network.weights();
        let trained = weights.iter().enumerate().filter(|(_, weight)| weight.trainable);
        let work = Work {
            kernels: KernelModel::of(network, kernels)?,
            trained: trained.map(|(place, _)| place).collect(),
            batch: Batch::default(),
            gradients: Gradients::new(weights),
            scratch: Vec::new(),
        };
        Some(CpuEngine { vars: weights.iter().map(|weight| weight.var.clone()).collect(), work })
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
        let CpuEngine { vars, work } = self;
        let mut loss = f32::NAN;
        all_in_place(vars, &mut |held| {
            loss = work.gradients(held, task, rows, step, loss_scale)?;
            Ok(())
        })?;
        Ok(loss)
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn train(
        &mut self,
        task: &Task<'_>,
        steps: TrainingSteps<'_>,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<StepsDone> {
        let CpuEngine { vars, work } = self;
        let mut done = StepsDone::default();
        // nobody else sees the weights between these steps, so they are asked for once
        all_in_place(vars, &mut |held| {
            done = steps.run(|step, rows| {
                let loss = work.gradients(held, task, rows, step, optimizer.loss_scale())?;
                if loss.is_finite() {
                    work.update(held, optimizer)?;
                }
                work.score(loss, scores);
                Ok(Some(loss).filter(|loss| !loss.is_finite()))
            })?;
            Ok(())
        })?;
        Ok(done)
    }

    fn most_steps(&self) -> usize {
        1 << 10
    }

    fn evaluate(&mut self, task: &Task<'_>, rows: &[u64], scores: &mut Scores) -> Result<()> {
        let Work { kernels, batch, .. } = &mut self.work;
        task.samples.gather(rows, batch)?;
        kernels.forward(Values::Shared, batch.x().floats(), batch.x().ids(), rows.len(), None)?;
        let loss = self.work.loss(task.network, task.loss)?;
        let loss = loss + add_penalties(task.network, Values::Shared, None)?;
        self.work.score(loss, scores);
        Ok(())
    }

    fn predict<'a>(&'a mut self, _: &Network, x: &'a [f32], samples: usize) -> Result<&'a [f32]> {
        let kernels = &mut self.work.kernels;
        kernels.forward(Values::Shared, x, None, samples, None)?;
        Ok(kernels.output(x))
    }

    fn is_by_sample(&self) -> bool {
        true // as every kernel is held to be
    }
}

impl Work {
    /// See [`CpuEngine::gradients`]; `held` are the values of all weights.
    fn gradients(
        &mut self,
        held: &mut [&mut [f32]],
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        loss_scale: f32,
    ) -> Result<f32> {
        let Task { network, loss, .. } = task;
        task.samples.gather(rows, &mut self.batch)?;
        let (x, ids) = (self.batch.x().floats(), self.batch.x().ids());
        self.kernels.forward(Values::Held(held), x, ids, rows.len(), Some(step))?;
        let value = self.loss(network, loss)?;
        let (x, ids) = (self.batch.x().floats(), self.batch.x().ids());
        self.kernels.backward(Values::Held(held), x, ids, &mut self.gradients)?;
        let penalty = add_penalties(network, Values::Held(held), Some(&mut self.gradients))?;
        self.kernels.update_state(held);
        self.gradients.scale(loss_scale);
        Ok(value + penalty)
    }

    fn update(&mut self, held: &mut [&mut [f32]], optimizer: &mut OptimizerState) -> Result<()> {
        let trained = &self.trained;
        optimizer.update(&mut self.gradients, |index, change| change(&mut *held[trained[index]]))
    }

    /// The loss of the output, without penalties; leaves its gradient in place.
    fn loss(&mut self, network: &Network, loss: &LossEntry) -> Result<f32> {
        let Work { kernels, batch, scratch, .. } = self;
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

/// The sum of the trainable weights' penalties; their gradients are added to `gradients`.
fn add_penalties(
    network: &Network,
    values: Values<'_, '_>,
    mut gradients: Option<&mut Gradients>,
) -> Result<f32> {
    let mut total = 0.0;
    let weights = network.weights().iter().enumerate().filter(|(_, weight)| weight.trainable);
    for (index, (place, weight)) in weights.enumerate() {
        let Some(regularizer) = &weight.regularizer else { continue };
        let mut none = Vec::new();
        let gradient = match &mut gradients {
            Some(gradients) => gradients.place(index),
            None => {
                none.resize(weight.elements(), 0.0);
                &mut none
            }
        };
        values.of_one(place, &weight.var, |values| {
            total += regularizer.penalty_and_gradient(values, weight.shape(), gradient);
        })?;
    }
    Ok(total)
}
