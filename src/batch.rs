//! Batches: some rows of the samples, gathered by index into buffers that are kept.

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::network::Network;
use crate::shape::Shape;

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
    /// The shape of one target: `[]` for a class number, `[k]` for k numbers.
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

    /// All features as one tensor: (rows, …input).
    pub fn x_tensor(&self, model: &Network) -> Result<Tensor> {
        let shape = model.spec().input.with_batch(self.len());
        Ok(Tensor::from_slice(self.x, shape, model.weights().device())?)
    }
}

/// One batch on the host.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// (batch, …input), row-major.
    pub x: Vec<f32>,
    /// (batch,) or (batch, k).
    pub y: Vec<f32>,
    /// The shape of `y`.
    pub y_shape: Vec<usize>,
    /// (batch,), where samples count differently.
    pub weight: Option<Vec<f32>>,
    len: usize,
}

impl Batch {
    /// Takes these rows of the samples, in this order.
    pub fn fill(&mut self, samples: &Samples<'_>, rows: &[usize]) {
        self.len = rows.len();
        gather(samples.x, samples.x_width, rows, &mut self.x);
        gather(samples.y, samples.y_shape.iter().product(), rows, &mut self.y);
        self.y_shape.clear();
        self.y_shape.push(rows.len());
        self.y_shape.extend_from_slice(samples.y_shape);
        match samples.weights {
            Some(weights) => gather(weights, 1, rows, self.weight.get_or_insert_default()),
            None => self.weight = None,
        }
    }

    /// How many samples.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True where there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The features as a tensor: (batch, …input).
    pub fn x_tensor(&self, input: &Shape, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_slice(&self.x, input.with_batch(self.len), device)?)
    }

    /// The targets as a tensor.
    pub fn y_tensor(&self, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_slice(&self.y, self.y_shape.as_slice(), device)?)
    }

    /// The sample weights as a tensor, where there are some.
    pub fn weight_tensor(&self, device: &Device) -> Result<Option<Tensor>> {
        Ok(match &self.weight {
            Some(weights) => Some(Tensor::from_slice(weights, self.len, device)?),
            None => None,
        })
    }
}

fn gather(values: &[f32], width: usize, rows: &[usize], gathered: &mut Vec<f32>) {
    gathered.clear();
    for &row in rows {
        gathered.extend_from_slice(&values[row * width..(row + 1) * width]);
    }
}

/// What a training learns from.
pub struct TrainingData<'a> {
    /// The samples that are trained on.
    pub train: Samples<'a>,
    /// The samples that are held back.
    pub validation: Option<Samples<'a>>,
}
