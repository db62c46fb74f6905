//! BatchNormalization: each feature by the moments of the batch.

use candle_core::{Tensor, Var};

use super::super::axes::{AxisList, kept};
use super::{gamma_and_beta, mean_over, needs_an_axis, scale_and_shift};
use crate::activations::Activation;
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::batch_norm::{BatchNormKernel, FeatureAxis};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope};

configuration! {
    /// `output = (input - mean) / √(variance + epsilon) · gamma + beta`, for each feature.
    ///
    /// In training, the mean and the (biased) variance are those of the batch, without masked
    /// steps, and `moving = moving · momentum + batch · (1 - momentum)`. In inference, and where
    /// the layer is frozen by `trainable: false`, the moving averages are used. Output shape: same
    /// as the input.
    ///
    /// Weights: `gamma`, `beta`, `moving_mean`, `moving_variance`, each of shape (features,); the
    /// last two are not trained. Reference: Ioffe and Szegedy, 2015.
    ///
    /// Keras: `keras.layers.BatchNormalization`.
    pub struct BatchNormalization {
        /// Axis of the features; the batch is axis 0.
        axis: AxisList = AxisList::last(),
        /// Momentum of the moving averages.
        momentum: f64 = 0.99,
        shared { epsilon, center, scale }
        initializers { beta "beta" = Initializer::zeros(), gamma "gamma" = Initializer::ones() }
        /// Initializer for the moving mean.
        moving_mean_initializer: Initializer = Initializer::zeros(),
        /// Initializer for the moving variance.
        moving_variance_initializer: Initializer = Initializer::ones(),
        regularizers { beta "beta", gamma "gamma" }
        constraints { beta "beta", gamma "gamma" }
        /// Must be false: batch renormalization is not supported.
        renorm: bool = false,
        /// Must be false: training runs on one device.
        synchronized: bool = false,
    }
}

impl BatchNormalization {
    /// The features' axis of a sample.
    fn axis(&self, input: &Shape) -> Result<usize, Problem> {
        match self.axis.of_sample("axis", input)?[..] {
            [axis] => Ok(axis),
            ref axes => {
                let found = axes.len();
                Err(Problem::at("axis", format!("`axis` must be one axis, got {found}")))
            }
        }
    }
}

impl Layer for BatchNormalization {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::fraction("momentum", self.momentum)?;
        checks::not_negative("epsilon", self.epsilon)?;
        for (key, is_on) in [("renorm", self.renorm), ("synchronized", self.synchronized)] {
            if is_on {
                let message = format!("`{key}: true` of batch_normalization is not supported");
                return Err(Problem::at(key, message).help("leave it out"));
            }
        }
        needs_an_axis("batch_normalization", input)?;
        let features = input.dims()[self.axis(input)?];
        for initializer in [
            &self.gamma.initializer,
            &self.beta.initializer,
            &self.moving_mean_initializer,
            &self.moving_variance_initializer,
        ] {
            initializer.check_shape(&[features])?;
        }
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axis = self.axis(input).unwrap_or_default();
        let shape = &[input.dims()[axis]][..];
        let gamma = self.scale.then_some(&self.gamma);
        let beta = self.center.then_some(&self.beta);
        let [gamma, beta] = gamma_and_beta([gamma, beta], shape, ["weight", "bias"], scope)?;
        let (start, stored) = (&self.moving_mean_initializer, Stored::plain("running_mean"));
        let moving_mean = scope.state("moving_mean", shape, start, stored)?;
        let (start, stored) = (&self.moving_variance_initializer, Stored::plain("running_var"));
        let moving_variance = scope.state("moving_variance", shape, start, stored)?;
        Ok(Box::new(BatchNormForward {
            gamma,
            beta,
            moving_mean,
            moving_variance,
            input: input.clone(),
            axis,
            momentum: self.momentum,
            epsilon: self.epsilon,
            frozen: !scope.trainable(),
        }))
    }
}

