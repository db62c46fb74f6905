//! Batch normalization over slices.

mod feature_axis;

use std::sync::Arc;

pub use feature_axis::FeatureAxis;
use feature_axis::{MaskWeights, piece_of};

use super::kernel::{Backward, FeatureScale, Kernel, Pass, Saved};
use super::parallel;
use crate::activations::Activation;

/// `y = activation((x - mean) / √(variance + epsilon) · gamma + beta)` for each feature; mean and
/// variance are the batch's in training mode and the moving ones elsewhere. The input is
/// (outer, features, inner).
///
/// Weights: gamma (where `scale`), beta (where `center`), moving mean, moving variance; each
/// (features,).
#[derive(Clone)]
pub struct BatchNormKernel {
    /// Where the features are.
    pub axis: FeatureAxis,
    /// A small number added to the variance, to avoid dividing by zero.
    pub epsilon: f32,
    /// Momentum of the moving averages.
    pub momentum: f32,
    /// Whether there is a gamma.
    pub scale: bool,
    /// Whether there is a beta.
    pub center: bool,
    /// True where the layer is frozen: always the moving statistics, which don't move.
    pub frozen: bool,
    /// What is applied to the output, number by number; must have slice functions. Done while a piece
    /// is in the cache, so that an activation layer that follows costs no pass of its own.
    pub activation: Activation,
}

/// The places of the new moving statistics in `Saved`.
const NEW_MEAN: usize = 3;
const NEW_VARIANCE: usize = 4;

impl BatchNormKernel {
    fn uses_batch(&self, pass: &Pass<'_>) -> bool {
        pass.training && !self.frozen
    }

    /// gamma, beta, moving mean, moving variance.
    fn split<'a>(
        &self,
        weights: &[&'a [f32]],
    ) -> (Option<&'a [f32]>, Option<&'a [f32]>, &'a [f32], &'a [f32]) {
        let mut all = weights.iter().copied();
        let gamma = if self.scale { all.next() } else { None };
        let beta = if self.center { all.next() } else { None };
        let (mean, variance) = (all.next().unwrap_or(&[]), all.next().unwrap_or(&[]));
        (gamma, beta, mean, variance)
    }

    /// `1 / √(variance + epsilon)` of each feature.
    fn invert(&self, variance: &[f32], rstd: &mut [f32]) {
        for (rstd, variance) in rstd.iter_mut().zip(variance) {
            *rstd = 1.0 / (variance + self.epsilon).sqrt();
        }
    }
}

/// The factors and offsets of `y = x · factor + offset`.
fn affine(
    (mean, rstd): (&[f32], &[f32]),
    (gamma, beta): (Option<&[f32]>, Option<&[f32]>),
    (factors, offsets): (&mut [f32], &mut [f32]),
) {
    for c in 0..mean.len() {
        factors[c] = rstd[c] * gamma.map_or(1.0, |gamma| gamma[c]);
        offsets[c] = beta.map_or(0.0, |beta| beta[c]) - mean[c] * factors[c];
    }
}

