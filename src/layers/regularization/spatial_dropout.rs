//! SpatialDropout1D, 2D, 3D: whole channels at once.

use super::{NoiseShape, Noisy};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::dropout::DropoutRule;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, sets whole channels of a sample to 0 with probability `rate` and divides the
    /// others by 1 - rate. Input and output shape: (batch, spatial…, channels).
    ///
    /// Keras: `keras.layers.SpatialDropoutND`, whose random numbers differ.
    pub struct SpatialDropout<const RANK: usize> {
        /// Fraction of the channels to drop; between 0 and 1.
        rate: f64,
        shared { seed }
        /// Position of the channel axis: `channels_last` or `channels_first`.
        [RANK > 1] data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

/// [`SpatialDropout`] over a sequence.
pub type SpatialDropout1D = SpatialDropout<1>;
/// [`SpatialDropout`] over an image.
pub type SpatialDropout2D = SpatialDropout<2>;
/// [`SpatialDropout`] over a volume.
pub type SpatialDropout3D = SpatialDropout<3>;

impl<const RANK: usize> Layer for SpatialDropout<RANK> {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::fraction("rate", self.rate)?;
        if input.rank() != RANK + 1 {
            let axes = RANK + 2;
            let message =
                format!("spatial_dropout{RANK}d takes an input of {axes} axes, got {input}");
            return Err(Problem::at("", message).help("the batch's axis counts"));
        }
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rule = DropoutRule::Dropout { rate: self.rate };
        let shape = Some(channels(RANK, self.data_format));
        Ok(Noisy::boxed(rule, self.seed, &shape, input, scope))
    }
}

/// One draw for each channel of each sample.
fn channels(rank: usize, format: DataFormat) -> NoiseShape {
    let mut shape = vec![None];
    shape.extend(vec![Some(1); rank]);
    match format {
        DataFormat::ChannelsLast => shape.push(None),
        DataFormat::ChannelsFirst => shape.insert(1, None),
    }
    shape
}
