//! Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: a convolution backwards, which makes the input
//! larger.

use super::Convolution;
use super::plan::ConvolutionForm;
use crate::activations::Activation;
use crate::layers::configuration::{Configuration, by_rank, configuration};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;

configuration! {
    /// `output[p · strides + a · dilation_rate - before] += input[p] · kernel[a]`, for all p and
    /// a, then bias and activation; `before` is what `padding: same` leaves out.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, filters).
    /// Weights: `kernel` (size…, filters, channels), `bias` (filters,).
    ///
    /// Keras: `keras.layers.ConvNDTranspose`.
    pub struct ConvTranspose<const RANK: usize> {
        /// Number of output channels; at least 1.
        filters: usize,
        /// Size of the kernel: one number, or one for each axis.
        kernel_size: PerAxis,
        /// How far apart in the output the inputs are put: one number, or one for each axis.
        strides: PerAxis = PerAxis::one(),
        /// `valid` (no padding) or `same` (as much as keeps the size at strides of 1).
        padding: Padding = Padding::Valid,
        /// What is added to the end of the output, less than `strides`: one number, or one for each
        /// axis. Default: what `padding` needs.
        output_padding: Option<PerAxis> = None,
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
        /// Dilation rate of the kernel. Above 1, an *atrous* convolution.
        dilation_rate: PerAxis = PerAxis::one(),
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

by_rank! { ConvTranspose: Conv1DTranspose, Conv2DTranspose, Conv3DTranspose; convolution, activation }

impl<const RANK: usize> ConvTranspose<RANK> {
    /// The layer with Keras's defaults.
    pub fn new(filters: usize, kernel_size: impl Into<PerAxis>) -> Self {
        ConvTranspose { filters, kernel_size: kernel_size.into(), ..ConvTranspose::defaults() }
    }

    fn convolution(&self) -> Convolution<'_> {
        Convolution {
            layer: ["conv1d_transpose", "conv2d_transpose", "conv3d_transpose"][RANK - 1],
            rank: RANK,
            kind: ConvolutionForm::Transposed {
                filters: self.filters,
                output_padding: &self.output_padding,
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
