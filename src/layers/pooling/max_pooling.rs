//! MaxPooling1D, 2D, 3D: the largest number of each window.

use super::pool::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// The largest value in each window, for each channel.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.MaxPoolingND`.
    pub struct MaxPooling<const RANK: usize> {
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

/// [`MaxPooling`] over a sequence.
pub type MaxPooling1D = MaxPooling<1>;
/// [`MaxPooling`] over an image.
pub type MaxPooling2D = MaxPooling<2>;
/// [`MaxPooling`] over a volume.
pub type MaxPooling3D = MaxPooling<3>;

impl<const RANK: usize> MaxPooling<RANK> {
    fn pool(&self) -> Pool<'_> {
        let (size, strides, padding) = (&self.pool_size, &self.strides, self.padding);
        Pool {
            layer: ["max_pooling1d", "max_pooling2d", "max_pooling3d"][RANK - 1],
            rank: RANK,
            pooling: Pooling::Max,
            seen: Seen::Window { size, strides, padding },
            format: self.data_format,
        }
    }
}

impl<const RANK: usize> Layer for MaxPooling<RANK> {
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
