//! LayerNormalization: each sample by its own moments.

use super::super::axes::{AxisList, kept};
use super::{are_last, gamma_and_beta, mean_over, needs_an_axis, scale_and_shift, sizes, width};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::layer_norm::RowNormKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal};
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::{LayerWeight, Scope};

configuration! {
    /// `output = (input - mean) / √(variance + epsilon) · gamma + beta`, with the mean and the
    /// (biased) variance over the given axes of each sample. Output shape: same as the input.
    ///
    /// Weights: `gamma`, `beta`, with the sizes of those axes. Reference: Ba, Kiros and Hinton,
    /// 2016.
    ///
    /// Keras: `keras.layers.LayerNormalization`.
    pub struct LayerNormalization {
        shared { axis, epsilon, center, scale }
        /// Must be false: use the layer `rms_normalization` instead.
        rms_scaling: bool = false,
        initializers { beta "beta" = Initializer::zeros(), gamma "gamma" = Initializer::ones() }
        regularizers { beta "beta", gamma "gamma" }
        constraints { beta "beta", gamma "gamma" }
    }
}

impl Layer for LayerNormalization {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::not_negative("epsilon", self.epsilon)?;
        if self.rms_scaling {
            let message = "`rms_scaling: true` is not supported";
            return Err(Problem::at("rms_scaling", message).help("use `rms_normalization`"));
        }
        needs_an_axis("layer_normalization", input)?;
        let axes = self.axis.of_sample("axis", input)?;
        self.gamma.initializer.check_shape(&sizes(&axes, input))?;
        self.beta.initializer.check_shape(&sizes(&axes, input))?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axes = self.axis.of_sample("axis", input).unwrap_or_default();
        let shape = sizes(&axes, input);
        // PyTorch has no layer over several axes
        let stored = if axes.len() == 1 { ["weight", "bias"] } else { ["gamma", "beta"] };
        let gamma = self.scale.then_some(&self.gamma);
        let beta = self.center.then_some(&self.beta);
        let [gamma, beta] = gamma_and_beta([gamma, beta], &shape, stored, scope)?;
        let (input, epsilon) = (input.clone(), self.epsilon);
        Ok(Box::new(LayerNormForward { gamma, beta, input, axes, epsilon }))
    }
}

struct LayerNormForward {
    gamma: Option<LayerWeight>,
    beta: Option<LayerWeight>,
    input: Shape,
    /// Of a sample, sorted.
    axes: Vec<usize>,
    epsilon: f64,
}

impl Forward for LayerNormForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let axes: Vec<usize> = self.axes.iter().map(|axis| axis + 1).collect();
        let centered = x.broadcast_sub(&mean_over(x, &axes)?)?;
        let variance = mean_over(&centered.sqr()?, &axes)?;
        let unit = centered.broadcast_div(&(variance + self.epsilon)?.sqrt()?)?;
        let shape = kept(self.input.dims(), &self.axes);
        let output = scale_and_shift(unit, self.gamma.as_ref(), self.beta.as_ref(), &shape)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        if !are_last(&self.axes, &self.input) {
            return None;
        }
        let kernel = RowNormKernel {
            width: width(&self.axes, &self.input),
            epsilon: self.epsilon as f32,
            subtracts_mean: true,
            scale: self.gamma.is_some(),
            center: self.beta.is_some(),
            drops_mask: false,
        };
        Some(BoundKernel::new(kernel, self.gamma.iter().chain(&self.beta).cloned().collect()))
    }
}
