//! Softmax over an axis that is not the last.

use super::kernel::{Backward, Kernel, Pass, Saved};
use crate::numeric::exp;

/// Over the middle axis of (outer, size, inner).
pub struct SoftmaxKernel {
    /// The size of the axis.
    pub size: usize,
    /// How many numbers come after it.
    pub inner: usize,
}

impl SoftmaxKernel {
    /// The places of each set of numbers that is normalized together: the first, then `inner`
    /// apart.
    fn firsts(&self, numbers: usize) -> impl Iterator<Item = usize> + '_ {
        let block = self.size * self.inner;
        (0..numbers / block.max(1)).flat_map(move |o| (0..self.inner).map(move |i| o * block + i))
    }

    fn places(&self, first: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.size).map(move |k| first + k * self.inner)
    }
}

impl Kernel for SoftmaxKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        for first in self.firsts(x.len()) {
            let max = self.places(first).map(|i| x[i]).fold(f32::NEG_INFINITY, f32::max);
            self.places(first).for_each(|i| y[i] = exp(x[i] - max));
            let sum: f32 = self.places(first).map(|i| y[i]).sum();
            self.places(first).for_each(|i| y[i] /= sum);
        }
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Backward { y, dy, dx: Some(dx), .. } = io else { return };
        for first in self.firsts(y.len()) {
            let sum: f32 = self.places(first).map(|i| dy[i] * y[i]).sum();
            self.places(first).for_each(|i| dx[i] = (dy[i] - sum) * y[i]);
        }
    }
}
