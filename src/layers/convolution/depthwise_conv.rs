//! DepthwiseConv1D, DepthwiseConv2D: each channel with filters of its own.

use super::plan::ConvolutionForm;
use super::{Convolution, convolution};
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
        shared { kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias }
        initializers {
            depthwise "the depthwise kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { depthwise "the depthwise kernel", bias "the bias" }
        shared { activity_regularizer }
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
        let names = ["depthwise_conv1d", "depthwise_conv2d"];
        let kind = ConvolutionForm::Depthwise {
            multiplier: self.depth_multiplier,
            kernel: &self.depthwise,
        };
        convolution!(self, names[RANK - 1], RANK, kind)
    }
}
