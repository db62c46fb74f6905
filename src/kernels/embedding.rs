//! Embedding over slices: rows of a table by their numbers.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use crate::error::{Error, Result};

/// Weights: embeddings (input_dim, output_dim).
pub struct EmbeddingKernel {
    /// How many rows the table has.
    pub input_dim: usize,
    /// Size of each embedding vector.
    pub output_dim: usize,
    /// True where id 0 stands for no step at all.
    pub mask_zero: bool,
    /// The layer's name, for messages.
    pub layer: String,
}

impl EmbeddingKernel {
    /// The row that an id stands for: the id without its fraction.
    fn row(&self, id: f32) -> Option<usize> {
        let whole = id.trunc();
        (whole >= 0.0 && whole < self.input_dim as f32).then_some(whole as usize)
    }
}

impl Kernel for EmbeddingKernel {
    fn check(&self, x: &[f32]) -> Result<()> {
        match x.iter().find(|id| self.row(**id).is_none()) {
            None => Ok(()),
            Some(id) => {
                let (layer, last) = (&self.layer, self.input_dim - 1);
                let message = format!("`{layer}` takes ids from 0 to {last}, got {id}");
                let help = "raise the layer's `input_dim`, which must exceed the largest id, or \
                            correct the ids";
                Err(Error::data("", message).with_help(help))
            }
        }
    }

    fn forward(&self, _: &Pass<'_>, x: &[f32], weights: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        for (id, y) in x.iter().zip(y.chunks_exact_mut(self.output_dim)) {
            match self.row(*id) {
                Some(row) => y.copy_from_slice(&weights[0][row * self.output_dim..][..y.len()]),
                None => y.fill(f32::NAN), // `check` has refused it
            }
        }
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        if let Some(table) = io.dweights.first_mut().and_then(Option::as_deref_mut) {
            table.fill(0.0);
            for (id, dy) in io.x.iter().zip(io.dy.chunks_exact(self.output_dim)) {
                if let Some(row) = self.row(*id) {
                    let row = &mut table[row * self.output_dim..][..dy.len()];
                    row.iter_mut().zip(dy).for_each(|(sum, dy)| *sum += dy);
                }
            }
        }
        if let Some(dx) = io.dx {
            dx.fill(0.0); // ids have no gradient
        }
    }

    fn mask(&self, _: &Pass<'_>, x: &[f32], made: &mut Vec<f32>) -> OutputMask {
        if !self.mask_zero {
            return OutputMask::Dropped;
        }
        made.clear();
        made.extend(x.iter().map(|id| f32::from(u8::from(*id != 0.0))));
        OutputMask::Made
    }
}
