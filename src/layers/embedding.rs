//! Embedding: a row of a table for each id.

use candle_core::{DType, Tensor};

use crate::config::checks;
use crate::error::{Problem, Result};
use crate::gpu;
use crate::kernels::embedding::EmbeddingKernel;
use crate::kernels::{BoundKernel, Kernel, Pass};
use crate::layers::configuration::configuration;
use crate::layers::input_dim::InputDim;
use crate::layers::layer::{Context, Forward, Layer, MaskRule, Signal};
use crate::limits::MOST_NUMBERS;
use crate::random::Random;
use crate::shape::Shape;
use crate::weights::initializers::Initializer;
use crate::weights::stored::Stored;
use crate::weights::{LayerWeight, Scope, WeightSpec};

configuration! {
    /// `output = embeddings[id]`. Ids are whole numbers from 0 to input_dim - 1 (fractions are
    /// truncated); other ids are an error.
    ///
    /// Input shape: (batch, …). Output shape: (batch, …, output_dim).
    /// Weights: `embeddings` (input_dim, output_dim).
    ///
    /// Keras: `keras.layers.Embedding`, which does not check the ids.
    pub struct Embedding {
        /// Number of ids: the largest id plus 1. `auto` is that of the one feature column, of
        /// classes or of text.
        input_dim: InputDim,
        /// Size of each embedding vector.
        output_dim: usize,
        initializers { embeddings "the embeddings" = Initializer::random_uniform() }
        regularizers { embeddings "the embeddings" }
        constraints { embeddings "the embeddings" }
        /// Whether id 0 is padding, to be masked.
        mask_zero: bool = false,
    }
}

impl Layer for Embedding {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        let Some(input_dim) = self.input_dim.size() else {
            let message = "`auto` needs one feature column of ids, without `scale`: one with \
                           `encode: label`, `ordinal` or `hashing`, or with `text`";
            return Err(Problem::at("input_dim", message)
                .help("write the number of ids, the largest plus 1, such as `input_dim: 200`"));
        };
        checks::positive_count("input_dim", input_dim)?;
        checks::positive_count("output_dim", self.output_dim)?;
        let table = input_dim.checked_mul(self.output_dim);
        let mut output = input.dims().to_vec();
        output.push(self.output_dim);
        let numbers = output.iter().try_fold(1usize, |n, size| n.checked_mul(*size));
        let most = MOST_NUMBERS;
        if table.is_none_or(|n| n > most) || numbers.is_none_or(|n| n > most) {
            let message = format!(
                "the table and a sample may hold at most {most} numbers, got ({}, {}) and {input}",
                input_dim, self.output_dim
            );
            return Err(Problem::at("output_dim", message));
        }
        if self.mask_zero && input.rank() != 1 {
            let message = format!("`mask_zero` wants an input (None, time), got {input}");
            return Err(Problem::at("mask_zero", message).help("leave it out"));
        }
        self.embeddings.initializer.check_shape(&[input_dim, self.output_dim])?;
        Ok(Shape(output))
    }

    fn build(&self, _: &Shape, scope: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        let table = scope.weight(WeightSpec {
            name: "embeddings",
            shape: &[self.input_dim.size().unwrap_or_default(), self.output_dim],
            options: &self.embeddings,
            stored: Stored::plain("weight"),
        })?;
        let (mask_zero, layer) = (self.mask_zero, scope.layer().to_string());
        Ok(Box::new(EmbeddingForward { table, mask_zero, layer }))
    }

    fn mask_rule(&self) -> MaskRule {
        if self.mask_zero { MaskRule::Makes } else { MaskRule::Drops }
    }
}

struct EmbeddingForward {
    table: LayerWeight,
    mask_zero: bool,
    layer: String,
}

impl EmbeddingForward {
    fn lookup(&self) -> EmbeddingKernel {
        let (input_dim, output_dim) = self.table.dims2().unwrap_or_default();
        let (mask_zero, layer) = (self.mask_zero, self.layer.clone());
        EmbeddingKernel { input_dim, output_dim, mask_zero, layer }
    }
}

impl EmbeddingForward {
    /// The ids as whole numbers, one after the other; an error where one is outside of the table.
    fn ids(&self, x: &Tensor) -> Result<Tensor> {
        let random = Random::new(0);
        let pass = |ids| Pass { ids, ..Pass::of_use(1, &random) };
        if x.dtype() == DType::U32 {
            let ids = x.flatten_all()?;
            let host = ids.to_vec1::<u32>()?;
            self.lookup().check(&pass(Some(&host)), &vec![0.0; host.len()])?;
            return Ok(ids);
        }
        let host: Vec<f32> = x.flatten_all()?.to_dtype(DType::F32)?.to_vec1()?;
        self.lookup().check(&pass(None), &host)?;
        let ids: Vec<u32> = host.iter().map(|id| *id as u32).collect();
        Ok(Tensor::from_vec(ids, x.elem_count(), x.device())?)
    }
}

impl Forward for EmbeddingForward {
    fn forward(&self, input: Signal, context: &mut Context<'_>) -> Result<Signal> {
        let x = &input.tensor;
        let ids = if context.ids_are_checked && x.dtype() == DType::U32 {
            x.flatten_all()? // without a look at them, for which the device would be waited for
        } else {
            self.ids(x)?
        };
        let mut dims = x.dims().to_vec();
        dims.push(self.table.dim(1)?);
        let table = self.table.as_tensor();
        let rows = if gpu::table_takes(table) && ids.elem_count() > 0 {
            gpu::pick(table, &ids)?
        } else {
            table.index_select(&ids, 0)?
        };
        let output = rows.reshape(dims)?;
        let mask = if self.mask_zero {
            Some(x.ne(&x.zeros_like()?)?.to_dtype(self.table.dtype())?)
        } else {
            None
        };
        Ok(Signal { tensor: output, mask })
    }

    fn takes_ids(&self) -> bool {
        true
    }

    fn checked_ids(&self, x: &Tensor) -> Result<Option<Tensor>> {
        self.ids(x).map(Some)
    }

    fn to_kernel(&self) -> Option<BoundKernel> {
        Some(BoundKernel::new(self.lookup(), vec![self.table.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::layers::apply_kernel;
    use crate::weights::Weights;

    #[test]
    fn an_id_outside_of_the_table_is_an_error_in_both_paths() {
        let layer: Embedding =
            serde_json::from_str(r#"{"input_dim": 3, "output_dim": 2}"#).unwrap();
        let mut weights = Weights::new(Random::new(1), &Device::Cpu);
        let shape = Shape(vec![2]);
        let built = layer.build(&shape, &mut weights.scope("embedding", true)).unwrap();
        let random = Random::new(1);
        let output = layer.output_shape(&shape).unwrap();
        for (ids, fine) in [([0.0, 2.9], true), ([3.0, 0.0], false), ([-1.0, 0.0], false)] {
            let x = Tensor::new(&[ids.map(|id: f64| id as f32)], &Device::Cpu).unwrap();
            let mut context = Context::inference(&random);
            let reference = built.forward(Signal::new(x.clone()), &mut context);
            let bound = built.to_kernel().unwrap();
            let kernel = apply_kernel(&bound, &output, Signal::new(x), &mut context);
            assert_eq!((reference.is_ok(), kernel.is_ok()), (fine, fine), "{ids:?}");
            if let Err(error) = kernel {
                let words = "`embedding` takes ids from 0 to 2, got ";
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }
}
