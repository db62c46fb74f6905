//! GlobalMaxPooling1D, 2D, 3D: the largest number of each channel.

use super::pool::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// The largest value of each channel.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, channels), or (batch, 1…,
    /// channels) with `keepdims`.
    ///
    /// Keras: `keras.layers.GlobalMaxPoolingND`.
    pub struct GlobalMaxPooling<const RANK: usize> {
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
        /// Whether to keep the pooled axes, with length 1.
        keepdims: bool = false,
    }
}

/// [`GlobalMaxPooling`] over a sequence.
pub type GlobalMaxPooling1D = GlobalMaxPooling<1>;
/// [`GlobalMaxPooling`] over an image.
pub type GlobalMaxPooling2D = GlobalMaxPooling<2>;
/// [`GlobalMaxPooling`] over a volume.
pub type GlobalMaxPooling3D = GlobalMaxPooling<3>;

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

impl<const RANK: usize> Layer for GlobalMaxPooling<RANK> {
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
