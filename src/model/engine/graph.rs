//! The engine of any device: candle's autograd over the layers' references, which are composed of
//! ops whose gradients are right. On the CPU, layers that have a kernel run it as one op of the
//! graph, unless the network was built without kernels.

use candle_core::{Device, Tensor, Var};

use super::api::{Engine, Task};
use crate::data::batch::{Batch, BatchColumn};
use crate::error::Result;
use crate::layers::Context;
use crate::model::network::Network;
use crate::model::scores::{Deferred, Scores};
use crate::optimizers::{OptimizerState, in_place};
use crate::threads;
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
        let deferred = self.forward(task, rows, &mut context)?;
        let mut store = deferred.loss.backward()?;
        let tensors: Vec<Option<Tensor>> = self.vars.iter().map(|var| store.remove(var)).collect();
        self.gradients.gather(&tensors)?;
        self.gradients.scale(loss_scale);
        for (var, value) in &context.updates {
            var.set(&value.detach())?;
        }
        Ok(deferred)
    }

    /// The output of some rows, and their loss with the penalties on weights and activities added.
    fn forward(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        context: &mut Context<'_>,
    ) -> Result<Deferred> {
        let Task { network, loss, samples } = task;
        let batch = &mut self.batch;
        samples.gather(rows, batch)?;
        let device = network.weights().device();
        let output = network.forward(&batch.x_tensor(&network.spec().input, device)?, context)?;
        let mask = output.mask.filter(|mask| mask.rank() < output.tensor.rank());
        let (target, weight) = (batch.y_tensor(device)?, batch.weight_tensor(device)?);
        let mut total = loss.compute(&target, &output.tensor, mask.as_ref(), weight.as_ref())?;
        if let Some(penalties) = network.penalties()? {
            total = (total + penalties)?;
        }
        for term in &context.losses {
            total = (total + term)?;
        }
        Ok(Deferred {
            loss: total,
            output: output.tensor.detach(),
            mask: mask.map(|mask| mask.detach()),
            target: batch.y().floats().to_vec(),
            target_shape: batch.y_dims().to_vec(),
            weight: batch.weight().map(|weight| BatchColumn::floats(weight).to_vec()),
        })
    }

    fn update(&mut self, device: &Device, optimizer: &mut OptimizerState) -> Result<()> {
        let GraphEngine { vars, gradients, .. } = self;
        if device.is_cpu() {
            return optimizer.update(gradients, |index, change| in_place(&vars[index], change));
        }
        let mut held = Held::of(vars)?;
        optimizer.update(gradients, |index, change| change(held.of_weight(index)))?;
        held.give_back(vars, device)
    }
}

impl Engine for GraphEngine {
    fn name(&self) -> &'static str {
        "graph"
    }

    fn train(
        &mut self,
        task: &Task<'_>,
        rows: &[u64],
        step: u64,
        optimizer: &mut OptimizerState,
        scores: &mut Scores,
    ) -> Result<Option<f32>> {
        let mut deferred = self.gradients(task, rows, step, optimizer.loss_scale())?;
        let loss = deferred.loss.to_scalar::<f32>()?;
        if loss.is_finite() {
            self.update(task.network.weights().device(), optimizer)?;
        }
        deferred.loss = deferred.loss.detach();
        scores.defer(deferred)?;
        Ok(Some(loss).filter(|loss| !loss.is_finite()))
    }

    fn evaluate(&mut self, task: &Task<'_>, rows: &[u64], scores: &mut Scores) -> Result<()> {
        let random = task.network.random();
        let mut deferred = self.forward(task, rows, &mut Context::inference(&random))?;
        deferred.loss = deferred.loss.detach();
        scores.defer(deferred)
    }

    fn predict<'a>(
        &'a mut self,
        network: &Network,
        x: &'a [f32],
        samples: usize,
    ) -> Result<&'a [f32]> {
        let shape = network.spec().input.with_batch(samples);
        let x = Tensor::from_slice(x, shape, network.weights().device())?;
        self.output = threads::within(|| network.predict(&x))?.flatten_all()?.to_vec1()?;
        Ok(&self.output)
    }
}

/// Weights of a device on the host, in one transfer each way.
struct Held {
    values: Vec<f32>,
    /// Where each weight begins, and the end.
    starts: Vec<usize>,
}

impl Held {
    fn of(vars: &[Var]) -> Result<Held> {
        let flat: candle_core::Result<Vec<Tensor>> =
            vars.iter().map(|var| var.as_detached_tensor().flatten_all()).collect();
        let flat = flat?;
        let mut starts = vec![0];
        for tensor in &flat {
            starts.push(starts[starts.len() - 1] + tensor.elem_count());
        }
        let values = if flat.is_empty() { Vec::new() } else { Tensor::cat(&flat, 0)?.to_vec1()? };
        Ok(Held { values, starts })
    }

    fn of_weight(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[self.starts[index]..self.starts[index + 1]]
    }

    fn give_back(self, vars: &[Var], device: &Device) -> Result<()> {
        let count = self.values.len();
        let flat = Tensor::from_vec(self.values, count, device)?;
        for (var, range) in vars.iter().zip(self.starts.windows(2)) {
            let values = flat.narrow(0, range[0], range[1] - range[0])?;
            var.set(&values.reshape(var.dims())?.contiguous()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_go_to_the_host_and_back() {
        let var = |values: &[f32]| Var::new(values, &Device::Cpu).unwrap();
        let vars = [var(&[1.0, 2.0]), var(&[3.0]), var(&[4.0, 5.0, 6.0])];
        let mut held = Held::of(&vars).unwrap();
        for index in 0..3 {
            held.of_weight(index).iter_mut().for_each(|value| *value *= 10.0 + index as f32);
        }
        held.give_back(&vars, &Device::Cpu).unwrap();
        let all: Vec<Vec<f32>> = vars.iter().map(|var| var.to_vec1().unwrap()).collect();
        assert_eq!(all, [vec![10.0, 20.0], vec![33.0], vec![48.0, 60.0, 72.0]]);
    }
}
