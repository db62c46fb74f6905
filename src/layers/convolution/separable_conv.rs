//! SeparableConv1D, SeparableConv2D: each channel by itself, then a mixture of them.

use super::Convolution;
use super::plan::ConvolutionForm;
use crate::activations::Activation;
use crate::layers::configuration::{Configuration, by_rank, configuration};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;

configuration! {
    /// A depthwise convolution, to which strides, padding and dilation apply, then
    /// `output[p] = activation(between[p] · pointwise_kernel + bias)`.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, filters).
    /// Weights: `depthwise_kernel` (size…, channels, depth_multiplier), `pointwise_kernel`
    /// (1…, channels · depth_multiplier, filters), `bias` (filters,).
    ///
    /// Keras: `keras.layers.SeparableConvND`.
    pub struct SeparableConv<const RANK: usize> {
        /// Number of output channels; at least 1.
        filters: usize,
        /// Size of the kernel: one number, or one for each axis.
        kernel_size: PerAxis,
        /// Stride of the kernel: one number, or one for each axis.
        strides: PerAxis = PerAxis::one(),
        /// `valid` (no padding) or `same` (as much as keeps the size at strides of 1).
        padding: Padding = Padding::Valid,
        /// Number of filters per input channel.
        depth_multiplier: usize = 1,
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
        /// Dilation rate of the kernel. Above 1, an *atrous* convolution.
        dilation_rate: PerAxis = PerAxis::one(),
        /// Activation function applied to the output.
        activation: Activation = Activation::Linear,
        /// Whether to add a bias.
        use_bias: bool = true,
        initializers {
            depthwise "the depthwise kernel" = Initializer::glorot_uniform(),
            pointwise "the pointwise kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { depthwise "the depthwise kernel", pointwise "the pointwise kernel", bias "the bias" }
        /// Regularizer for the output; its penalty is divided by the batch size.
        activity_regularizer: Option<Regularizer> = None,
        constraints { depthwise "the depthwise kernel", pointwise "the pointwise kernel", bias "the bias" }
    }
}

by_rank! { SeparableConv: SeparableConv1D, SeparableConv2D; convolution, activation }

impl<const RANK: usize> SeparableConv<RANK> {
    /// The layer with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<PerAxis>) -> Self {
        SeparableConv { filters, kernel_size: kernel_size.into(), ..SeparableConv::defaults() }
    }

    fn convolution(&self) -> Convolution<'_> {
        Convolution {
            layer: ["separable_conv1d", "separable_conv2d"][RANK - 1],
            rank: RANK,
            kind: ConvolutionForm::Separable {
                filters: self.filters,
                multiplier: self.depth_multiplier,
                depthwise: &self.depthwise,
                pointwise: &self.pointwise,
            },
            kernel_size: &self.kernel_size,
            strides: &self.strides,
            padding: self.padding,
            dilation_rate: &self.dilation_rate,
            data_format: self.data_format,
            activation: &self.activation,
            bias: self.use_bias.then_some(&self.bias),
            activity: &self.activity_regularizer,
        }
    }
}
