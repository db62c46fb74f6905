//! Conv1D, Conv2D, Conv3D: filters that slide over the input.

use super::Convolution;
use super::plan::ConvolutionForm;
use crate::activations::Activation;
use crate::layers::configuration::{Configuration, by_rank, configuration};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;

configuration! {
    /// `output[p] = activation(Σ_a input[q] · kernel[a] + bias)`, where q is
    /// `p · strides + a · dilation_rate - before`, for positions p and offsets a; `before` is the
    /// padding before the input.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, filters).
    /// Weights: `kernel` (size…, channels / groups, filters), `bias` (filters,).
    ///
    /// Keras: `keras.layers.ConvND`.
    pub struct Conv<const RANK: usize> {
        /// Number of output channels; at least 1.
        filters: usize,
        /// Size of the kernel: one number, or one for each axis.
        kernel_size: PerAxis,
        /// Stride of the kernel: one number, or one for each axis.
        strides: PerAxis = PerAxis::one(),
        /// `valid` (no padding) or `same` (as much as keeps the size at strides of 1); `causal`
        /// for Conv1D.
        padding: Padding = Padding::Valid,
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
        /// Dilation rate of the kernel. Above 1, an *atrous* convolution.
        dilation_rate: PerAxis = PerAxis::one(),
        /// The number of groups that the channels are split into: each group of filters sees its
        /// own group of input channels alone. Must divide `filters` and the input's channels.
        groups: usize = 1,
        /// Activation function applied to the output.
        activation: Activation = Activation::Linear,
        /// Whether to add a bias.
        use_bias: bool = true,
        initializers {
            kernel "the kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { kernel "the kernel", bias "the bias" }
        /// Regularizer for the output; its penalty is divided by the batch size.
        activity_regularizer: Option<Regularizer> = None,
        constraints { kernel "the kernel", bias "the bias" }
    }
}

by_rank! { Conv: Conv1D, Conv2D, Conv3D; convolution, activation }

impl<const RANK: usize> Conv<RANK> {
    /// The layer with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<PerAxis>) -> Self {
        Conv { filters, kernel_size: kernel_size.into(), ..Conv::defaults() }
    }

    fn convolution(&self) -> Convolution<'_> {
        Convolution {
            layer: ["conv1d", "conv2d", "conv3d"][RANK - 1],
            rank: RANK,
            kind: ConvolutionForm::Full {
                filters: self.filters,
                groups: self.groups,
                kernel: &self.kernel,
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
