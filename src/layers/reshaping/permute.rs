//! Permute: a sample's axes in another order.

use super::Rearrange;
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Permutes the axes of a sample: output axis i is input axis `dims[i]`, so that `dims: [2, 1]`
    /// swaps two axes. Drops the mask.
    ///
    /// Keras: `keras.layers.Permute`.
    pub struct Permute {
        /// Order of the axes of a sample, counted from 1.
        dims: Vec<usize>,
    }
}

impl Layer for Permute {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        let mut sorted = self.dims.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(1..=self.dims.len()) {
            let message = format!(
                "`dims` must hold each of 1 to {} once, got {:?}",
                self.dims.len(),
                self.dims
            );
            return Err(Problem::at("dims", message).help("the axes are counted from 1"));
        }
        if self.dims.len() != input.rank() {
            let message = format!(
                "`dims` must name the {} axes of the input {input}, got {}",
                input.rank(),
                self.dims.len()
            );
            return Err(Problem::at("dims", message).help("the batch's axis is left out"));
        }
        Ok(Shape(self.dims.iter().map(|axis| input.dims()[axis - 1]).collect()))
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let order: Vec<usize> = self.dims.iter().map(|axis| axis - 1).collect();
        let output = Shape(order.iter().map(|axis| input.dims()[*axis]).collect());
        let moves = order.iter().enumerate().any(|(to, from)| to != *from);
        Ok(Box::new(Rearrange { order: moves.then_some(order), input: input.clone(), output }))
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}