impl Kernel for BatchNormKernel {
    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let f = self.axis.features;
        let (gamma, beta, moving_mean, moving_variance) = self.split(weights);
        let kept = self.activation.kept(x.len());
        let [mean, rstd, count, new_mean, new_variance, factors, offsets, sums, z] =
            saved.buffers([f, f, f, f, f, f, f, self.axis.scratch(x.len()), kept]);
        if self.uses_batch(pass) && !x.is_empty() {
            let weights = MaskWeights::new(pass.mask, x.len());
            self.axis.count(x.len(), &weights, count);
            if pass.mask.is_none() && self.axis.inner == 1 {
                self.axis.moments(x, mean, sums);
            } else {
                self.axis.sums((x, mean), &weights, sums, |x, _, _| (x, 0.0));
                mean.iter_mut().zip(&*sums).zip(&*count).for_each(|((m, sum), n)| *m = sum / n);
                let square = |x: f32, _: f32, mean: f32| ((x - mean) * (x - mean), 0.0);
                self.axis.sums((x, mean), &weights, sums, square);
            }
            let keep = self.momentum;
            for c in 0..f {
                let variance = sums[c] / count[c];
                rstd[c] = 1.0 / (variance + self.epsilon).sqrt();
                new_mean[c] = moving_mean[c] * keep + mean[c] * (1.0 - keep);
                new_variance[c] = moving_variance[c] * keep + variance * (1.0 - keep);
            }
        } else {
            mean.copy_from_slice(moving_mean);
            self.invert(moving_variance, rstd);
        }
        affine((mean, rstd), (gamma, beta), (factors, offsets));
        let (factors, offsets, piece) = (&*factors, &*offsets, self.axis.piece());
        let normalize = |x: &[f32], out: &mut [f32]| {
            let affine = |[factor, offset]: [f32; 2], x: f32, _, _| x * factor + offset;
            self.axis.map_rows([factors, offsets], (x, x), &MaskWeights::ALL, out, affine);
        };
        let (work, near) = (self.activation.work(x.len()), self.axis.nearest());
        if kept == 0 {
            return parallel::chunks(y, piece, work, |index, y| {
                let x = piece_of(x, index, piece).chunks(near);
                for (x, y) in x.zip(y.chunks_mut(near)) {
                    normalize(x, y);
                    self.activation.apply(y, f);
                }
            });
        }
        parallel::chunks2((y, piece), (z, piece), work, |index, y, z| {
            normalize(piece_of(x, index, piece), z);
            y.copy_from_slice(z);
            self.activation.apply(y, f);
        });
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, y, dy, saved, dx, dweights, .. } = io;
        let f = self.axis.features;
        let (gamma, ..) = self.split(weights);
        let kept = self.activation.kept(x.len());
        let [mean, rstd, count, _, _, factors, offsets, sums, z] =
            saved.buffers([f, f, f, f, f, f, f, self.axis.scratch(x.len()), kept]);
        let (z, center, piece) = (if kept > 0 { &*z } else { y }, &*mean, self.axis.piece());
        let (each, work) = ((&mut *dy, piece), self.activation.work(x.len()));
        // Σ dy, Σ dy · (x - mean), of the gradient before the activation
        let near = self.axis.nearest();
        parallel::chunks2((&mut *sums, 2 * f), each, work, |index, sums, dy| {
            let [x, y, z] = [x, y, z].map(|all| piece_of(all, index, piece).chunks(near));
            sums.fill(0.0);
            for (((dy, x), y), z) in dy.chunks_mut(near).zip(x).zip(y).zip(z) {
                if self.activation != Activation::Linear {
                    self.activation.gradient(z, y, dy, f);
                }
                let both = |dy: f32, x: f32, mean: f32| (dy, dy * (x - mean));
                self.axis.add_sums((dy, x, center), &MaskWeights::ALL, sums, both);
            }
        });
        self.axis.join(sums);
        let dy = &*dy;
        let mut all = dweights.iter_mut();
        if self.scale
            && let Some(dgamma) = all.next().and_then(Option::as_deref_mut)
        {
            for c in 0..f {
                dgamma[c] = sums[f + c] * rstd[c];
            }
        }
        if self.center
            && let Some(dbeta) = all.next().and_then(Option::as_deref_mut)
        {
            dbeta.copy_from_slice(&sums[..f]);
        }
        for dstatistic in all.flatten() {
            dstatistic.fill(0.0);
        }
        let Some(dx) = dx else { return };
        let uses_batch = self.uses_batch(pass);
        // dx = factor · dy + weight · (slope · x + offset)
        let slopes = rstd;
        for c in 0..f {
            factors[c] = slopes[c] * gamma.map_or(1.0, |gamma| gamma[c]);
            let slope = -factors[c] * slopes[c] * slopes[c] * sums[f + c] / count[c];
            offsets[c] = -factors[c] * sums[c] / count[c];
            slopes[c] = slope;
        }
        let (factors, offsets, slopes) = (&*factors, &*offsets, &*slopes);
        let weights = MaskWeights::new(pass.mask, x.len());
        parallel::chunks(dx, piece, work, |index, dx| {
            let [dy, x] = [dy, x].map(|all| piece_of(all, index, piece));
            if uses_batch {
                let constants = [factors, offsets, slopes, center];
                let weights = weights.from(index * piece);
                self.axis.map_rows(constants, (dy, x), &weights, dx, |constants, dy, x, weight| {
                    let [factor, offset, slope, mean] = constants;
                    factor * dy + weight * (slope * (x - mean) + offset)
                });
            } else {
                let scaled = |[factor]: [f32; 1], dy: f32, _, _| factor * dy;
                self.axis.map_rows([factors], (dy, dy), &MaskWeights::ALL, dx, scaled);
            }
        });
    }

    fn as_feature_scale(&self, weights: &[&[f32]]) -> Option<FeatureScale> {
        (self.axis.inner == 1).then(|| {
            let (gamma, beta, mean, variance) = self.split(weights);
            let [mut rstd, mut factors, mut offsets] = [0; 3].map(|_| vec![0.0; mean.len()]);
            self.invert(variance, &mut rstd);
            affine((mean, &rstd), (gamma, beta), (&mut factors, &mut offsets));
            FeatureScale { factors, offsets, activation: self.activation.clone() }
        })
    }

    fn with_activation(&self, activation: &Activation) -> Option<Arc<dyn Kernel>> {
        let is_free = self.activation == Activation::Linear;
        is_free.then(|| Arc::new(Self { activation: activation.clone(), ..self.clone() }) as _)
    }

    fn updated<'s>(&self, weight: usize, saved: &'s Saved) -> Option<&'s [f32]> {
        let first = usize::from(self.scale) + usize::from(self.center);
        if self.frozen || weight < first {
            return None;
        }
        let place = if weight == first { NEW_MEAN } else { NEW_VARIANCE };
        Some(&saved.buffer(place)[..self.axis.features])
    }
}
