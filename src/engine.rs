//! `Engine`: one batch forward and backward. Where every layer has a kernel it runs the compiled
//! model; elsewhere (other devices, layers of a program's own) candle's autograd.

use candle_core::{Tensor, Var};

use crate::batch::{Batch, Column};
use crate::data::Samples;
use crate::error::Result;
use crate::gradients::Gradients;
use crate::kernel_model::{KernelModel, with_slices};
use crate::layers::Context;
use crate::losses::LossEntry;
use crate::network::Network;

/// What a training step depends on beside its batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The number of the step; keys the random streams.
    pub step: u64,
    /// What the optimizer divides gradients by again; 1 unless it is told otherwise.
    pub loss_scale: f32,
}

/// Runs batches through a model.
pub struct Engine {
    /// The gradients of the last training batch.
    pub gradients: Gradients,
    /// The last batch.
    pub batch: Batch,
    compiled: Option<KernelModel>,
    /// The output of the last batch, where it was not compiled.
    output: Vec<f32>,
    mask: Option<Vec<f32>>,
    /// Per-sample losses, for the loss's own use.
    scratch: Vec<f32>,
}

impl Engine {
    /// An engine for a model.
    pub fn new(model: &Network) -> Engine {
        Engine { compiled: KernelModel::of(model), ..Engine::autograd(model) }
    }

    /// One that always goes through candle's autograd: the oracle.
    pub fn autograd(model: &Network) -> Engine {
        Engine {
            gradients: Gradients::new(model.weights()),
            batch: Batch::default(),
            compiled: None,
            output: Vec::new(),
            mask: None,
            scratch: Vec::new(),
        }
    }

    /// Forward, loss and gradients of a training batch; updates moving statistics. Gives the loss,
    /// penalties included.
    pub fn train(
        &mut self,
        model: &Network,
        loss: &LossEntry,
        samples: &dyn Samples,
        rows: &[u64],
        Pace { step, loss_scale }: Pace,
    ) -> Result<f32> {
        samples.gather(rows, &mut self.batch)?;
        if let Some(compiled) = &mut self.compiled {
            let (x, ids) = (self.batch.x().floats(), self.batch.x().ids());
            compiled.forward_ids(x, ids, rows.len(), Some(step))?;
            let value = compiled_loss(compiled, &self.batch, &mut self.scratch, model, loss)?;
            compiled.backward(x, ids, &mut self.gradients)?;
            let penalty = add_penalties(model, Some(&mut self.gradients))?;
            compiled.update_state()?;
            self.gradients.scale(loss_scale);
            return Ok(value + penalty);
        }
        let random = model.random();
        let mut context = Context::training(step, &random);
        let total = self.total_loss(model, loss, &mut context)?;
        let mut store = total.backward()?;
        let tensors: Vec<Option<Tensor>> =
            model.weights().trainable().map(|weight| store.remove(&weight.var)).collect();
        self.gradients.gather(&tensors)?;
        self.gradients.scale(loss_scale);
        for (var, value) in &context.updates {
            var.set(&value.detach())?;
        }
        Ok(total.to_scalar::<f32>()?)
    }

    /// Forward and loss of a batch in inference mode.
    pub fn evaluate(
        &mut self,
        model: &Network,
        loss: &LossEntry,
        samples: &dyn Samples,
        rows: &[u64],
    ) -> Result<f32> {
        samples.gather(rows, &mut self.batch)?;
        if let Some(compiled) = &mut self.compiled {
            let (x, ids) = (self.batch.x().floats(), self.batch.x().ids());
            compiled.forward_ids(x, ids, rows.len(), None)?;
            let value = compiled_loss(compiled, &self.batch, &mut self.scratch, model, loss)?;
            return Ok(value + add_penalties(model, None)?);
        }
        let random = model.random();
        let total = self.total_loss(model, loss, &mut Context::inference(&random))?;
        Ok(total.to_scalar::<f32>()?)
    }

    /// The output of the last batch, row-major.
    pub fn output(&self) -> &[f32] {
        match &self.compiled {
            Some(compiled) => compiled.output(self.batch.x().floats()),
            None => &self.output,
        }
    }

    /// The mask of the output of the last batch, where its steps have one: (batch, time).
    pub fn mask(&self) -> Option<&[f32]> {
        match &self.compiled {
            Some(compiled) => compiled.mask(),
            None => self.mask.as_deref(),
        }
    }

    /// The loss of the batch with the penalties on weights and activities added, a scalar.
    fn total_loss(
        &mut self,
        model: &Network,
        loss: &LossEntry,
        context: &mut Context<'_>,
    ) -> Result<Tensor> {
        let device = model.weights().device();
        let output = model.forward(&self.batch.x_tensor(&model.spec().input, device)?, context)?;
        self.output = output.tensor.flatten_all()?.to_vec1()?;
        let mask = output.mask.filter(|mask| mask.rank() < output.tensor.rank());
        self.mask = match &mask {
            Some(mask) => Some(mask.flatten_all()?.to_vec1()?),
            None => None,
        };
        let (target, weight) = (self.batch.y_tensor(device)?, self.batch.weight_tensor(device)?);
        let mut total = loss.compute(&target, &output.tensor, mask.as_ref(), weight.as_ref())?;
        if let Some(penalties) = model.penalties()? {
            total = (total + penalties)?;
        }
        for term in &context.losses {
            total = (total + term)?;
        }
        Ok(total)
    }
}

/// The loss of the compiled model's output, without penalties; leaves its gradient in place.
fn compiled_loss(
    compiled: &mut KernelModel,
    batch: &Batch,
    scratch: &mut Vec<f32>,
    model: &Network,
    loss: &LossEntry,
) -> Result<f32> {
    let shape = model.spec().output();
    let mask = match compiled.mask() {
        Some(mask) if shape.rank() >= 2 => Some(mask.to_vec()),
        _ => None,
    };
    let (y, dy) = compiled.output_and_gradient(batch.x().floats());
    let (width, weight) = (shape.last(), batch.weight().map(Column::floats));
    let value =
        loss.compute_slices(batch.y().floats(), y, width, mask.as_deref(), weight, scratch, dy);
    if let Some(value) = value {
        return Ok(value);
    }
    // a loss without slice functions: autograd over the loss alone
    let device = model.weights().device();
    let prediction = Var::from_slice(y, shape.with_batch(batch.len()), device)?;
    let mask = match mask {
        Some(mask) => {
            let steps = mask.len() / batch.len().max(1);
            Some(Tensor::from_vec(mask, (batch.len(), steps), device)?)
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

/// The sum of the trainable weights' penalties; their gradients are added to `gradients`.
fn add_penalties(model: &Network, mut gradients: Option<&mut Gradients>) -> Result<f32> {
    let mut total = 0.0;
    for (place, weight) in model.weights().trainable().enumerate() {
        let Some(regularizer) = &weight.regularizer else { continue };
        let mut none = Vec::new();
        let gradient = match &mut gradients {
            Some(gradients) => &mut gradients.list[place].values,
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
