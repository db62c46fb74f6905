//! AveragePooling1D, 2D, 3D: the mean of each window.

use super::pool::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// The mean of each window, for each channel; padding is not counted.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.AveragePoolingND`.
    pub struct AveragePooling<const RANK: usize> {
        /// Size of the window: one number, or one for each axis.
        pool_size: PerAxis = PerAxis::All(2),
        /// Stride of the window: one number, or one for each axis. Default: `pool_size`.
        strides: Option<PerAxis> = None,
        /// `valid` (no padding) or `same`.
        padding: Padding = Padding::Valid,
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

/// [`AveragePooling`] over a sequence.
pub type AveragePooling1D = AveragePooling<1>;
/// [`AveragePooling`] over an image.
pub type AveragePooling2D = AveragePooling<2>;
/// [`AveragePooling`] over a volume.
pub type AveragePooling3D = AveragePooling<3>;

impl<const RANK: usize> AveragePooling<RANK> {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: ["average_pooling1d", "average_pooling2d", "average_pooling3d"][RANK - 1],
            rank: RANK,
            pooling: Pooling::Average,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl<const RANK: usize> Layer for AveragePooling<RANK> {
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
