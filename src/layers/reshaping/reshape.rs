//! Reshape.

use super::{Rearrange, product};
use crate::error::{Problem, Result};
use crate::layers::configuration::configuration;
use crate::layers::layer::{Forward, Layer, MaskRule, checked};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Reshapes each sample, in row-major order. Drops the mask.
    ///
    /// Input shape: (batch, …). Output shape: (batch, target_shape…).
    ///
    /// Keras: `keras.layers.Reshape`.
    pub struct Reshape {
        /// Shape of one output sample; one size may be -1, to be inferred.
        target_shape: Vec<i64>,
    }
}

impl Layer for Reshape {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        let key = "target_shape";
        let target = &self.target_shape;
        if target.iter().any(|size| *size < -1) {
            return Err(Problem::at(key, format!("`{key}` holds sizes, got {target:?}"))
                .help("one of them may be -1: what is left"));
        }
        if target.iter().filter(|size| **size == -1).count() > 1 {
            return Err(Problem::at(key, format!("`{key}` may hold one -1, got {target:?}")));
        }
        let known: Vec<usize> =
            target.iter().filter_map(|size| usize::try_from(*size).ok()).collect();
        let (wanted, found) = (product(key, &known)?, product("", input.dims())?);
        let has_rest = known.len() < target.len();
        let fits = if has_rest { wanted > 0 && found % wanted == 0 } else { wanted == found };
        if !fits {
            let message = format!("`{key}` {target:?} can't hold the {found} numbers of {input}");
            return Err(Problem::at(key, message).help("one size may be -1: what is left"));
        }
        let size = |size: &i64| usize::try_from(*size).unwrap_or(found / wanted.max(1));
        Ok(Shape(target.iter().map(size).collect()))
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let output = checked(self.output_shape(input))?;
        Ok(Box::new(Rearrange { order: None, input: input.clone(), output }))
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}
