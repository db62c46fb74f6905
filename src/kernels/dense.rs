//! Dense over slices: `y = activation(x · kernel + bias)`, rows of the last axis.

use std::sync::Arc;

use super::few_rows::FEW;
use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::matmul::{MatrixRef, SumStart, matmul, matmul_then};
use super::per_image::add_rows;
use super::{few_rows, parallel, small_matmul};
use crate::activations::Activation;

/// Weights: kernel (in, units), then bias (units,) where there is one.
#[derive(Clone)]
pub struct DenseKernel {
    /// The size of an input row.
    pub input: usize,
    /// The size of an output row.
    pub units: usize,
    /// What is applied to the output; must have slice functions.
    pub activation: Activation,
    /// Whether the mask goes no further.
    pub drops_mask: bool,
}

/// How the products are done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One unit: the dot products of rows.
    OneUnit,
    /// Small ones, in registers.
    Small,
    /// Few rows: the kernel is read where it stands.
    FewRows,
    /// Many: it is packed, part by part.
    Large,
}

/// Products of at most this many multiplications a row are small.
const SMALL: usize = 1024;
/// Rows of fewer numbers than this are too short for dot products.
const LONG: usize = 32;

impl Kernel for DenseKernel {
    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        if self.drops_mask { OutputMask::Dropped } else { OutputMask::Same }
    }

    fn forward(
        &self,
        _: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let kernel = weights[0]; // (in, units)
        let bias = weights.get(1).copied();
        let kept = self.activation.kept(y.len());
        let (input, units, rows) = (self.input, self.units, x.len() / self.input);
        match self.way(rows) {
            Way::OneUnit => small_matmul::dots(x, kernel, bias.map_or(0.0, |bias| bias[0]), y),
            Way::Small => small_matmul::product(x, input, kernel, bias, y, units),
            Way::FewRows => {
                match bias {
                    Some(bias) => y.chunks_exact_mut(units).for_each(|y| y.copy_from_slice(bias)),
                    None => y.fill(0.0),
                }
                few_rows::add_product((x, input), kernel, (y, units));
            }
            Way::Large => {
                let (x, kernel) =
                    (MatrixRef::new(x, rows, input), MatrixRef::new(kernel, input, units));
                let start = bias.map_or(SumStart::Zero, SumStart::Row);
                if kept == 0 && !self.activation.is_over_several() {
                    let apply = |y: &mut [f32]| self.activation.apply(y, units);
                    return matmul_then(x, kernel, y, start, Some(&apply));
                }
                matmul(x, kernel, y, start);
            }
        }
        let [z] = saved.buffers([kept]);
        let (piece, work) = (self.piece(), self.activation.work(y.len()));
        if kept == 0 {
            return parallel::chunks(y, piece, work, |_, y| self.activation.apply(y, self.units));
        }
        parallel::chunks2((y, piece), (z, piece), work, |_, y, z| {
            z.copy_from_slice(y);
            self.activation.apply(y, self.units);
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, y, dy, saved, dx, dweights, .. } = io;
        let [z] = saved.buffers([self.activation.kept(y.len())]);
        let z = if z.is_empty() { y } else { &*z };
        let piece = self.piece();
        parallel::chunks(dy, piece, self.activation.work(y.len()), |index, dy| {
            let part = index * piece..index * piece + dy.len();
            self.activation.gradient(&z[part.clone()], &y[part], dy, self.units);
        });
        let dz = &*dy; // dy is now d loss / d z
        let mut all = dweights.iter_mut().map(Option::as_deref_mut);
        let (dkernel, dbias) = (all.next().flatten(), all.next().flatten());
        if let Some(dbias) = dbias {
            column_sums(dz, dbias);
        }
        match self.way(x.len() / self.input) {
            Way::OneUnit => {
                if let Some(dkernel) = dkernel {
                    small_matmul::weighted_sum(x, dz, dkernel);
                }
                if let Some(dx) = dx {
                    small_matmul::outer_product(dz, weights[0], dx);
                }
            }
            Way::Small => self.small_backward((x, weights[0]), dz, (dkernel, dx), saved),
            Way::FewRows => self.few_rows_backward((x, weights[0]), dz, (dkernel, dx), saved),
            Way::Large => self.large_backward((x, weights[0]), dz, (dkernel, dx)),
        }
    }

    fn linear_weight(&self) -> Option<usize> {
        self.is_free().then_some(0)
    }

    fn with_activation(&self, activation: &Activation) -> Option<Arc<dyn Kernel>> {
        self.is_free()
            .then(|| Arc::new(Self { activation: activation.clone(), ..self.clone() }) as _)
    }
}

