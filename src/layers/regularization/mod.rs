//! Layers that change the numbers in training only, so that the model doesn't lean on single ones,
//! and the one that adds a penalty.

mod activity_regularization;
mod alpha_dropout;
mod dropout;
mod gaussian_dropout;
mod gaussian_noise;
mod spatial_dropout;

pub use activity_regularization::ActivityRegularization;
pub use alpha_dropout::AlphaDropout;
pub use dropout::Dropout;
pub use gaussian_dropout::GaussianDropout;
pub use gaussian_noise::GaussianNoise;
pub use spatial_dropout::{SpatialDropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D};

use candle_core::{Device, Tensor};

use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::broadcast::Broadcast;
use crate::kernels::dropout::{DropoutKernel, DropoutRule};
use crate::layers::layer::{Context, Forward, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

/// Sizes of a batch of noise, the batch's first: null stands for the input's size, 1 for one draw
/// that serves the whole axis.
type NoiseShape = Vec<Option<usize>>;

/// What is wrong with a noise shape for an input.
fn check_noise_shape(shape: &Option<NoiseShape>, input: &Shape) -> Result<(), Problem> {
    let Some(shape) = shape else { return Ok(()) };
    let key = "noise_shape";
    if shape.len() != input.rank() + 1 {
        let message = format!(
            "`{key}` must have {} sizes for {input}, got {}",
            input.rank() + 1,
            shape.len()
        );
        return Err(Problem::at(key, message).help("the batch's size is the first; null keeps it"));
    }
    if let Some(Some(batch)) = shape.first().filter(|size| !matches!(size, None | Some(1))) {
        return Err(Problem::at(key, format!("`{key}` must start with null or 1, got {batch}"))
            .help("null draws for each sample, 1 once for the batch"));
    }
    for (size, full) in shape[1..].iter().zip(input.dims()) {
        if let Some(size) = size
            && size != full
            && *size != 1
        {
            let message =
                format!("`{key}` must hold null, 1 or the input's size {full}, got {size}");
            return Err(Problem::at(key, message));
        }
    }
    Ok(())
}

/// The runtime half of a layer that is noise in training.
struct Noisy {
    noise: DropoutKernel,
    dims: Vec<usize>,
    /// The shape of a sample's draws.
    small: Vec<usize>,
}

impl Noisy {
    fn boxed(
        rule: DropoutRule,
        seed: Option<u64>,
        shape: &Option<NoiseShape>,
        input: &Shape,
        scope: &Scope<'_>,
    ) -> Box<dyn Forward> {
        let dims = input.dims().to_vec();
        let small = match shape {
            Some(shape) => {
                shape[1..].iter().zip(&dims).map(|(s, full)| s.unwrap_or(*full)).collect()
            }
            None => dims.clone(),
        };
        let shared = shape.as_ref().is_some_and(|shape| shape.first() == Some(&Some(1)));
        let spread = Broadcast::new(&dims, &small);
        let noise = DropoutKernel { rule, layer: scope.layer().to_string(), seed, spread, shared };
        Box::new(Noisy { noise, dims, small })
    }

    /// The factors and the addends of a step, as tensors that spread over the batch: drawn on the
    /// device where they are one of two numbers, else on the host.
    fn draw(
        &self,
        context: &mut Context<'_>,
        device: &Device,
        batch: usize,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let (draws, addends) = (self.noise.draws(batch), self.noise.addends(batch));
        let mut shape = vec![if self.noise.shared { 1 } else { batch }];
        shape.extend_from_slice(&self.small);
        let spread = |tensor: Tensor| tensor.reshape(shape.as_slice());
        let (random, step) = context.keyed_draws();
        if let Some((factors, others)) = self.noise.keeps(random, step) {
            let others = others.map(|others| spread(context.drawn(&others, addends, device)?));
            return Ok((spread(context.drawn(&factors, draws, device)?)?, others.transpose()?));
        }
        let (random, step) = context.host_draws();
        let (mut factors, mut added) = (vec![0.0; draws], vec![0.0; addends]);
        self.noise.draw(&random, step, &mut factors, &mut added);
        let tensor = |values: Vec<f32>| {
            let count = values.len();
            spread(Tensor::from_vec(values, count, device)?)
        };
        let others = (addends > 0).then(|| tensor(added)).transpose()?;
        Ok((tensor(factors)?, others))
    }
}

impl Forward for Noisy {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        if !context.training || self.noise.is_nothing() {
            return Ok(input);
        }
        let x = &input.tensor;
        let batch = x.dim(0)?;
        let (factors, addends) = self.draw(context, x.device(), batch)?;
        let mut output = x.broadcast_mul(&factors.to_dtype(x.dtype())?)?;
        if let Some(addends) = addends {
            output = output.broadcast_add(&addends.to_dtype(x.dtype())?)?;
        }
        Ok(input.with(output))
    }

    fn computes_in_bf16(&self) -> bool {
        true
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        (self.dims.iter().all(|size| *size > 0))
            .then(|| BoundKernel::new(self.noise.clone(), Vec::new()))
    }
}
