//! AdaptiveAveragePooling1D, 2D, 3D: the mean of evenly spread windows.

use super::pool::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::{DataFormat, PerAxis};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// The mean of each of `output_size` evenly spaced windows, for each channel: along an axis
    /// of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.AdaptiveAveragePoolingND`.
    pub struct AdaptiveAveragePooling<const RANK: usize> {
        /// Size of the output: one number, or one for each axis.
        output_size: PerAxis,
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

/// [`AdaptiveAveragePooling`] over a sequence.
pub type AdaptiveAveragePooling1D = AdaptiveAveragePooling<1>;
/// [`AdaptiveAveragePooling`] over an image.
pub type AdaptiveAveragePooling2D = AdaptiveAveragePooling<2>;
/// [`AdaptiveAveragePooling`] over a volume.
pub type AdaptiveAveragePooling3D = AdaptiveAveragePooling<3>;

impl<const RANK: usize> AdaptiveAveragePooling<RANK> {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: [
                "adaptive_average_pooling1d",
                "adaptive_average_pooling2d",
                "adaptive_average_pooling3d",
            ][RANK - 1],
            rank: RANK,
            pooling: Pooling::Average,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}

impl<const RANK: usize> Layer for AdaptiveAveragePooling<RANK> {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.pool().output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        self.pool().build(input)
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}
