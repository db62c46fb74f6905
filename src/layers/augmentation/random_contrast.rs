//! RandomContrast: images paler or stronger.

use candle_core::Tensor;

use super::{Factor, check, draws, image};
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::augment::ContrastKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, Signal, checked};
use crate::layers::spatial::DataFormat;
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// In training, `output = (input - mean) · factor + mean`, clipped to `value_range`, with the
    /// mean of each channel of an image and a random factor for each image.
    ///
    /// Input and output shape: (batch, height, width, channels).
    ///
    /// Keras: `keras.layers.RandomContrast`, whose random numbers differ.
    pub struct RandomContrast {
        /// `[lower, upper]`: the factor is between 1 - lower and 1 + upper; both are between 0 and
        /// 1. A single number sets `upper`, as in Keras, with `lower` 0.
        factor: Factor,
        /// Smallest and largest output. Default: [0, 255].
        value_range: [f64; 2] = [0.0, 255.0],
        shared { seed, data_format }
    }
}

impl Layer for RandomContrast {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        self.factor.ends("factor", 0.0, 1.0)?;
        let [least, most] = self.value_range;
        if !least.is_finite() || !most.is_finite() || least >= most {
            let message = format!("`value_range` must be [low, high], got [{least}, {most}]");
            return Err(Problem::at("value_range", message).help("as in [0, 1] or [0, 255]"));
        }
        check("random_contrast", input, 0.0)
    }

    fn build(&self, input: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let (lower, upper) = checked(self.factor.ends("factor", 0.0, 1.0))?;
        Ok(Box::new(Contrasted(ContrastKernel {
            image: image(input, self.data_format),
            factor: (1.0 - lower, 1.0 + upper),
            range: (self.value_range[0] as f32, self.value_range[1] as f32),
            draws: draws(self.seed, scope),
        })))
    }
}

struct Contrasted(ContrastKernel);

impl Forward for Contrasted {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        if !context.training || input.tensor.elem_count() == 0 {
            return Ok(input);
        }
        let (x, contrast) = (&input.tensor, &self.0);
        let batch = x.dim(0)?;
        let mut factors = vec![0.0; batch];
        let (random, step) = context.host_draws();
        contrast.draw(&random, step, &mut factors);
        let factors =
            Tensor::from_vec(factors, (batch, 1, 1, 1), x.device())?.to_dtype(x.dtype())?;
        let axes = if contrast.image.channels_first { [2, 3] } else { [1, 2] };
        let mean = super::super::normalization::mean_over(x, &axes)?;
        let value = x.broadcast_sub(&mean)?.broadcast_mul(&factors)?.broadcast_add(&mean)?;
        // Where it is cut it is a constant, without a gradient.
        let (least, most) = (f64::from(contrast.range.0), f64::from(contrast.range.1));
        let constant = |number: f64| value.ones_like()? * number;
        let output = value.lt(least)?.where_cond(&constant(least)?, &value)?;
        let output = value.gt(most)?.where_cond(&constant(most)?, &output)?;
        Ok(input.with(output))
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        Some(BoundKernel::new(self.0.clone(), Vec::new()))
    }
}
