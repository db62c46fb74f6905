//! GlobalAveragePooling1D, 2D, 3D: the mean of each channel.

use super::pool::{Pool, Seen};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::DataFormat;

configuration! {
    /// The mean of each channel. `global_average_pooling1d` leaves masked steps out; unlike Keras,
    /// which divides 0 by 0, a sequence whose steps are all masked gives 0.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, channels), or (batch, 1…,
    /// channels) with `keepdims`.
    ///
    /// Keras: `keras.layers.GlobalAveragePoolingND`.
    pub struct GlobalAveragePooling<const RANK: usize> {
        shared { data_format }
        /// Whether to keep the pooled axes, with length 1.
        keepdims: bool = false,
    }
}

by_rank! { GlobalAveragePooling: GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D; pool }

impl<const RANK: usize> GlobalAveragePooling<RANK> {
    fn pool(&self) -> Pool<'_> {
        Pool {
            layer: [
                "global_average_pooling1d",
                "global_average_pooling2d",
                "global_average_pooling3d",
            ][RANK - 1],
            rank: RANK,
            pooling: if RANK == 1 { Pooling::MaskedAverage } else { Pooling::Average },
            seen: Seen::Everything { keepdims: self.keepdims },
            format: self.data_format,
        }
    }
}
