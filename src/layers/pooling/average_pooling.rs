//! AveragePooling1D, 2D, 3D: the mean of each window.

use super::pool::{Pool, Seen};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::{DataFormat, Padding, PerAxis};

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
        shared { data_format }
    }
}

by_rank! { AveragePooling: AveragePooling1D, AveragePooling2D, AveragePooling3D; pool }

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
