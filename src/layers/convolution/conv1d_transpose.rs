//! Conv1DTranspose: a convolution backwards, which makes a sequence larger.

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

/// `output[p · strides + a · dilation_rate - before] += input[p] · kernel[a]`, for all p and a, then bias
/// and activation; `before` is what `padding: same` leaves out.
///
/// Input shape: (batch, steps, channels). Output shape: (batch, steps', filters).
/// Weights: `kernel` (k, filters, channels), `bias` (filters,).
///
/// Keras: `keras.layers.Conv1DTranspose`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conv1DTranspose {
    /// The channels of the output; at least 1.
    pub filters: usize,
    /// How many steps the kernel reaches over.
    pub kernel_size: PerAxis,
    /// How far apart the inputs are put in the output. Default: 1.
    #[serde(default = "PerAxis::one")]
    pub strides: PerAxis,
    /// `valid` or `same`. Default: valid.
    #[serde(default)]
    pub padding: Padding,
    /// What is added to the output's end, less than `strides`. Default: what `padding` needs.
    pub output_padding: Option<PerAxis>,
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

impl Conv1DTranspose {
    /// The layer with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<PerAxis>) -> Self {
        Conv1DTranspose {
            filters,
            kernel_size: kernel_size.into(),
            strides: PerAxis::one(),
            padding: Padding::Valid,
            output_padding: None,
            data_format: DataFormat::ChannelsLast,
            dilation_rate: PerAxis::one(),
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
            layer: "conv1d_transpose",
            rank: 1,
            kind: ConvolutionKind::Transposed {
                filters: self.filters,
                output_padding: &self.output_padding,
                kernel,
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

impl Layer for Conv1DTranspose {
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
