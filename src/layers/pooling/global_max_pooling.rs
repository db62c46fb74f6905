//! GlobalMaxPooling1D, 2D, 3D: the largest number of each channel.

use super::pool::{Pool, Seen};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::DataFormat;

configuration! {
    /// The largest value of each channel.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, channels), or (batch, 1…,
    /// channels) with `keepdims`.
    ///
    /// Keras: `keras.layers.GlobalMaxPoolingND`.
    pub struct GlobalMaxPooling<const RANK: usize> {
        shared { data_format }
        /// Whether to keep the pooled axes, with length 1.
        keepdims: bool = false,
    }
}

by_rank! { GlobalMaxPooling: GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D; pool }

impl<const RANK: usize> GlobalMaxPooling<RANK> {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: ["global_max_pooling1d", "global_max_pooling2d", "global_max_pooling3d"]
                [RANK - 1],
            rank: RANK,
            pooling: Pooling::Max,
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}
