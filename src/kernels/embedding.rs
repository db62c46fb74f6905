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

    /// The row of each id of a batch; None for an id outside of the table.
    fn rows<'a>(
        &'a self,
        pass: &Pass<'a>,
        x: &'a [f32],
    ) -> impl Iterator<Item = Option<usize>> + 'a {
        let ids = pass.ids;
        (0..x.len()).map(move |i| match ids {
            Some(ids) => Some(ids[i] as usize).filter(|row| *row < self.input_dim),
            None => self.row(x[i]),
        })
    }
}

impl Kernel for EmbeddingKernel {
    fn check(&self, pass: &Pass<'_>, x: &[f32]) -> Result<()> {
        match self.rows(pass, x).position(|row| row.is_none()) {
            None => Ok(()),
            Some(at) => {
                let (layer, last) = (&self.layer, self.input_dim - 1);
                let id = match pass.ids {
                    Some(ids) => ids[at].to_string(),
                    None => x[at].to_string(),
                };
                let message = format!("`{layer}` takes ids from 0 to {last}, got {id}");
                let help = "raise the layer's `input_dim`, which must exceed the largest id, or \
                            correct the ids";
                Err(Error::data("", message).with_help(help))
            }
        }
    }

    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        _: &mut Saved,
    ) {
        for (row, y) in self.rows(pass, x).zip(y.chunks_exact_mut(self.output_dim)) {
            match row {
                Some(row) => y.copy_from_slice(&weights[0][row * self.output_dim..][..y.len()]),
                None => y.fill(f32::NAN), // `check` has refused it
            }
        }
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        if let Some(table) = io.dweights.first_mut().and_then(Option::as_deref_mut) {
            table.fill(0.0);
            for (row, dy) in self.rows(pass, io.x).zip(io.dy.chunks_exact(self.output_dim)) {
                if let Some(row) = row {
                    let row = &mut table[row * self.output_dim..][..dy.len()];
                    row.iter_mut().zip(dy).for_each(|(sum, dy)| *sum += dy);
                }
            }
        }
        if let Some(dx) = io.dx {
            dx.fill(0.0); // ids have no gradient
        }
    }

    fn mask(&self, pass: &Pass<'_>, x: &[f32], made: &mut Vec<f32>) -> OutputMask {
        if !self.mask_zero {
            return OutputMask::Dropped;
        }
        made.clear();
        let is_step = |is_step: bool| f32::from(u8::from(is_step));
        match pass.ids {
            Some(ids) => made.extend(ids.iter().map(|id| is_step(*id != 0))),
            None => made.extend(x.iter().map(|id| is_step(*id != 0.0))),
        }
        OutputMask::Made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Past 2^24 f32 holds every other whole number only.
    #[test]
    fn ids_stay_whole_numbers_where_they_come_so() {
        let input_dim = (1 << 24) + 2;
        let kernel = EmbeddingKernel {
            input_dim,
            output_dim: 1,
            mask_zero: true,
            layer: "embedding".into(),
        };
        let mut table = vec![0.0; input_dim];
        table[input_dim - 2..].copy_from_slice(&[5.0, 7.0]);
        let random = Random::new(1);
        let pass =
            |ids| Pass { batch: 1, training: true, step: 0, random: &random, mask: None, ids };
        let (ids, x) = ([(1 << 24) + 1, 1 << 24, 0], [0.0; 3]);
        let (mut y, mut saved) = ([0.0; 3], Saved::default());
        kernel.check(&pass(Some(&ids)), &x).unwrap();
        kernel.forward(&pass(Some(&ids)), &x, &[&table], &mut y, &mut saved);
        assert_eq!(y, [7.0, 5.0, 0.0]);
        let mut made = Vec::new();
        kernel.mask(&pass(Some(&ids)), &x, &mut made);
        assert_eq!(made, [1.0, 1.0, 0.0]);
        let (weights, mut dy, mut dtable) = ([&table[..]], [2.0, 3.0, 4.0], vec![0.0; input_dim]);
        let dweights = &mut [Some(&mut dtable[..])];
        let (saved, dy, weights) = (&mut saved, &mut dy, &weights);
        let io = Backward { x: &x, weights, y: &y, dy, saved, dx: None, dweights };
        kernel.backward(&pass(Some(&ids)), io);
        assert_eq!((dtable[0], &dtable[input_dim - 2..]), (4.0, &[3.0, 2.0][..]));

        let outside = kernel.check(&pass(Some(&[(1 << 24) + 2])), &[0.0]).unwrap_err();
        assert!(outside.to_string().contains("got 16777218"), "{outside}");
    }
}