impl DenseKernel {
    /// True where nothing comes after the product and the bias.
    fn is_free(&self) -> bool {
        self.activation == Activation::Linear
    }

    fn way(&self, rows: usize) -> Way {
        match self.input * self.units {
            _ if self.units == 1 && self.input >= LONG => Way::OneUnit,
            0..=SMALL => Way::Small,
            _ if rows <= FEW => Way::FewRows,
            _ => Way::Large,
        }
    }

    /// Numbers of whole rows that one thread works on.
    fn piece(&self) -> usize {
        (PIECE / self.units).max(1) * self.units
    }

    fn small_backward(
        &self,
        (x, kernel): (&[f32], &[f32]),
        dz: &[f32],
        (dkernel, dx): (Option<&mut [f32]>, Option<&mut [f32]>),
        saved: &mut Saved,
    ) {
        let (input, units) = (self.input, self.units);
        if let Some(dkernel) = dkernel {
            small_matmul::product_of_transposed(x, input, dz, dkernel, units);
        }
        if let Some(dx) = dx {
            let [_, turned] =
                saved.buffers([self.activation.kept(x.len() / input * units), input * units]);
            small_matmul::turn(kernel, units, turned);
            small_matmul::product(dz, units, turned, None, dx, input);
        }
    }

    fn few_rows_backward(
        &self,
        (x, kernel): (&[f32], &[f32]),
        dz: &[f32],
        (dkernel, dx): (Option<&mut [f32]>, Option<&mut [f32]>),
        saved: &mut Saved,
    ) {
        let (input, units, rows) = (self.input, self.units, x.len() / self.input);
        let needed = if dx.is_some() { few_rows::scratch(rows, input, units) } else { 0 };
        let [_, turned] = saved.buffers([self.activation.kept(dz.len()), needed]);
        both(
            rows * input * units,
            (dkernel, |dkernel| few_rows::product_of_transposed((x, input), (dz, units), dkernel)),
            (dx, |dx| {
                few_rows::product_with_transposed((dz, units), kernel, (dx, input), turned);
            }),
        );
    }

    fn large_backward(
        &self,
        (x, kernel): (&[f32], &[f32]),
        dz: &[f32],
        (dkernel, dx): (Option<&mut [f32]>, Option<&mut [f32]>),
    ) {
        let (input, units, rows) = (self.input, self.units, x.len() / self.input);
        let (x, dz) = (MatrixRef::new(x, rows, input), MatrixRef::new(dz, rows, units));
        let kernel = MatrixRef::new(kernel, input, units);
        both(
            rows * input * units,
            (dkernel, |dkernel| matmul(x.t(), dz, dkernel, SumStart::Zero)),
            (dx, |dx| matmul(dz, kernel.t(), dx, SumStart::Zero)),
        );
    }
}

/// The gradients that are wanted, at once where both are; each takes so many multiplications.
fn both<'a>(
    work: usize,
    (dkernel, of_kernel): (Option<&'a mut [f32]>, impl FnOnce(&'a mut [f32]) + Send),
    (dx, of_input): (Option<&'a mut [f32]>, impl FnOnce(&'a mut [f32]) + Send),
) {
    match (dkernel, dx) {
        (Some(dkernel), Some(dx)) => {
            parallel::both(2 * work, || of_kernel(dkernel), || of_input(dx));
        }
        (Some(dkernel), None) => of_kernel(dkernel),
        (None, Some(dx)) => of_input(dx),
        (None, None) => {}
    }
}

/// Numbers of a piece that is worked on by one thread.
const PIECE: usize = 1 << 12;

/// The sums of the columns of `rows`.
fn column_sums(rows: &[f32], sums: &mut [f32]) {
    if sums.len() <= 32 {
        return small_matmul::column_sums(rows, sums);
    }
    sums.fill(0.0);
    add_rows(rows, sums);
}
