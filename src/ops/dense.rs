//! Dense over slices: `y = activation(x · kernel + bias)`, rows of the last axis.

use super::images::add_rows;
use super::matmul::{Into, Matrix, matmul};
use super::simd::vectorize;
use super::{Backward, Kernel, OutputMask, Pass, Saved, parallel, small};
use crate::activations::Activation;

/// Weights: kernel (in, units), then bias (units,) where there is one.
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

/// Products of at most this many multiplications a row are done without gemm: cheaper than its
/// start, and each row by itself.
const SMALL: usize = 1024;

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
        let (input, units) = (self.input, self.units);
        let kernel = weights[0]; // (in, units)
        let bias = weights.get(1).copied();
        let kept = if self.activation.needs_input() { y.len() } else { 0 };
        if self.is_small() {
            let width = small::padded(units);
            let [z, wide, wide_bias] = saved.buffers([kept, input * width, width]);
            let (kernel, bias) = if width == units {
                (kernel, bias)
            } else {
                small::pad(kernel, units, wide);
                bias.iter().for_each(|bias| small::pad(bias, units, wide_bias));
                (&*wide, bias.map(|_| &*wide_bias))
            };
            small::product(x, input, kernel, bias, y, units);
            z.copy_from_slice(&y[..kept]);
            return self.activation.apply(y, units);
        }
        let rows = x.len() / input;
        matmul(Matrix::new(x, rows, input), Matrix::new(kernel, input, units), y, Into::Overwrite);
        let [z] = saved.buffers([kept]);
        finish(y, bias, units, z, &self.activation);
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let (input, units) = (self.input, self.units);
        let Backward { x, weights, y, dy, saved, dx, dweights } = io;
        let rows = x.len() / input;
        let kept = if self.activation.needs_input() { y.len() } else { 0 };
        let is_small = self.is_small();
        let (wide, wide_input) = (small::padded(units), small::padded(input));
        let [z, .., wide_dz, turned] = saved.buffers(match is_small {
            true => [kept, 0, 0, rows * wide, units * wide_input],
            false => [kept, 0, 0, 0, 0],
        });
        let z = if kept > 0 { &*z } else { y };
        self.activation.gradient(z, y, dy, units); // dy is now d loss / d z
        let dz = &*dy;
        if let Some(dbias) = dweights.get_mut(1).and_then(Option::as_deref_mut) {
            column_sums(dz, dbias);
        }
        if let Some(dkernel) = dweights.first_mut().and_then(Option::as_deref_mut) {
            if is_small {
                let dz = if wide == units {
                    dz
                } else {
                    small::pad(dz, units, wide_dz);
                    &*wide_dz
                };
                small::product_of_transposed(x, input, dz, dkernel, units);
            } else {
                let (x, dz) = (Matrix::new(x, rows, input), Matrix::new(dz, rows, units));
                matmul(x.t(), dz, dkernel, Into::Overwrite);
            }
        }
        let Some(dx) = dx else { return };
        if is_small {
            small::pad_transposed(weights[0], units, turned);
            small::product(dz, units, turned, None, dx, input);
        } else {
            let (dz, kernel) =
                (Matrix::new(dz, rows, units), Matrix::new(weights[0], input, units));
            matmul(dz, kernel.t(), dx, Into::Overwrite);
        }
    }

    fn is_by_sample(&self) -> bool {
        self.is_small()
    }
}

impl DenseKernel {
    fn is_small(&self) -> bool {
        self.input * self.units <= SMALL
    }
}

/// Numbers of a piece that is worked on by one thread.
const PIECE: usize = 1 << 14;

/// `y = activation(y + bias)`; `z` keeps `y + bias` where it isn't empty.
fn finish(
    y: &mut [f32],
    bias: Option<&[f32]>,
    units: usize,
    z: &mut [f32],
    activation: &Activation,
) {
    let piece = (PIECE / units).max(1) * units;
    let z = if z.is_empty() { None } else { Some((z, piece)) };
    let work = 4 * y.len();
    let each = |y: &mut [f32], z: Option<&mut [f32]>| {
        if let Some(bias) = bias {
            vectorize(
                #[inline(always)]
                || {
                    for row in y.chunks_exact_mut(units) {
                        row.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
                    }
                },
            );
        }
        if let Some(z) = z {
            z.copy_from_slice(y);
        }
        activation.apply(y, units);
    };
    match z {
        Some(z) => parallel::chunks2((y, piece), z, work, |_, y, z| each(y, Some(z))),
        None => parallel::chunks(y, piece, work, |_, y| each(y, None)),
    }
}

/// The sums of the columns of `rows`.
fn column_sums(rows: &[f32], sums: &mut [f32]) {
    if sums.len() <= 32 {
        return small::column_sums(rows, sums);
    }
    sums.fill(0.0);
    add_rows(rows, sums);
}
