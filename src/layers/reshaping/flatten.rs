//! Flatten: a sample as one row.

use super::Rearrange;
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Flattens each sample to one axis, channels last. Drops the mask.
    ///
    /// Input shape: (batch, …). Output shape: (batch, product of all axes).
    ///
    /// Keras: `keras.layers.Flatten`.
    pub struct Flatten {
        /// With `channels_first`, the channels are moved to the end first.
        data_format: DataFormat = DataFormat::ChannelsLast,
    }
}

impl Layer for Flatten {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        Ok(Shape(vec![super::product("", input.dims())?]))
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let rank = input.rank();
        let moves = self.data_format == DataFormat::ChannelsFirst && rank > 1;
        let order = moves.then(|| (1..rank).chain([0]).collect());
        let output = Shape(vec![input.elements()]);
        Ok(Box::new(Rearrange { order, input: input.clone(), output }))
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}
