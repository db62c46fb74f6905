//! Conv1D: filters that slide over a sequence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Convolution;
use super::plan::ConvolutionKind;
use crate::activations::Activation;
use crate::constraints::Constraint;
use crate::error::{Problem, Result};
use crate::initializers::Initializer;
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::layers::{Forward, Layer};
use crate::regularizers::Regularizer;
use crate::shape::Shape;
use crate::weights::Scope;

/// `output[p] = activation(Σ_a input[p · strides + a · dilation_rate - before] · kernel[a] + bias)`,
/// p and a being positions and offsets in a sequence; `before` is what `padding` puts before it.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', filters).
/// Weights: `kernel` (k, channels / groups, filters), `bias` (filters,).
///
/// Keras: `keras.layers.Conv1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conv1D {
    /// The channels of the output; at least 1.
    pub filters: usize,
    /// How many steps the kernel reaches over.
    pub kernel_size: PerAxis,
    /// How far apart the positions of the kernel are. Default: 1.
    #[serde(default = "PerAxis::one")]
    pub strides: PerAxis,
    /// `valid`, `same` or `causal`. Default: valid.
    #[serde(default)]
    pub padding: Padding,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
    /// How far apart the taps of the kernel are. Default: 1.
    #[serde(default = "PerAxis::one")]
    pub dilation_rate: PerAxis,
    /// Channels and filters fall in so many groups that don't see each other. Default: 1.
    #[serde(default = "crate::layers::one")]
    pub groups: usize,
    /// What is applied to the output. Default: linear.
    #[serde(default)]
    pub activation: Activation,
    /// Whether a bias is added. Default: true.
    #[serde(default = "crate::layers::yes")]
    pub use_bias: bool,
    /// How the kernel starts. Default: glorot_uniform.
    #[serde(default)]
    pub kernel_initializer: Initializer,
    /// How the bias starts. Default: zeros.
    #[serde(default = "Initializer::zeros")]
    pub bias_initializer: Initializer,
    /// The kernel's penalty. Default: none.
    pub kernel_regularizer: Option<Regularizer>,
    /// The bias's penalty. Default: none.
    pub bias_regularizer: Option<Regularizer>,
    /// The penalty on the output, divided by the batch's size. Default: none.
    pub activity_regularizer: Option<Regularizer>,
    /// The kernel's projection after every step. Default: none.
    pub kernel_constraint: Option<Constraint>,
    /// The bias's projection after every step. Default: none.
    pub bias_constraint: Option<Constraint>,
}

impl Conv1D {
    /// The layer with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<PerAxis>) -> Self {
        Conv1D {
            filters,
            kernel_size: kernel_size.into(),
            strides: PerAxis::one(),
            padding: Padding::Valid,
            data_format: DataFormat::ChannelsLast,
            dilation_rate: PerAxis::one(),
            groups: 1,
            activation: Activation::Linear,
            use_bias: true,
            kernel_initializer: Initializer::default(),
            bias_initializer: Initializer::zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            kernel_constraint: None,
            bias_constraint: None,
        }
    }

    fn convolution(&self) -> Convolution<'_> {
        let kernel = (&self.kernel_initializer, &self.kernel_regularizer, &self.kernel_constraint);
        let bias = (&self.bias_initializer, &self.bias_regularizer, &self.bias_constraint);
        Convolution {
            layer: "conv1d",
            rank: 1,
            kind: ConvolutionKind::Full { filters: self.filters, groups: self.groups, kernel },
            kernel_size: &self.kernel_size,
            strides: &self.strides,
            padding: self.padding,
            dilation_rate: &self.dilation_rate,
            data_format: self.data_format,
            activation: &self.activation,
            bias: self.use_bias.then_some(bias),
            activity: &self.activity_regularizer,
        }
    }
}

impl Layer for Conv1D {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.convolution().output_shape(input)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.convolution().build(input, scope)
    }

    fn activation(&self) -> Option<&Activation> {
        Some(&self.activation)
    }
}
