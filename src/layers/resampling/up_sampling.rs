//! UpSampling1D, 2D, 3D: more of each axis.

use super::interpolation::Interpolation;
use super::{Resample, ResampledAxis};
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::{DataFormat, PerAxis};

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

by_rank! { UpSampling: UpSampling1D, UpSampling2D, UpSampling3D; resample }

impl<const RANK: usize> UpSampling<RANK> {
    fn resample(&self) -> Resample {
        let sizes = self.size.axes("size", RANK, 1, 1);
        let sample = |times| match self.interpolation {
            Interpolation::Nearest => ResampledAxis::Repeat(times),
            how => ResampledAxis::Interpolate(times, how),
        };
        let layer = ["up_sampling1d", "up_sampling2d", "up_sampling3d"][RANK - 1];
        let axes = sizes.map(|sizes| sizes.map(sample));
        Resample { layer, rank: RANK, axes, format: self.data_format }
    }
}