struct BatchNormForward {
    gamma: Option<LayerWeight>,
    beta: Option<LayerWeight>,
    moving_mean: LayerWeight,
    moving_variance: LayerWeight,
    input: Shape,
    /// Of a sample.
    axis: usize,
    momentum: f64,
    epsilon: f64,
    frozen: bool,
}

impl BatchNormForward {
    /// Mean and variance of the batch, each (1, …, features, …, 1).
    fn moments(&self, x: &Tensor, mask: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let axes: Vec<usize> = (0..x.rank()).filter(|axis| *axis != self.axis + 1).collect();
        let Some(mask) = mask else {
            let mean = mean_over(x, &axes)?;
            let variance = mean_over(&x.broadcast_sub(&mean)?.sqr()?, &axes)?;
            return Ok((mean, variance));
        };
        let mut dims = vec![1; x.rank()];
        dims[..2].copy_from_slice(&x.dims()[..2]);
        let weights = mask.to_dtype(x.dtype())?.reshape(dims)?.broadcast_as(x.shape())?;
        // Keras adds its epsilon here, so that nothing is divided by 0.
        let count = (weights.sum_keepdim(&axes[..])? + 1e-7)?;
        let mean = (x * &weights)?.sum_keepdim(&axes[..])?.div(&count)?;
        let squares = (x.broadcast_sub(&mean)?.sqr()? * &weights)?;
        let variance = squares.sum_keepdim(&axes[..])?.div(&count)?;
        Ok((mean, variance))
    }

    /// `moving · momentum + batch · (1 - momentum)`
    fn moved(&self, moving: &Var, batch: &Tensor) -> Result<(Var, Tensor)> {
        let batch = batch.detach().flatten_all()?;
        let new =
            ((moving.as_detached_tensor() * self.momentum)? + (batch * (1.0 - self.momentum))?)?;
        Ok((moving.clone(), new))
    }
}

impl Forward for BatchNormForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let shape = kept(self.input.dims(), &[self.axis]);
        let (mean, variance) = if context.training && !self.frozen && x.elem_count() > 0 {
            let (mean, variance) = self.moments(x, input.mask.as_ref())?;
            context.updates.push(self.moved(&self.moving_mean, &mean)?);
            context.updates.push(self.moved(&self.moving_variance, &variance)?);
            (mean, variance)
        } else {
            let of = |var: &Var| var.as_detached_tensor().reshape(&shape[..]);
            (of(&self.moving_mean)?, of(&self.moving_variance)?)
        };
        let deviation = (variance + self.epsilon)?.sqrt()?;
        let unit = x.broadcast_sub(&mean)?.broadcast_div(&deviation)?;
        let output = scale_and_shift(unit, self.gamma.as_ref(), self.beta.as_ref(), &shape)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let kernel = BatchNormKernel {
            axis: FeatureAxis {
                features: self.input.dims()[self.axis],
                inner: self.input.dims()[self.axis + 1..].iter().product(),
            },
            epsilon: self.epsilon as f32,
            momentum: self.momentum as f32,
            scale: self.gamma.is_some(),
            center: self.beta.is_some(),
            frozen: self.frozen,
            activation: Activation::Linear,
        };
        let mut weights: Vec<LayerWeight> = self.gamma.iter().chain(&self.beta).cloned().collect();
        weights.extend([self.moving_mean.clone(), self.moving_variance.clone()]);
        Some(BoundKernel::new(kernel, weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_supported_is_refused() {
        let read = |json: &str| serde_json::from_str::<BatchNormalization>(json).unwrap();
        for (json, words) in [
            (r#"{"renorm": true}"#, "`renorm: true` of batch_normalization is not supported"),
            (r#"{"axis": [1, 2]}"#, "`axis` must be one axis, got 2"),
            (r#"{"axis": 3}"#, "`axis` must be an axis of the input (None, 4, 5), got 3"),
            (r#"{"momentum": 1.5}"#, "`momentum` must be between 0 and 1, got 1.5"),
        ] {
            let problem = read(json).output_shape(&Shape(vec![4, 5])).unwrap_err();
            assert!(problem.message.contains(words), "{}", problem.message);
        }
    }
}
