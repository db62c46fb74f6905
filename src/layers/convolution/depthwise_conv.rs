//! DepthwiseConv1D, DepthwiseConv2D: each channel with filters of its own.

use super::Convolution;
use super::plan::ConvolutionForm;
use crate::activations::Activation;
use crate::layers::configuration::{Configuration, by_rank, configuration};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;

configuration! {
    /// `output[p, c · m + i] = activation(Σ_a input[p · strides + a, c] · kernel[a, c, i] + bias)`,
    /// where m is `depth_multiplier`.
    ///
    /// Input shape: (batch, spatial…, channels).
    /// Output shape: (batch, spatial'…, channels · depth_multiplier).
    /// Weights: `kernel` (size…, channels, depth_multiplier),
    /// `bias` (channels · depth_multiplier,).
    ///
    /// Keras: `keras.layers.DepthwiseConvND`.
    pub struct DepthwiseConv<const RANK: usize> {
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
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { depthwise "the depthwise kernel", bias "the bias" }
        /// Regularizer for the output; its penalty is divided by the batch size.
        activity_regularizer: Option<Regularizer> = None,
        constraints { depthwise "the depthwise kernel", bias "the bias" }
    }
}

by_rank! { DepthwiseConv: DepthwiseConv1D, DepthwiseConv2D; convolution, activation }

impl<const RANK: usize> DepthwiseConv<RANK> {
    /// The layer with Keras's defaults.
    pub fn new(kernel_size: impl Into<PerAxis>) -> Self {
        DepthwiseConv { kernel_size: kernel_size.into(), ..DepthwiseConv::defaults() }
    }

    fn convolution(&self) -> Convolution<'_> {
        Convolution {
            layer: ["depthwise_conv1d", "depthwise_conv2d"][RANK - 1],
            rank: RANK,
            kind: ConvolutionForm::Depthwise {
                multiplier: self.depth_multiplier,
                kernel: &self.depthwise,
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
