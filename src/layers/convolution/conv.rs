//! Conv1D, Conv2D, Conv3D: filters that slide over the input.

use super::plan::ConvolutionForm;
use super::{Convolution, convolution};
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
        shared { filters, kernel_size, strides }
        /// `valid` (no padding) or `same` (as much as keeps the size at strides of 1); `causal`
        /// for Conv1D.
        padding: Padding = Padding::Valid,
        shared { data_format, dilation_rate }
        /// The number of groups that the channels are split into: each group of filters sees its
        /// own group of input channels alone. Must divide `filters` and the input's channels.
        groups: usize = 1,
        shared { activation, use_bias }
        initializers {
            kernel "the kernel" = Initializer::glorot_uniform(),
            bias "the bias" = Initializer::zeros(),
        }
        regularizers { kernel "the kernel", bias "the bias" }
        shared { activity_regularizer }
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
        let names = ["conv1d", "conv2d", "conv3d"];
        let kind = ConvolutionForm::Full {
            filters: self.filters,
            groups: self.groups,
            kernel: &self.kernel,
        };
        convolution!(self, names[RANK - 1], RANK, kind)
    }
}
