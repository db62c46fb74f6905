//! Unit normalization over slices: rows of length 1.

use super::kernel::{Backward, Kernel, Pass, Saved};
use super::simd::vectorize;
use crate::numeric::dot;

/// `y = x · min(1 / √Σx², 1e12)`, rows of `width` numbers.
pub struct UnitNormKernel {
    /// Size of each embedding vector.
    pub width: usize,
}

/// Rows whose sum of squares is at most this are multiplied by 1e12.
pub const SMALLEST: f32 = 1e-24;

impl Kernel for UnitNormKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], saved: &mut Saved) {
        let [factors] = saved.buffers([x.len() / self.width]);
        let rows = x.chunks_exact(self.width).zip(y.chunks_exact_mut(self.width));
        vectorize(move || {
            for ((x, y), factor) in rows.zip(factors) {
                let squares = dot(x, x);
                *factor = if squares <= SMALLEST { 1e12 } else { 1.0 / squares.sqrt() };
                y.iter_mut().zip(x).for_each(|(y, x)| *y = x * *factor);
            }
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Backward { y, dy, saved, dx: Some(dx), .. } = io else { return };
        let rows = y.chunks_exact(self.width).zip(dy.chunks_exact(self.width));
        vectorize(move || {
            let rows = rows.zip(dx.chunks_exact_mut(self.width));
            for (((y, dy), dx), factor) in rows.zip(saved.buffer(0)) {
                let sum = if *factor < 1e12 { dot(dy, y) } else { 0.0 };
                for ((dx, dy), y) in dx.iter_mut().zip(dy).zip(y) {
                    *dx = factor * (dy - y * sum);
                }
            }
        });
    }
}
