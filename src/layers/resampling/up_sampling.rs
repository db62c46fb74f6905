//! UpSampling1D, 2D, 3D: more of each axis.

use super::interpolation::Interpolation;
use super::{Resample, ResampledAxis};
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::{DataFormat, PerAxis, checked};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Makes each axis `size` times as long by repeating values; `up_sampling2d` can also interpolate.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.UpSamplingND`.
    pub struct UpSampling<const RANK: usize> {
        /// Factor by which each axis grows: one number, or one for each axis.
        size: PerAxis = PerAxis::All(2),
        /// Position of the channel axis: `channels_last` or `channels_first`.
        [RANK > 1] data_format: DataFormat = DataFormat::ChannelsLast,
        /// `nearest`, `bilinear`, `bicubic`, `lanczos3` or `lanczos5`.
        [RANK == 2] interpolation: Interpolation = Interpolation::Nearest,
    }
}

/// [`UpSampling`] over a sequence.
pub type UpSampling1D = UpSampling<1>;
/// [`UpSampling`] over an image.
pub type UpSampling2D = UpSampling<2>;
/// [`UpSampling`] over a volume.
pub type UpSampling3D = UpSampling<3>;

impl<const RANK: usize> UpSampling<RANK> {
    fn resample(&self) -> Result<Resample, Problem> {
        let sizes = self.size.axes("size", RANK, 1, 1)?;
        let axes = sizes.map(|times| match self.interpolation {
            Interpolation::Nearest => ResampledAxis::Repeat(times),
            how => ResampledAxis::Interpolate(times, how),
        });
        let layer = ["up_sampling1d", "up_sampling2d", "up_sampling3d"][RANK - 1];
        Ok(Resample { layer, rank: RANK, axes, format: self.data_format })
    }
}

impl<const RANK: usize> Layer for UpSampling<RANK> {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.resample()?.output_shape(input)
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        checked(self.resample())?.build(input)
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}
