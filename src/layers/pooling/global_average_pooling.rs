//! GlobalAveragePooling1D, 2D, 3D: the mean of each channel.

use super::pool::{Pool, Seen};
use crate::error::{Problem, Result};
use crate::kernels::pool::Pooling;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// The mean of each channel. `global_average_pooling1d` leaves masked steps out; unlike Keras,
    /// which divides 0 by 0, a sequence whose steps are all masked gives 0.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, channels), or (batch, 1…,
    /// channels) with `keepdims`.
    ///
    /// Keras: `keras.layers.GlobalAveragePoolingND`.
    pub struct GlobalAveragePooling<const RANK: usize> {
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
        /// Whether to keep the pooled axes, with length 1.
        keepdims: bool = false,
    }
}

/// [`GlobalAveragePooling`] over a sequence.
pub type GlobalAveragePooling1D = GlobalAveragePooling<1>;
/// [`GlobalAveragePooling`] over an image.
pub type GlobalAveragePooling2D = GlobalAveragePooling<2>;
/// [`GlobalAveragePooling`] over a volume.
pub type GlobalAveragePooling3D = GlobalAveragePooling<3>;

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

impl<const RANK: usize> Layer for GlobalAveragePooling<RANK> {
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
