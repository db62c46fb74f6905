//! PReLU over slices.

use super::broadcast::Broadcast;
use super::kernel::{Backward, Kernel, Pass, Saved};

/// `y = x` where x > 0, elsewhere `alpha · x`. Weights: alpha, spread over a sample.
pub struct PReluKernel {
    /// How alpha is spread over a sample.
    pub spread: Broadcast,
}

impl PReluKernel {
    /// Calls `each(place in a batch, place in alpha)`.
    #[inline(always)]
    fn each(&self, numbers: usize, mut each: impl FnMut(usize, usize)) {
        let (sample, width) = (self.spread.large(), self.spread.width());
        let step = usize::from(self.spread.is_wide());
        for first in (0..numbers).step_by(sample.max(1)) {
            for (row, start) in self.spread.starts().enumerate() {
                (0..width).for_each(|i| each(first + row * width + i, start + i * step));
            }
        }
    }
}

impl Kernel for PReluKernel {
    fn forward(&self, _: &Pass<'_>, x: &[f32], weights: &[&[f32]], y: &mut [f32], _: &mut Saved) {
        let alpha = weights[0];
        self.each(x.len(), |i, j| y[i] = if x[i] < 0.0 { alpha[j] * x[i] } else { x[i] });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, dy, dx, dweights, .. } = io;
        if let Some(dalpha) = dweights.first_mut().and_then(Option::as_deref_mut) {
            dalpha.fill(0.0);
            self.each(x.len(), |i, j| dalpha[j] += if x[i] < 0.0 { dy[i] * x[i] } else { 0.0 });
        }
        let Some(dx) = dx else { return };
        let alpha = weights[0];
        self.each(x.len(), |i, j| {
            let slope = if x[i] > 0.0 { 1.0 } else { 0.0 };
            dx[i] = dy[i] * if x[i] < 0.0 { alpha[j] } else { slope };
        });
    }
}
