//! LayerNormalization: each sample by its own moments.

use candle_core::Var;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::axes::{AxisList, kept};
use super::super::{Context, Forward, Layer, Signal};
use super::{are_last, mean_over, needs_an_axis, scale_and_shift, sizes, width};
use crate::checks;
use crate::constraints::Constraint;
use crate::error::{Problem, Result};
use crate::initializers::Initializer;
use crate::kernels::BoundKernel;
use crate::kernels::layer_norm::RowNormKernel;
use crate::regularizers::Regularizer;
use crate::shape::Shape;
use crate::stored::Stored;
use crate::weights::{Scope, WeightSpec};

/// `output = (input - mean) / √(variance + epsilon) · gamma + beta`, with the mean and the (biased)
/// variance over the axes of a sample that are given. Output shape: the input's.
///
/// Weights: `gamma`, `beta`, of the sizes of those axes. Reference: Ba, Kiros and Hinton, 2016.
///
/// Keras: `keras.layers.LayerNormalization`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerNormalization {
    /// The axis, or a list of axes; the batch is axis 0. Default: -1.
    #[serde(default = "AxisList::last")]
    pub axis: AxisList,
    /// Added to the variance. Default: 0.001.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
    /// Whether beta is added. Default: true.
    #[serde(default = "super::super::yes")]
    pub center: bool,
    /// Whether gamma is multiplied by. Default: true.
    #[serde(default = "super::super::yes")]
    pub scale: bool,
    /// Only false: `rms_normalization` is a layer of its own.
    #[serde(default)]
    pub rms_scaling: bool,
    /// How beta starts. Default: zeros.
    #[serde(default = "Initializer::zeros")]
    pub beta_initializer: Initializer,
    /// How gamma starts. Default: ones.
    #[serde(default = "Initializer::ones")]
    pub gamma_initializer: Initializer,
    /// Beta's penalty. Default: none.
    pub beta_regularizer: Option<Regularizer>,
    /// Gamma's penalty. Default: none.
    pub gamma_regularizer: Option<Regularizer>,
    /// Beta's projection after every step. Default: none.
    pub beta_constraint: Option<Constraint>,
    /// Gamma's projection after every step. Default: none.
    pub gamma_constraint: Option<Constraint>,
}

fn epsilon() -> f64 {
    1e-3
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
        self.gamma_initializer.check_shape(&sizes(&axes, input))?;
        self.beta_initializer.check_shape(&sizes(&axes, input))?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axes = self.axis.of_sample("axis", input).unwrap_or_default();
        let shape = sizes(&axes, input);
        let stored = |theirs: &str, ours: &str| {
            Stored::plain(if axes.len() == 1 { theirs } else { ours }) // PyTorch has no such layer
        };
        let gamma = WeightSpec {
            name: "gamma",
            shape: &shape,
            initializer: &self.gamma_initializer,
            regularizer: &self.gamma_regularizer,
            constraint: &self.gamma_constraint,
            stored: stored("weight", "gamma"),
        };
        let beta = WeightSpec {
            name: "beta",
            shape: &shape,
            initializer: &self.beta_initializer,
            regularizer: &self.beta_regularizer,
            constraint: &self.beta_constraint,
            stored: stored("bias", "beta"),
        };
        let gamma = if self.scale { Some(scope.weight(gamma)?) } else { None };
        let beta = if self.center { Some(scope.weight(beta)?) } else { None };
        let (input, epsilon) = (input.clone(), self.epsilon);
        Ok(Box::new(LayerNormForward { gamma, beta, input, axes, epsilon }))
    }
}

struct LayerNormForward {
    gamma: Option<Var>,
    beta: Option<Var>,
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
