//! Dense over slices: `y = activation(x · kernel + bias)`, rows of the last axis.

use super::matmul::{Into, Matrix, matmul};
use super::{Backward, Kernel, Pass, Saved};
use crate::activations::Activation;

/// Weights: kernel (in, units), then bias (units,) where there is one.
pub struct DenseKernel {
    /// The size of an input row.
    pub input: usize,
    /// The size of an output row.
    pub units: usize,
    /// What is applied to the output; must have slice functions.
    pub activation: Activation,
}

/// Products of at most this many multiplications a row are done by a plain loop: cheaper than
/// gemm's start, and each row by itself.
const SMALL: usize = 1024;

impl Kernel for DenseKernel {
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
        let rows = x.len() / input;
        for row in y.chunks_exact_mut(units) {
            match weights.get(1) {
                Some(bias) => row.copy_from_slice(bias),
                None => row.fill(0.0),
            }
        }
        if input * units <= SMALL {
            for (x, y) in x.chunks_exact(input).zip(y.chunks_exact_mut(units)) {
                for (x, kernel) in x.iter().zip(kernel.chunks_exact(units)) {
                    y.iter_mut().zip(kernel).for_each(|(y, w)| *y += x * w);
                }
            }
        } else {
            matmul(Matrix::new(x, rows, input), Matrix::new(kernel, input, units), y, Into::Add);
        }
        if self.activation.needs_input() {
            let [z] = saved.buffers([y.len()]);
            z.copy_from_slice(y);
        }
        self.activation.apply(y, units);
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let (input, units) = (self.input, self.units);
        let Backward { x, weights, y, dy, saved, dx, dweights } = io;
        let rows = x.len() / input;
        let z = if self.activation.needs_input() { saved.buffer(0) } else { y };
        self.activation.gradient(&z[..y.len()], y, dy, units); // dy is now d loss / d z
        let dz = &*dy;
        if let Some(dbias) = dweights.get_mut(1).and_then(Option::as_deref_mut) {
            dbias.fill(0.0);
            for dz in dz.chunks_exact(units) {
                dbias.iter_mut().zip(dz).for_each(|(sum, dz)| *sum += dz);
            }
        }
        let small = input * units <= SMALL;
        if let Some(dkernel) = dweights.first_mut().and_then(Option::as_deref_mut) {
            if small {
                dkernel.fill(0.0);
                for (x, dz) in x.chunks_exact(input).zip(dz.chunks_exact(units)) {
                    for (x, dkernel) in x.iter().zip(dkernel.chunks_exact_mut(units)) {
                        dkernel.iter_mut().zip(dz).for_each(|(dw, dz)| *dw += x * dz);
                    }
                }
            } else {
                let (x, dz) = (Matrix::new(x, rows, input), Matrix::new(dz, rows, units));
                matmul(x.t(), dz, dkernel, Into::Overwrite);
            }
        }
        let Some(dx) = dx else { return };
        let kernel = weights[0];
        if small {
            for (dx, dz) in dx.chunks_exact_mut(input).zip(dz.chunks_exact(units)) {
                for (dx, kernel) in dx.iter_mut().zip(kernel.chunks_exact(units)) {
                    *dx = kernel.iter().zip(dz).map(|(w, dz)| w * dz).sum();
                }
            }
        } else {
            let (dz, kernel) = (Matrix::new(dz, rows, units), Matrix::new(kernel, input, units));
            matmul(dz, kernel.t(), dx, Into::Overwrite);
        }
    }
}
