//! SeparableConv1D, SeparableConv2D: each channel by itself, then a mixture of them.

use super::plan::ConvolutionForm;
use super::{Convolution, convolution};
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
        shared { filters, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias }
        initializers {
            depthwise "the depthwise kernel" = Initializer::glorot_uniform(),
            pointwise "the pointwise kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { depthwise "the depthwise kernel", pointwise "the pointwise kernel", bias "the bias" }
        shared { activity_regularizer }
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
        let names = ["separable_conv1d", "separable_conv2d"];
        let kind = ConvolutionForm::Separable {
            filters: self.filters,
            multiplier: self.depth_multiplier,
            depthwise: &self.depthwise,
            pointwise: &self.pointwise,
        };
        convolution!(self, names[RANK - 1], RANK, kind)
    }
}
