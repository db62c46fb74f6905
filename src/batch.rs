//! Batches: some rows of the samples, gathered by index and put on the model's device.

use candle_core::Tensor;

use crate::error::Result;
use crate::sequential::Sequential;

/// Samples in memory, row after row; the features as the model sees them, the targets as the loss
/// does.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// The features: rows × width.
    pub x: &'a [f32],
    /// Numbers per row of `x`.
    pub x_width: usize,
    /// The targets: rows × width.
    pub y: &'a [f32],
    /// The shape of one target: [] for a class number, [k] for k numbers.
    pub y_shape: &'a [usize],
    /// How much each row counts in the loss.
    pub weights: Option<&'a [f32]>,
}

impl Samples<'_> {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.x.len().checked_div(self.x_width).unwrap_or(0)
    }

    /// True where there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One batch: on the device for the model and the loss, on the host for the metrics.
pub struct Batch {
    /// (batch, …input)
    pub x: Tensor,
    /// (batch,) or (batch, k)
    pub y: Tensor,
    /// (batch,), where samples count differently.
    pub weight: Option<Tensor>,
    /// The targets on the host.
    pub y_host: Vec<f32>,
    /// The sample weights on the host.
    pub weight_host: Option<Vec<f32>>,
}

impl Batch {
    /// The rows of the samples, in this order.
    pub fn gather(samples: &Samples<'_>, rows: &[usize], model: &Sequential) -> Result<Batch> {
        let device = model.weights().device();
        let x = gather(samples.x, samples.x_width, rows);
        let x = Tensor::from_vec(x, model.spec().input.with_batch(rows.len()), device)?;
        let y_host = gather(samples.y, samples.y_shape.iter().product(), rows);
        let mut y_shape = vec![rows.len()];
        y_shape.extend_from_slice(samples.y_shape);
        let y = Tensor::from_slice(&y_host, y_shape, device)?;
        let weight_host = samples.weights.map(|weights| gather(weights, 1, rows));
        let weight = match &weight_host {
            Some(weights) => Some(Tensor::from_slice(weights, rows.len(), device)?),
            None => None,
        };
        Ok(Batch { x, y, weight, y_host, weight_host })
    }

    /// How many samples.
    pub fn len(&self) -> usize {
        self.x.dims().first().copied().unwrap_or(0)
    }

    /// True where there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn gather(values: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    let mut gathered = Vec::with_capacity(rows.len() * width);
    for &row in rows {
        gathered.extend_from_slice(&values[row * width..(row + 1) * width]);
    }
    gathered
}
