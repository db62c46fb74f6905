//! Layer and RMS normalization over slices: each row by its own moments.

use super::kernel::{Backward, Kernel, OutputMask, Pass, Saved};
use super::parallel;
use super::simd::vectorize;
use crate::numeric::{sum, sum2};

/// `y = (x - mean) / √(mean square of x - mean + epsilon) · gamma + beta`, rows of `width` numbers.
/// Weights: gamma (where `scale`), beta (where `center`); each (width,).
pub struct RowNormKernel {
    /// Size of each embedding vector.
    pub width: usize,
    /// A small number added to the variance, to avoid dividing by zero.
    pub epsilon: f32,
    /// False for RMS normalization, whose mean is taken to be 0.
    pub subtracts_mean: bool,
    /// Whether there is a gamma.
    pub scale: bool,
    /// Whether there is a beta.
    pub center: bool,
    /// True where the layer drops the mask.
    pub drops_mask: bool,
}

/// Numbers of a piece that is worked on by itself; the sums of pieces are then added in order.
const PIECE: usize = 1 << 14;

impl RowNormKernel {
    /// Rows of one piece.
    fn piece(&self) -> usize {
        (PIECE / self.width).max(1)
    }

    fn gamma<'a>(&self, weights: &[&'a [f32]]) -> Option<&'a [f32]> {
        if self.scale { weights.first().copied() } else { None }
    }

    fn beta<'a>(&self, weights: &[&'a [f32]]) -> Option<&'a [f32]> {
        if self.center { weights.get(usize::from(self.scale)).copied() } else { None }
    }
}

impl Kernel for RowNormKernel {
    fn forward(
        &self,
        _: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let (width, rows) = (self.width, self.piece());
        let (gamma, beta) = (self.gamma(weights), self.beta(weights));
        let [moments] = saved.buffers([2 * (x.len() / width)]); // mean, 1 / deviation of each row
        let share = 1.0 / width as f32;
        parallel::chunks2((y, rows * width), (moments, 2 * rows), x.len(), |piece, y, moments| {
            let x = &x[piece * rows * width..][..y.len()];
            vectorize(move || {
                let rows = x.chunks_exact(width).zip(y.chunks_exact_mut(width));
                for ((x, y), moments) in rows.zip(moments.chunks_exact_mut(2)) {
                    let mean = if self.subtracts_mean { sum(x) * share } else { 0.0 };
                    let squares = sum2(x, x, |x, _| (x - mean) * (x - mean));
                    let rstd = 1.0 / (squares * share + self.epsilon).sqrt();
                    moments.copy_from_slice(&[mean, rstd]);
                    y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * rstd);
                    if let Some(gamma) = gamma {
                        y.iter_mut().zip(gamma).for_each(|(y, gamma)| *y *= gamma);
                    }
                    if let Some(beta) = beta {
                        y.iter_mut().zip(beta).for_each(|(y, beta)| *y += beta);
                    }
                }
            });
        });
    }

    fn backward(&self, _: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, dy, saved, dx, dweights, .. } = io;
        let (width, rows) = (self.width, self.piece());
        let gamma = self.gamma(weights);
        let all = x.len() / width;
        let pieces = all.div_ceil(rows);
        let [moments, sums] = saved.buffers([2 * all, 2 * width * pieces]);
        let (dy, moments) = (&*dy, &*moments);
        if dweights.iter().any(Option::is_some) {
            // Σ dy · (x - mean) / deviation, Σ dy
            parallel::chunks(sums, 2 * width, x.len(), |piece, sums| {
                let (dgamma, dbeta) = sums.split_at_mut(width);
                dgamma.fill(0.0);
                dbeta.fill(0.0);
                let range = piece * rows * width..((piece + 1) * rows * width).min(x.len());
                let pairs = x[range.clone()].chunks_exact(width).zip(dy[range].chunks_exact(width));
                vectorize(move || {
                    let moments = moments[2 * piece * rows..].chunks_exact(2);
                    for ((x, dy), moments) in pairs.zip(moments) {
                        for i in 0..width {
                            dgamma[i] += dy[i] * ((x[i] - moments[0]) * moments[1]);
                            dbeta[i] += dy[i];
                        }
                    }
                });
            });
            let mut wanted = dweights.iter_mut();
            for (is_there, first) in [(self.scale, 0), (self.center, width)] {
                if !is_there {
                    continue;
                }
                if let Some(dweight) = wanted.next().and_then(Option::as_deref_mut) {
                    dweight.fill(0.0);
                    for piece in sums.chunks_exact(2 * width) {
                        let part = &piece[first..first + width];
                        dweight.iter_mut().zip(part).for_each(|(total, part)| *total += part);
                    }
                }
            }
        }
        let Some(dx) = dx else { return };
        let share = 1.0 / width as f32;
        parallel::chunks(dx, rows * width, x.len(), |piece, dx| {
            let first = piece * rows * width;
            let (x, dy) = (&x[first..first + dx.len()], &dy[first..first + dx.len()]);
            vectorize(move || {
                let pairs = x.chunks_exact(width).zip(dy.chunks_exact(width));
                let moments = moments[2 * piece * rows..].chunks_exact(2);
                for (((x, dy), dx), moments) in pairs.zip(dx.chunks_exact_mut(width)).zip(moments) {
                    let (mean, rstd) = (moments[0], moments[1]);
                    match gamma {
                        Some(gamma) => {
                            let products = dx.iter_mut().zip(dy).zip(gamma);
                            products.for_each(|((dx, dy), gamma)| *dx = dy * gamma);
                        }
                        None => dx.copy_from_slice(dy),
                    }
                    let along = sum2(dx, x, |g, x| g * (x - mean)) * rstd * share;
                    let level = if self.subtracts_mean { sum(dx) * share } else { 0.0 };
                    for (dx, x) in dx.iter_mut().zip(x) {
                        *dx = rstd * (*dx - level - (x - mean) * rstd * along);
                    }
                }
            });
        });
    }

    fn mask(&self, _: &Pass<'_>, _: &[f32], _: &mut Vec<f32>) -> OutputMask {
        if self.drops_mask { OutputMask::Dropped } else { OutputMask::Same }
    }
}
