//! DepthwiseConv1D: each channel of a sequence with filters of its own.

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

/// `output[p, c · depth_multiplier + m] = activation(Σ_a input[p · strides + a, c] · kernel[a, c, m] + bias)`
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', channels · depth_multiplier).
/// Weights: `kernel` (k, channels, depth_multiplier), `bias` (channels · depth_multiplier,).
///
/// Keras: `keras.layers.DepthwiseConv1D`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DepthwiseConv1D {
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
    /// How the kernel starts. Default: glorot_uniform.
    #[serde(default)]
    pub depthwise_initializer: Initializer,
    /// How the bias starts. Default: zeros.
    #[serde(default = "Initializer::zeros")]
    pub bias_initializer: Initializer,
    /// The kernel's penalty. Default: none.
    pub depthwise_regularizer: Option<Regularizer>,
    /// The bias's penalty. Default: none.
    pub bias_regularizer: Option<Regularizer>,
    /// The penalty on the output, divided by the batch's size. Default: none.
    pub activity_regularizer: Option<Regularizer>,
    /// The kernel's projection after every step. Default: none.
    pub depthwise_constraint: Option<Constraint>,
    /// The bias's projection after every step. Default: none.
    pub bias_constraint: Option<Constraint>,
}

impl DepthwiseConv1D {
    /// The layer with Keras's defaults.
    pub fn new(kernel_size: impl Into<PerAxis>) -> Self {
        DepthwiseConv1D {
            kernel_size: kernel_size.into(),
            strides: PerAxis::one(),
            padding: Padding::Valid,
            depth_multiplier: 1,
            data_format: DataFormat::ChannelsLast,
            dilation_rate: PerAxis::one(),
            activation: Activation::Linear,
            use_bias: true,
            depthwise_initializer: Initializer::default(),
            bias_initializer: Initializer::zeros(),
            depthwise_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            depthwise_constraint: None,
            bias_constraint: None,
        }
    }

    fn convolution(&self) -> Convolution<'_> {
        let kernel =
            (&self.depthwise_initializer, &self.depthwise_regularizer, &self.depthwise_constraint);
        let bias = (&self.bias_initializer, &self.bias_regularizer, &self.bias_constraint);
        Convolution {
            layer: "depthwise_conv1d",
            rank: 1,
            kind: ConvolutionKind::Depthwise { multiplier: self.depth_multiplier, kernel },
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

impl Layer for DepthwiseConv1D {
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
