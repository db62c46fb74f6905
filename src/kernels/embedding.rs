//! Embedding over slices: rows of a table by their numbers.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use crate::error::{Error, Result};
use crate::weights::gradients::TouchedRows;

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
            let mut unknown = TouchedRows::default();
            let touched = io.touched.unwrap_or(&mut unknown);
            touched.zero(table, self.output_dim);
            for (row, dy) in self.rows(pass, io.x).zip(io.dy.chunks_exact(self.output_dim)) {
                if let Some(row) = row {
                    touched.add(row);
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
    use candle_core::{DType, Device, Tensor};

    use super::*;
    use crate::random::Random;
    use crate::weights::gradients::{Gradients, Places};

    fn kernel(input_dim: usize, output_dim: usize) -> EmbeddingKernel {
        EmbeddingKernel { input_dim, output_dim, mask_zero: true, layer: "embedding".into() }
    }

    /// Whatever is done to the gradient between two steps, and by whom.
    #[test]
    fn a_steps_gradient_is_its_own_whatever_the_buffer_held() {
        let (rows, width) = (50, 3);
        let kernel = kernel(rows, width);
        let random = Random::new(1);
        let (mut gradients, places) = (Gradients::zeros([rows * width]), vec![Some(0)]);
        let places = Places::new(places);
        let between: [(&str, fn(&mut Gradients)); 7] = [
            ("nothing", |_| {}),
            ("clipping", |g| g.each(|_, values| values.fill(f32::NAN))),
            ("a penalty", |g| g.place(0).fill(1.0)),
            ("other processes", |g| g.flat().fill(2.0)),
            ("a scale", |g| g.scale(f32::INFINITY)),
            ("nothing again", |_| {}),
            ("autograd", |g| {
                let ones = Tensor::ones(150, DType::F32, &Device::Cpu).unwrap();
                g.gather(&[Some(ones)]).unwrap();
            }),
        ];
        for (step, (what, change)) in between.iter().enumerate() {
            // few ids, then more than there are rows
            let count = if step % 3 == 1 { 80 } else { 4 };
            let ids: Vec<u32> = (0..count).map(|i| (i * 7 + step * 11) as u32 % 50).collect();
            let dy: Vec<f32> = (0..count * width).map(|i| i as f32 - 3.0).collect();
            let mut expected = vec![0.0; rows * width];
            for (id, dy) in ids.iter().zip(dy.chunks_exact(width)) {
                let row = expected[*id as usize * width..].iter_mut();
                row.zip(dy).for_each(|(sum, dy)| *sum += dy);
            }
            let ids = Some(&ids[..]);
            let pass = Pass { ids, ..Pass::of_training(count, &random) };
            let (mut few, mut many) = (Default::default(), Vec::new());
            let (dweights, touched) = gradients.of_layer(&places, &mut few, &mut many);
            let (x, y, dy) = (&vec![0.0; count][..], &dy.clone()[..], &mut dy.clone()[..]);
            let (saved, weights) = (&mut Saved::default(), &[][..]);
            let io = Backward { x, weights, y, dy, saved, dx: None, dweights, touched };
            kernel.backward(&pass, io);
            assert_eq!(gradients.get(0).unwrap(), expected, "step {step}, before {what}");
            change(&mut gradients);
        }
    }

    /// Past 2^24 f32 holds every other whole number only.
    #[test]
    fn ids_stay_whole_numbers_where_they_come_so() {
        let input_dim = (1 << 24) + 2;
        let kernel = kernel(input_dim, 1);
        let mut table = vec![0.0; input_dim];
        table[input_dim - 2..].copy_from_slice(&[5.0, 7.0]);
        let random = Random::new(1);
        let pass = |ids| Pass { ids, ..Pass::of_training(1, &random) };
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
        let io = Backward { x: &x, weights, y: &y, dy, saved, dx: None, dweights, touched: None };
        kernel.backward(&pass(Some(&ids)), io);
        assert_eq!((dtable[0], &dtable[input_dim - 2..]), (4.0, &[3.0, 2.0][..]));

        let outside = kernel.check(&pass(Some(&[(1 << 24) + 2])), &[0.0]).unwrap_err();
        assert!(outside.to_string().contains("got 16777218"), "{outside}");
    }
}
