//! Cropping1D, 2D, 3D: less of each axis.

use super::{Resample, ResampledAxis};
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::{DataFormat, Margins, checked};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Crops each axis at both ends.
    ///
    /// Input shape: (batch, spatial…, channels). Output shape: (batch, spatial'…, channels).
    ///
    /// Keras: `keras.layers.CroppingND`.
    pub struct Cropping<const RANK: usize> {
        /// How much is left out: ends….
        cropping: Margins = Margins::All(usize::from(RANK != 2)),
        /// Position of the channel axis: `channels_last` or `channels_first`.
        [RANK > 1] data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

/// [`Cropping`] over a sequence.
pub type Cropping1D = Cropping<1>;
/// [`Cropping`] over an image.
pub type Cropping2D = Cropping<2>;
/// [`Cropping`] over a volume.
pub type Cropping3D = Cropping<3>;

impl<const RANK: usize> Cropping<RANK> {
    fn resample(&self) -> Result<Resample, Problem> {
        let margins = self.cropping.axes("cropping", RANK)?;
        let axes = margins.map(|(before, after)| ResampledAxis::Crop(before, after));
        let layer = ["cropping1d", "cropping2d", "cropping3d"][RANK - 1];
        Ok(Resample { layer, rank: RANK, axes, format: self.data_format })
    }
}

impl<const RANK: usize> Layer for Cropping<RANK> {
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
