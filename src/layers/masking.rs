//! Masking: steps that count no more.

use crate::config::checks;
use crate::error::{Problem, Result};
use crate::kernels::BoundKernel;
use crate::kernels::masking::MaskingKernel;
use crate::layers::configuration::configuration;
use crate::layers::layer::{Context, Forward, Layer, MaskRule, Signal};
use crate::shape::Shape;
use crate::weights::Scope;

configuration! {
    /// Masks each time step of which all features equal `mask_value`, and sets them to 0.
    ///
    /// Input and output shape: (batch, time, features).
    ///
    /// Keras: `keras.layers.Masking`.
    pub struct Masking {
        /// Value of the features of a masked step.
        mask_value: f64 = 0.0,
    }
}

impl Layer for Masking {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        checks::finite("mask_value", self.mask_value)?;
        if input.rank() != 2 {
            let message = format!("masking takes an input (None, time, features), got {input}");
            return Err(Problem::at("", message).help("a `reshape` before it gives it one"));
        }
        super::axes::no_empty_axis("masking", input)?;
        Ok(input.clone())
    }

    fn build(&self, input: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Box::new(MaskingForward { mask_value: self.mask_value, features: input.last() }))
    }

    fn mask_rule(&self) -> MaskRule {
        MaskRule::Makes
    }
}

struct MaskingForward {
    mask_value: f64,
    features: usize,
}

impl Forward for MaskingForward {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor; // (batch, time, features)
        let differs = x.ne(self.mask_value)?.to_dtype(x.dtype())?;
        let mask = differs.max_keepdim(2)?; // (batch, time, 1)
        let output = x.broadcast_mul(&mask)?;
        Ok(Signal { tensor: output, mask: Some(mask.squeeze(2)?) })
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        let mask_value = self.mask_value as f32;
        Some(BoundKernel::new(MaskingKernel { features: self.features, mask_value }, Vec::new()))
    }
}
