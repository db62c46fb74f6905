//! Masking over slices: steps whose features all equal the mask value are masked.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};

/// (time, features) → the same, masked steps zeroed; makes the mask.
pub struct MaskingKernel {
    /// The size of a step.
    pub features: usize,
    /// Value of the features of a masked step.
    pub mask_value: f32,
}

impl MaskingKernel {
    fn counts(&self, step: &[f32]) -> bool {
        step.iter().any(|x| *x != self.mask_value)
    }
}

impl Kernel for MaskingKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], _: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        for (x, y) in x.chunks_exact(self.features).zip(y.chunks_exact_mut(self.features)) {
            if self.counts(x) {
                y.copy_from_slice(x);
            } else {
                y.fill(0.0);
            }
        }
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Some(dx) = io.dx else { return };
        let steps = io.x.chunks_exact(self.features).zip(io.dy.chunks_exact(self.features));
        for ((x, dy), dx) in steps.zip(dx.chunks_exact_mut(self.features)) {
            if self.counts(x) {
                dx.copy_from_slice(dy);
            } else {
                dx.fill(0.0);
            }
        }
    }

    fn mask(&self, _: &Pass<'_>, x: &[f32], made: &mut Vec<f32>) -> OutputMask {
        made.clear();
        made.extend(x.chunks_exact(self.features).map(|x| f32::from(u8::from(self.counts(x)))));
        OutputMask::Made
    }
}
