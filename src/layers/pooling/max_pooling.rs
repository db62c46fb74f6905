//! MaxPooling1D, 2D, 3D: the largest number of each window.

use super::pool::{Pool, Seen};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};

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
        shared { data_format }
    }
}

by_rank! { MaxPooling: MaxPooling1D, MaxPooling2D, MaxPooling3D; pool }

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
