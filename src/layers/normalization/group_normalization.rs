//! GroupNormalization: the channels of a sample in groups.

use super::super::axes::{kept, sample_axis};
use super::{gamma_and_beta, mean_over, needs_an_axis, scale_and_shift};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::group_norm::GroupNormKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal, checked};
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::{LayerWeight, Scope};

configuration! {
    /// `output = (input - mean) / √(variance + epsilon) · gamma + beta`, with the mean and the
    /// (biased) variance of each sample over a group of adjacent channels and all positions. Output
    /// shape: same as the input.
    ///
    /// Weights: `gamma`, `beta`, each (channels,). Reference: Wu and He, 2018.
    ///
    /// Keras: `keras.layers.GroupNormalization`.
    pub struct GroupNormalization {
        /// Number of groups; must divide the number of channels. -1 for one group per channel.
        groups: i64 = 32,
        /// Axis of the channels; the batch is axis 0.
        axis: i64 = -1,
        shared { epsilon, center, scale }
        initializers { beta "beta" = Initializer::zeros(), gamma "gamma" = Initializer::ones() }
        regularizers { beta "beta", gamma "gamma" }
        constraints { beta "beta", gamma "gamma" }
    }
}

impl GroupNormalization {
    /// The channels' axis of a sample, and how many groups they form.
    pub(crate) fn resolve(&self, input: &Shape) -> Result<(usize, usize), Problem> {
        let axis = sample_axis("axis", self.axis, input)?;
        let channels = input.dims()[axis];
        let groups = if self.groups == -1 { channels as i64 } else { self.groups };
        if groups < 1 || groups > channels as i64 || channels as i64 % groups != 0 {
            let message =
                format!("`groups` must divide the {channels} channels of {input}, got {groups}");
            return Err(Problem::at("groups", message).help("-1 makes a group of each channel"));
        }
        Ok((axis, groups as usize))
    }
}

impl Layer for GroupNormalization {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::not_negative("epsilon", self.epsilon)?;
        needs_an_axis("group_normalization", input)?;
        let (axis, _) = self.resolve(input)?;
        self.gamma.initializer.check_shape(&[input.dims()[axis]])?;
        self.beta.initializer.check_shape(&[input.dims()[axis]])?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let (axis, groups) = checked(self.resolve(input))?;
        let shape = &[input.dims()[axis]][..];
        let gamma = self.scale.then_some(&self.gamma);
        let beta = self.center.then_some(&self.beta);
        let [gamma, beta] = gamma_and_beta([gamma, beta], shape, ["weight", "bias"], scope)?;
        let (input, epsilon) = (input.clone(), self.epsilon);
        Ok(Box::new(GroupNormForward { gamma, beta, input, axis, groups, epsilon }))
    }
}

struct GroupNormForward {
    gamma: Option<LayerWeight>,
    beta: Option<LayerWeight>,
    input: Shape,
    /// Of a sample.
    axis: usize,
    groups: usize,
    epsilon: f64,
}

impl Forward for GroupNormForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let (x, axis) = (&input.tensor, self.axis + 1);
        let dims = x.dims();
        let before: usize = dims[1..axis].iter().product();
        let after: usize = dims[axis + 1..].iter().product();
        let size = dims[axis] / self.groups;
        let split = x.reshape((dims[0], before, self.groups, size, after))?;
        let centered = split.broadcast_sub(&mean_over(&split, &[1, 3, 4])?)?;
        let variance = mean_over(&centered.sqr()?, &[1, 3, 4])?;
        let unit = centered.broadcast_div(&(variance + self.epsilon)?.sqrt()?)?.reshape(dims)?;
        let shape = kept(self.input.dims(), &[self.axis]);
        let output = scale_and_shift(unit, self.gamma.as_ref(), self.beta.as_ref(), &shape)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        if self.axis + 1 != self.input.rank() {
            return None;
        }
        let kernel = GroupNormKernel {
            sample: self.input.elements(),
            channels: self.input.last(),
            groups: self.groups,
            epsilon: self.epsilon as f32,
            scale: self.gamma.is_some(),
            center: self.beta.is_some(),
        };
        Some(BoundKernel::new(kernel, self.gamma.iter().chain(&self.beta).cloned().collect()))
    }
}
