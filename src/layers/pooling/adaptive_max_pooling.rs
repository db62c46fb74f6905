//! AdaptiveMaxPooling1D, 2D, 3D: the largest number of evenly spread windows.

use super::pool::{Pool, Seen};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::{DataFormat, PerAxis};

configuration! {
    /// The largest value in each of `output_size` evenly spaced windows, for each channel: along
    /// an axis of length n, window i of o is `⌊i · n / o⌋ .. ⌈(i + 1) · n / o⌉`.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.AdaptiveMaxPoolingND`.
    pub struct AdaptiveMaxPooling<const RANK: usize> {
        /// Size of the output: one number, or one for each axis.
        output_size: PerAxis,
        shared { data_format }
    }
}

by_rank! { AdaptiveMaxPooling: AdaptiveMaxPooling1D, AdaptiveMaxPooling2D, AdaptiveMaxPooling3D; pool }

impl<const RANK: usize> AdaptiveMaxPooling<RANK> {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: ["adaptive_max_pooling1d", "adaptive_max_pooling2d", "adaptive_max_pooling3d"]
                [RANK - 1],
            rank: RANK,
            pooling: Pooling::Max,
            seen: Seen::Adaptive { output_size: &self.output_size },
            format: self.data_format,
        }
    }
}
