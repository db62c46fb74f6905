//! simple_rnn, lstm and gru over slices: one kernel, three cells.
//!
//! The weights are put together into one matrix whose rows meet `[x, 1, h]`, so that a step is one
//! product and one pass over the gates. The batch is split into groups of a fixed size; each runs
//! all its time steps by itself, forward and back through time, and the weights' gradients are
//! products over all steps of several groups, added up in a fixed order.

mod cell;
mod group;
mod gru;
mod layout;
mod lstm;
mod products;
mod simple_rnn;
mod step;

use super::dropout::Keep;
use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::matmul::WriteMode;
use super::parallel;
use super::simd::vectorize;
use crate::random::Random;

pub use cell::{Cell, RecurrentKernel};
use group::{RecurrentPass, SampleGroup};
use layout::{GROUP, RecurrentLayout};
use products::StepProducts;

/// The weights' gradients are summed up in at most so many pieces.
const PIECES: usize = 4;

impl Kernel for RecurrentKernel {
    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let layout = if pass.forward_only {
            RecurrentLayout::of_use(self, pass.batch)
        } else {
            RecurrentLayout::of_training(self)
        };
        let drops = pass.training && self.dropout > 0.0;
        let products = StepProducts::forward(&layout, pass.batch);
        let [arena, matrix, dropped, packed] = saved.buffers([
            pass.batch * layout.per_sample(),
            layout.matrix_rows() * layout.columns,
            if drops { pass.batch * self.features } else { 0 },
            products.length(),
        ]);
        layout.stack(weights, matrix);
        products.pack(matrix, layout.columns, packed);
        if drops {
            let random = self.seed.map_or(*pass.random, Random::new);
            keep(random.key("dropout", &self.stream, pass.step), self.dropout).fill(dropped);
        }
        let run = RecurrentPass {
            kernel: self,
            layout: &layout,
            pass,
            x,
            dropped,
            matrix,
            products: &products,
            packed,
        };
        let work = pass.batch * self.steps * matrix.len();
        let size = (GROUP * layout.per_sample(), GROUP * self.output_row());
        parallel::chunks2((arena, size.0), (y, size.1), work, |group, arena, y| {
            SampleGroup::new(&run, group * GROUP, arena).forward(y);
        });
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let layout = RecurrentLayout::of_training(self);
        let drops = pass.training && self.dropout > 0.0;
        let (row, columns) = (layout.row, layout.columns);
        let groups = pass.batch.div_ceil(GROUP);
        let pieces = groups.min(PIECES);
        let wanted = io.dweights.iter().any(Option::is_some);
        let products = StepProducts::backward(&layout, pass.batch);
        let [arena, matrix, dropped, packed, gradient] = io.saved.buffers([
            pass.batch * layout.per_sample(),
            row * columns,
            if drops { pass.batch * self.features } else { 0 },
            products.length(),
            if wanted { pieces * row * columns } else { 0 },
        ]);
        products.pack(matrix, columns, packed);
        let run = RecurrentPass {
            kernel: self,
            layout: &layout,
            pass,
            x: io.x,
            dropped,
            matrix,
            products: &products,
            packed,
        };
        let work = pass.batch * self.steps * row * columns;
        let size = GROUP * layout.per_sample();
        let dy = &*io.dy;
        match io.dx {
            Some(dx) => {
                let dx_size = GROUP * self.steps * self.features;
                parallel::chunks2((arena, size), (dx, dx_size), work, |group, arena, dx| {
                    SampleGroup::new(&run, group * GROUP, arena).backward(dy, Some(dx));
                });
            }
            None => parallel::chunks(arena, size, work, |group, arena| {
                SampleGroup::new(&run, group * GROUP, arena).backward(dy, None);
            }),
        }
        if !wanted || pieces == 0 {
            return;
        }
        parallel::chunks(gradient, row * columns, work, |piece, gradient| {
            for group in piece * groups / pieces..(piece + 1) * groups / pieces {
                let mode = if group == piece * groups / pieces {
                    WriteMode::Overwrite
                } else {
                    WriteMode::Add
                };
                let arena = &arena[group * size..arena.len().min((group + 1) * size)];
                layout.add_gradient(arena, gradient, mode);
            }
        });
        let (total, others) = gradient.split_at_mut(row * columns);
        for other in others.chunks_exact(row * columns) {
            vectorize(
                #[inline(always)]
                || total.iter_mut().zip(other).for_each(|(sum, part)| *sum += part),
            );
        }
        layout.unstack(total, io.dweights);
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        if self.return_sequences { OutputMask::Same } else { OutputMask::Dropped }
    }

    fn samples_together(&self) -> usize {
        GROUP
    }
}

/// 0 (with probability `rate`) and 1 / (1 - rate): the latter where the stream's uniform number of 24
/// bits is at least `rate`.
pub(crate) fn keep(key: [u8; 32], rate: f64) -> Keep {
    let least = (rate * 16_777_216.0).ceil() as u64 * 256;
    let scale = if rate < 1.0 { (1.0 / (1.0 - rate)) as f32 } else { 0.0 };
    match u32::try_from(least) {
        Ok(least) => Keep { key, least, kept: scale, dropped: 0.0 },
        Err(_) => Keep { key, least: 0, kept: 0.0, dropped: 0.0 }, // no number is so large
    }
}

#[cfg(test)]
mod tests;
