//! Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: a convolution backwards, which makes the input
//! larger.

use super::plan::ConvolutionForm;
use super::{Convolution, convolution};
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
        shared { filters, kernel_size }
        /// How far apart in the output the inputs are put: one number, or one for each axis.
        strides: PerAxis = PerAxis::one(),
        shared { padding }
        /// What is added to the end of the output, less than `strides`: one number, or one for each
        /// axis. Default: what `padding` needs.
        output_padding: Option<PerAxis> = None,
        shared { data_format, dilation_rate, activation, use_bias }
        initializers {
            kernel "the kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { kernel "the kernel", bias "the bias" }
        shared { activity_regularizer }
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
        let names = ["conv1d_transpose", "conv2d_transpose", "conv3d_transpose"];
        let kind = ConvolutionForm::Transposed {
            filters: self.filters,
            output_padding: &self.output_padding,
            kernel: &self.kernel,
        };
        convolution!(self, names[RANK - 1], RANK, kind)
    }
}
