//! Cropping1D, 2D, 3D: less of each axis.

use super::{Resample, ResampledAxis};
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::{DataFormat, Margins};

configuration! {
    /// Crops each axis at both ends.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.CroppingND`.
    pub struct Cropping<const RANK: usize> {
        /// How much to crop: ends….
        cropping: Margins = Margins::All(usize::from(RANK != 2)),
        /// Position of the channel axis: `channels_last` or `channels_first`.
        [RANK > 1] data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

by_rank! { Cropping: Cropping1D, Cropping2D, Cropping3D; resample }

impl<const RANK: usize> Cropping<RANK> {
    fn resample(&self) -> Resample {
        let margins = self.cropping.axes("cropping", RANK);
        let crop = |(before, after)| ResampledAxis::Crop(before, after);
        let layer = ["cropping1d", "cropping2d", "cropping3d"][RANK - 1];
        let axes = margins.map(|margins| margins.map(crop));
        Resample { layer, rank: RANK, axes, format: self.data_format }
    }
}
