//! ZeroPadding1D, 2D, 3D: zeros around.

use super::{Resample, ResampledAxis};
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::{DataFormat, Margins, checked};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Pads each axis with zeros at both ends.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.ZeroPaddingND`.
    pub struct ZeroPadding<const RANK: usize> {
        /// How much is added: ends….
        padding: Margins = Margins::All(1),
        /// Position of the channel axis: `channels_last` or `channels_first`.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

/// [`ZeroPadding`] over a sequence.
pub type ZeroPadding1D = ZeroPadding<1>;
/// [`ZeroPadding`] over an image.
pub type ZeroPadding2D = ZeroPadding<2>;
/// [`ZeroPadding`] over a volume.
pub type ZeroPadding3D = ZeroPadding<3>;

impl<const RANK: usize> ZeroPadding<RANK> {
    fn resample(&self) -> Result<Resample, Problem> {
        let margins = self.padding.axes("padding", RANK)?;
        let axes = margins.map(|(before, after)| ResampledAxis::Pad(before, after));
        let layer = ["zero_padding1d", "zero_padding2d", "zero_padding3d"][RANK - 1];
        Ok(Resample { layer, rank: RANK, axes, format: self.data_format })
    }
}

impl<const RANK: usize> Layer for ZeroPadding<RANK> {
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
