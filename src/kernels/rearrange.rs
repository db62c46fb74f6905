//! Layers that only move numbers: reshaping, permuting, repeating.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};

/// The numbers as they are, in the same or another shape.
pub struct IdentityKernel {
    /// True where the steps are others than before, so that a mask of them is worth nothing.
    pub drops_mask: bool,
}

impl Kernel for IdentityKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        y.copy_from_slice(x);
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        if let Some(dx) = io.dx {
            dx.copy_from_slice(io.dy);
        }
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        if self.drops_mask { OutputMask::Dropped } else { OutputMask::Same }
    }

    fn is_identity(&self, _: bool) -> bool {
        true
    }
}

/// A sample's axes in another order. Drops the mask.
pub struct PermuteKernel {
    /// The output's axes.
    dims: Vec<usize>,
    /// How far apart the input's numbers are along them.
    strides: Vec<usize>,
}

impl PermuteKernel {
    /// Output axis i is axis `order[i]` of a sample of shape `dims`.
    pub fn new(dims: &[usize], order: &[usize]) -> Self {
        let mut strides = vec![1; dims.len()];
        for axis in (1..dims.len()).rev() {
            strides[axis - 1] = strides[axis] * dims[axis];
        }
        PermuteKernel {
            dims: order.iter().map(|axis| dims[*axis]).collect(),
            strides: order.iter().map(|axis| strides[*axis]).collect(),
        }
    }

    /// Calls `each(place in the input, place in the output)` for every number of a batch.
    #[inline(always)]
    fn each(&self, numbers: usize, mut each: impl FnMut(usize, usize)) {
        let (Some(width), Some(stride)) = (self.dims.last(), self.strides.last()) else { return };
        let sample: usize = self.dims.iter().product();
        let last = self.dims.len() - 1;
        for row in 0..numbers / width.max(&1) {
            let to = row * width;
            let mut from = to / sample * sample;
            let mut rest = row % (sample / width);
            for (size, stride) in self.dims[..last].iter().zip(&self.strides).rev() {
                from += rest % size * stride;
                rest /= size;
            }
            (0..*width).for_each(|i| each(from + i * stride, to + i));
        }
    }
}

impl Kernel for PermuteKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        self.each(x.len(), |from, to| y[to] = x[from]);
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Backward { dy, dx: Some(dx), .. } = io else { return };
        self.each(dx.len(), |from, to| dx[from] = dy[to]);
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }
}

/// (features) → (times, features). Drops the mask.
pub struct RepeatKernel {
    /// How often.
    pub times: usize,
    /// Size of each embedding vector.
    pub features: usize,
}

impl Kernel for RepeatKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        let samples = y.chunks_exact_mut(self.times * self.features);
        for (x, y) in x.chunks_exact(self.features).zip(samples) {
            y.chunks_exact_mut(self.features).for_each(|y| y.copy_from_slice(x));
        }
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        let samples = io.dy.chunks_exact(self.times * self.features);
        for (dx, dy) in dx.chunks_exact_mut(self.features).zip(samples) {
            dx.fill(0.0);
            for dy in dy.chunks_exact(self.features) {
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy);
            }
        }
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        OutputMask::Dropped
    }
}
