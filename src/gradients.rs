//! `Gradients`: one buffer for each trainable weight, kept from step to step. The one place where
//! gradients are gathered: several processes would be reduced here.

use candle_core::Tensor;

use crate::error::Result;
use crate::weights::Weights;

/// The gradients of one step, in the order of [`Weights::trainable`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradients {
    /// One for each trainable weight.
    pub list: Vec<Gradient>,
}

/// The gradient of one weight.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradient {
    /// Row-major, as many as the weight has.
    pub values: Vec<f32>,
    /// False where the loss doesn't depend on the weight: the optimizer leaves it alone.
    pub present: bool,
}

impl Gradients {
    /// Zeros for every trainable weight.
    pub fn new(weights: &Weights) -> Self {
        let zeros = |elements| Gradient { values: vec![0.0; elements], present: true };
        Gradients { list: weights.trainable().map(|weight| zeros(weight.elements())).collect() }
    }

    /// Multiplies all of them.
    pub fn scale(&mut self, factor: f32) {
        if factor != 1.0 {
            let values = self.list.iter_mut().flat_map(|gradient| &mut gradient.values);
            values.for_each(|value| *value *= factor);
        }
    }

    /// Takes over the tensors that autograd gave, in the same order.
    pub fn gather(&mut self, tensors: &[Option<Tensor>]) -> Result<()> {
        for (gradient, tensor) in self.list.iter_mut().zip(tensors) {
            gradient.present = tensor.is_some();
            if let Some(tensor) = tensor {
                let values = tensor.flatten_all()?.to_vec1::<f32>()?;
                gradient.values.copy_from_slice(&values);
            }
        }
        Ok(())
    }
}
