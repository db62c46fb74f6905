//! SeparableConv1D: each channel of a sequence by itself, then a mixture of them.

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

/// A depthwise convolution, to which strides, padding and dilation apply, then
/// `output[p] = activation(between[p] · pointwise_kernel + bias)`.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', filters).
/// Weights: `depthwise_kernel` (k, channels, depth_multiplier), `pointwise_kernel`
/// (1, channels · depth_multiplier, filters), `bias` (filters,).
///
/// Keras: `keras.layers.SeparableConv1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeparableConv1D {
    /// The channels of the output; at least 1.
    pub filters: usize,
    /// How many steps the kernel reaches over.
    pub kernel_size: PerAxis,
    /// How far apart the positions of the kernel are. Default: 1.
    #[serde(default = "PerAxis::one")]
    pub strides: PerAxis,
    /// `valid` or `same`. Default: valid.
    #[serde(default)]
    pub padding: Padding,
    /// Filters of each channel. Default: 1.
    #[serde(default = "crate::layers::one")]
    pub depth_multiplier: usize,
    /// Where the channels stand. Default: channels_last.
    #[serde(default)]
    pub data_format: DataFormat,
    /// How far apart the taps of the kernel are. Default: 1.
    #[serde(default = "PerAxis::one")]
    pub dilation_rate: PerAxis,
    /// What is applied to the output. Default: linear.
    #[serde(default)]
    pub activation: Activation,
    /// Whether a bias is added. Default: true.
    #[serde(default = "crate::layers::yes")]
    pub use_bias: bool,
    /// How the depthwise kernel starts. Default: glorot_uniform.
    #[serde(default)]
    pub depthwise_initializer: Initializer,
    /// How the pointwise kernel starts. Default: glorot_uniform.
    #[serde(default)]
    pub pointwise_initializer: Initializer,
    /// How the bias starts. Default: zeros.
    #[serde(default = "Initializer::zeros")]
    pub bias_initializer: Initializer,
    /// The depthwise kernel's penalty. Default: none.
    pub depthwise_regularizer: Option<Regularizer>,
    /// The pointwise kernel's penalty. Default: none.
    pub pointwise_regularizer: Option<Regularizer>,
    /// The bias's penalty. Default: none.
    pub bias_regularizer: Option<Regularizer>,
    /// The penalty on the output, divided by the batch's size. Default: none.
    pub activity_regularizer: Option<Regularizer>,
    /// The depthwise kernel's projection after every step. Default: none.
    pub depthwise_constraint: Option<Constraint>,
    /// The pointwise kernel's projection after every step. Default: none.
    pub pointwise_constraint: Option<Constraint>,
    /// The bias's projection after every step. Default: none.
    pub bias_constraint: Option<Constraint>,
}

impl SeparableConv1D {
    /// The layer with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<PerAxis>) -> Self {
        SeparableConv1D {
            filters,
            kernel_size: kernel_size.into(),
            strides: PerAxis::one(),
            padding: Padding::Valid,
            depth_multiplier: 1,
            data_format: DataFormat::ChannelsLast,
            dilation_rate: PerAxis::one(),
            activation: Activation::Linear,
            use_bias: true,
            depthwise_initializer: Initializer::default(),
            pointwise_initializer: Initializer::default(),
            bias_initializer: Initializer::zeros(),
            depthwise_regularizer: None,
            pointwise_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            depthwise_constraint: None,
            pointwise_constraint: None,
            bias_constraint: None,
        }
    }

    fn convolution(&self) -> Convolution<'_> {
        let depthwise =
            (&self.depthwise_initializer, &self.depthwise_regularizer, &self.depthwise_constraint);
        let pointwise =
            (&self.pointwise_initializer, &self.pointwise_regularizer, &self.pointwise_constraint);
        let bias = (&self.bias_initializer, &self.bias_regularizer, &self.bias_constraint);
        Convolution {
            layer: "separable_conv1d",
            rank: 1,
            kind: ConvolutionKind::Separable {
                filters: self.filters,
                multiplier: self.depth_multiplier,
                depthwise,
                pointwise,
            },
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

impl Layer for SeparableConv1D {
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
