//! ZeroPadding1D, 2D, 3D: zeros around.

use super::{Resample, ResampledAxis};
use crate::layers::configuration::{by_rank, configuration};
use crate::layers::spatial::{DataFormat, Margins};

configuration! {
    /// Pads each axis with zeros at both ends.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.ZeroPaddingND`.
    pub struct ZeroPadding<const RANK: usize> {
        /// How much to add: ends….
        padding: Margins = Margins::All(1),
        shared { data_format }
    }
}

by_rank! { ZeroPadding: ZeroPadding1D, ZeroPadding2D, ZeroPadding3D; resample }

impl<const RANK: usize> ZeroPadding<RANK> {
    fn resample(&self) -> Resample {
        let margins = self.padding.axes("padding", RANK);
        let pad = |(before, after)| ResampledAxis::Pad(before, after);
        let layer = ["zero_padding1d", "zero_padding2d", "zero_padding3d"][RANK - 1];
        let axes = margins.map(|margins| margins.map(pad));
        Resample { layer, rank: RANK, axes, format: self.data_format }
    }
}
