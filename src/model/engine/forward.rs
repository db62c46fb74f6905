//! One batch forward under candle's autograd, and what there is to say of it.

use candle_core::{DType, Device, Tensor};

use super::api::Task;
use super::out_of_memory::explained;
use crate::data::batch::Batch;
use crate::error::{Error, Result};
use crate::layers::Context;
use crate::model::network::Network;
use crate::model::scores::{Deferred, Scores};
use crate::threads;

/// A batch where the weights are.
pub(super) struct BatchTensors {
    /// (batch, …input).
    pub(super) x: Tensor,
    /// (batch,) or (batch, k).
    pub(super) y: Tensor,
    /// (batch,), where samples count differently.
    pub(super) weight: Option<Tensor>,
    /// True where the features are ids that have been checked.
    pub(super) ids_are_checked: bool,
}

impl BatchTensors {
    /// A batch of the host's.
    pub(super) fn of(batch: &Batch, network: &Network) -> Result<BatchTensors> {
        let device: &Device = network.weights().device();
        Ok(BatchTensors {
            x: batch.x_tensor(&network.spec().input, device)?,
            y: batch.y_tensor(device)?,
            weight: batch.weight_tensor(device)?,
            ids_are_checked: false,
        })
    }
}

impl BatchTensors {
    /// Of columns that are there: features, target and, where samples count differently, weights, all
    /// (batch, width).
    pub(super) fn of_columns(task: &Task<'_>, columns: &[Tensor]) -> Result<BatchTensors> {
        let [x, y, weight @ ..] = columns else {
            return Err(Error::Internal(format!("a batch of {} columns", columns.len())));
        };
        let batch = x.dim(0)?;
        let float = |numbers: &Tensor| numbers.to_dtype(DType::F32);
        let ids_are_checked = x.dtype() == DType::U32;
        let x = if ids_are_checked { x.clone() } else { float(x)? };
        let mut y_shape = vec![batch];
        y_shape.extend(task.samples.columns().get(1).iter().flat_map(|column| &column.shape));
        Ok(BatchTensors {
            ids_are_checked,
            x: x.reshape(task.network.spec().input.with_batch(batch))?,
            y: float(y)?.reshape(y_shape)?,
            weight: match weight.first() {
                Some(weight) => Some(float(weight)?.reshape(batch)?),
                None => None,
            },
        })
    }
}

/// The output of a batch, and its loss with the penalties on weights and activities added: the loss
/// with its graph.
pub(super) fn forward(
    task: &Task<'_>,
    batch: BatchTensors,
    context: &mut Context<'_>,
) -> Result<Deferred> {
    let Task { network, loss, .. } = task;
    let BatchTensors { x, y, weight, ids_are_checked } = batch;
    context.ids_are_checked = ids_are_checked;
    let output = network.forward(&x, context)?;
    let mask = output.mask.filter(|mask| mask.rank() < output.tensor.rank());
    let mut total = loss.compute(&y, &output.tensor, mask.as_ref(), weight.as_ref())?;
    if let Some(penalties) = network.penalties()? {
        total = (total + penalties)?;
    }
    for term in &context.losses {
        total = (total + term)?;
    }
    Ok(Deferred {
        loss: total,
        output: output.tensor.detach(),
        target: y,
        mask: mask.map(|mask| mask.detach()),
        weight,
    })
}

/// Forward and loss of a batch in inference mode, which the scores take.
pub(super) fn evaluate(task: &Task<'_>, batch: BatchTensors, scores: &mut Scores) -> Result<()> {
    let random = task.network.random();
    let mut deferred = forward(task, batch, &mut Context::inference(&random))?;
    deferred.loss = deferred.loss.detach();
    scores.defer(&deferred)
}

/// The outputs for so many samples of features of the host's, in inference mode.
pub(super) fn predict(network: &Network, x: &[f32], samples: usize) -> Result<Vec<f32>> {
    let shape = network.spec().input.with_batch(samples);
    let output = || -> Result<Vec<f32>> {
        let x = Tensor::from_slice(x, shape, network.weights().device())?;
        Ok(threads::within(|| network.predict(&x))?.flatten_all()?.to_vec1()?)
    };
    output().map_err(|error| explained(error, network, samples, false))
}
