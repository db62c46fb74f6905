//! RMSNormalization: each row by its root mean square.

use super::super::axes::{AxisList, kept};
use super::{are_last, mean_over, needs_an_axis, scale_and_shift, sizes, width};
use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::layer_norm::RowNormKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, MaskRule, Signal};
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope, WeightOptions, WeightSpec};

configuration! {
    /// `output = input / √(mean of input² + epsilon) · scale`, with the mean over the given axes of
    /// each sample. Drops the mask. Output shape: same as the input.
    ///
    /// Weights: `scale`, with the sizes of those axes; it starts with ones. Reference: Zhang and
    /// Sennrich, 2019.
    ///
    /// Keras: `keras.layers.RMSNormalization`.
    pub struct RmsNormalization {
        shared { axis }
        /// A small number added to the mean of the squares, to avoid dividing by zero.
        epsilon: f64 = 1e-6,
    }
}

impl Layer for RmsNormalization {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::not_negative("epsilon", self.epsilon)?;
        needs_an_axis("rms_normalization", input)?;
        self.axis.of_sample("axis", input)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let axes = self.axis.of_sample("axis", input).unwrap_or_default();
        let scale = scope.weight(WeightSpec {
            name: "scale",
            shape: &sizes(&axes, input),
            options: &WeightOptions::new(Initializer::ones()),
            stored: Stored::plain("weight"),
        })?;
        Ok(Box::new(RmsNormForward { scale, input: input.clone(), axes, epsilon: self.epsilon }))
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Drops
    }
}

struct RmsNormForward {
    scale: LayerWeight,
    input: Shape,
    /// Of a sample, sorted.
    axes: Vec<usize>,
    epsilon: f64,
}

impl Forward for RmsNormForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let axes: Vec<usize> = self.axes.iter().map(|axis| axis + 1).collect();
        let square = mean_over(&x.sqr()?, &axes)?;
        let unit = x.broadcast_div(&(square + self.epsilon)?.sqrt()?)?;
        let shape = kept(self.input.dims(), &self.axes);
        Ok(Signal::new(scale_and_shift(unit, Some(&self.scale), None, &shape)?))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        if !are_last(&self.axes, &self.input) {
            return None;
        }
        let kernel = RowNormKernel {
            width: width(&self.axes, &self.input),
            epsilon: self.epsilon as f32,
            subtracts_mean: false,
            scale: true,
            center: false,
            drops_mask: true,
        };
        Some(BoundKernel::new(kernel, vec![self.scale.clone()]))
    }
}
