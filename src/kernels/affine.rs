//! `y = x · scale + offset` with constants, and the normalization by given or learned statistics.

use super::kernel::{Backward, Kernel, Pass, Saved};
use super::simd::vectorize;

/// `y = x · scale + offset`, a constant for each feature of the last axis (or one for all).
pub struct AffineKernel {
    /// One for each feature.
    pub scale: Vec<f32>,
    /// One for each feature.
    pub offset: Vec<f32>,
}

impl Kernel for AffineKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        vectorize(move || {
            let width = self.scale.len();
            if let ([scale], [offset]) = (&self.scale[..], &self.offset[..]) {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = x * scale + offset);
                return;
            }
            for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
                let constants = self.scale.iter().zip(&self.offset);
                for ((y, x), (scale, offset)) in y.iter_mut().zip(x).zip(constants) {
                    *y = x * scale + offset;
                }
            }
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        let width = self.scale.len();
        vectorize(move || {
            for (dx, dy) in dx.chunks_mut(width).zip(io.dy.chunks(width)) {
                for ((dx, dy), scale) in dx.iter_mut().zip(dy).zip(&self.scale) {
                    *dx = dy * scale;
                }
            }
        });
    }
}

/// `y = (x - mean) / max(√variance, 1e-7)` for each feature of the last axis, or its inverse.
/// Weights: mean (features,), variance (features,).
pub struct StandardizeKernel {
    /// The size of the last axis.
    pub features: usize,
    /// True for `y = x · max(√variance, 1e-7) + mean`.
    pub invert: bool,
}

impl Kernel for StandardizeKernel {
    fn forward(
        &self,
        _: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let [factors] = saved.buffers([self.features]);
        for (factor, variance) in factors.iter_mut().zip(weights[1]) {
            let deviation = variance.sqrt().max(1e-7);
            *factor = if self.invert { deviation } else { 1.0 / deviation };
        }
        let (mean, factors) = (weights[0], &*factors);
        vectorize(move || {
            for (x, y) in x.chunks_exact(self.features).zip(y.chunks_exact_mut(self.features)) {
                for (((y, x), mean), factor) in y.iter_mut().zip(x).zip(mean).zip(factors) {
                    *y = if self.invert { x * factor + mean } else { (x - mean) * factor };
                }
            }
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        for dweight in io.dweights.iter_mut().flatten() {
            dweight.fill(0.0); // statistics aren't trained
        }
        let Some(dx) = io.dx else { return };
        let factors = &io.saved.buffer(0)[..self.features];
        vectorize(move || {
            let rows = dx.chunks_exact_mut(self.features).zip(io.dy.chunks_exact(self.features));
            for (dx, dy) in rows {
                for ((dx, dy), factor) in dx.iter_mut().zip(dy).zip(factors) {
                    *dx = dy * factor;
                }
            }
        });
    }
}
