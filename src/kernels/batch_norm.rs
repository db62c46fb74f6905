//! Batch normalization over slices.

use super::kernel::{Backward, Kernel, Pass, Saved};
use super::parallel;
use super::simd::vectorize;

/// `y = (x - mean) / √(variance + epsilon) · gamma + beta` for each feature; mean and variance are
/// the batch's in training mode and the moving ones elsewhere. The input is
/// (outer, features, inner).
///
/// Weights: gamma (where `scale`), beta (where `center`), moving mean, moving variance; each
/// (features,).
pub struct BatchNormKernel {
    /// How many features.
    pub features: usize,
    /// How many numbers of a sample come after each place of the feature axis; 1 where it is last.
    pub inner: usize,
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
}

/// The places of the new moving statistics in `Saved`.
const NEW_MEAN: usize = 3;
const NEW_VARIANCE: usize = 4;

/// Numbers of a piece that is summed by itself; the sums of pieces are then added in order.
const PIECE: usize = 1 << 14;

impl BatchNormKernel {
    fn uses_batch(&self, pass: &Pass<'_>) -> bool {
        pass.training && !self.frozen
    }

    /// Numbers of one piece: whole rows of (features, inner).
    fn piece(&self) -> usize {
        let row = self.features * self.inner;
        (PIECE / row.max(1)).max(1) * row
    }

    /// Two sums for each feature, `Σ f(a, b, center) · weight`, into the first 2 · features numbers
    /// of `sums`. The weight is the mask's.
    #[inline(always)]
    fn sums(
        &self,
        (a, b, center): (&[f32], &[f32], &[f32]),
        mask: Option<&[f32]>,
        sums: &mut [f32],
        f: impl Fn(f32, f32, f32) -> (f32, f32) + Sync,
    ) {
        let (features, inner, piece) = (self.features, self.inner, self.piece());
        // how many numbers stand under one number of the mask
        let share = mask.map_or(1, |mask| a.len() / mask.len().max(1)).max(1);
        parallel::chunks(sums, 2 * features, a.len(), |index, sums| {
            sums.fill(0.0);
            let (first, second) = sums.split_at_mut(features);
            let start = index * piece;
            let end = (start + piece).min(a.len());
            let (a, b) = (&a[start..end], &b[start..end]);
            let weight = |place: usize| mask.map_or(1.0, |mask| mask[(start + place) / share]);
            vectorize(
                #[inline(always)]
                || {
                    if inner == 1 {
                        let rows = a.chunks_exact(features).zip(b.chunks_exact(features));
                        for (row, (a, b)) in rows.enumerate() {
                            let weight = weight(row * features);
                            if weight == 0.0 {
                                continue;
                            }
                            add_row((first, second), (a, b, center), weight, &f);
                        }
                        return;
                    }
                    let runs = a.chunks_exact(inner).zip(b.chunks_exact(inner));
                    for (run, (a, b)) in runs.enumerate() {
                        let (c, weight) = (run % features, weight(run * inner));
                        let (mut u, mut v) = (0.0, 0.0);
                        for (a, b) in a.iter().zip(b) {
                            let (du, dv) = f(*a, *b, center[c]);
                            u += du;
                            v += dv;
                        }
                        first[c] += u * weight;
                        second[c] += v * weight;
                    }
                },
            );
        });
        let (total, rest) = sums.split_at_mut(2 * features);
        for piece in rest.chunks_exact(2 * features) {
            total.iter_mut().zip(piece).for_each(|(total, piece)| *total += piece);
        }
    }

    /// The mean of each feature, and the sum of squares about it, into the first numbers of `sums`. A
    /// piece is summed about its own mean while it is in the cache; pieces are joined by Chan's
    /// formula, in order.
    fn moments(&self, x: &[f32], mean: &mut [f32], sums: &mut [f32]) {
        let (features, piece) = (self.features, self.piece());
        let rows = |index: usize| (x.len() - index * piece).min(piece) / features;
        parallel::chunks(sums, 2 * features, x.len(), |index, sums| {
            sums.fill(0.0);
            let (first, second) = sums.split_at_mut(features);
            let x = &x[index * piece..][..rows(index) * features];
            let share = 1.0 / rows(index) as f32;
            vectorize(
                #[inline(always)]
                || {
                    for row in x.chunks_exact(features) {
                        first.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                    }
                    first.iter_mut().for_each(|sum| *sum *= share);
                    for row in x.chunks_exact(features) {
                        let all = second.iter_mut().zip(row).zip(&*first);
                        all.for_each(|((sum, x), mean)| *sum += (x - mean) * (x - mean));
                    }
                },
            );
        });
        let whole = 1.0 / (x.len() / features) as f32;
        mean.fill(0.0);
        for (index, part) in sums.chunks_exact(2 * features).enumerate() {
            let share = rows(index) as f32 * whole;
            mean.iter_mut().zip(part).for_each(|(mean, part)| *mean += part * share);
        }
        for index in 0..sums.len() / (2 * features) {
            for c in 0..features {
                let [own, squares] =
                    [0, features].map(|place| sums[index * 2 * features + place + c]);
                let far = own - mean[c];
                let squares = squares + far * far * rows(index) as f32;
                sums[c] = if index == 0 { squares } else { sums[c] + squares };
            }
        }
    }

    /// `out = f(constants, a, b, weight)` number by number, with the constants of its feature.
    #[inline(always)]
    fn map<const K: usize>(
        &self,
        constants: [&[f32]; K],
        (a, b): (&[f32], &[f32]),
        mask: Option<&[f32]>,
        out: &mut [f32],
        f: impl Fn([f32; K], f32, f32, f32) -> f32 + Sync,
    ) {
        let (features, inner, piece) = (self.features, self.inner, self.piece());
        let share = mask.map_or(1, |mask| a.len() / mask.len().max(1)).max(1);
        parallel::chunks(out, piece, a.len(), |index, out| {
            let start = index * piece;
            let (a, b) = (&a[start..start + out.len()], &b[start..start + out.len()]);
            let weight = |place: usize| mask.map_or(1.0, |mask| mask[(start + place) / share]);
            vectorize(
                #[inline(always)]
                || {
                    if inner == 1 {
                        let rows = a.chunks_exact(features).zip(b.chunks_exact(features));
                        for (row, (out, (a, b))) in
                            out.chunks_exact_mut(features).zip(rows).enumerate()
                        {
                            let weight = weight(row * features);
                            map_row(constants, (a, b), weight, out, &f);
                        }
                        return;
                    }
                    let runs = a.chunks_exact(inner).zip(b.chunks_exact(inner));
                    for (run, (out, (a, b))) in out.chunks_exact_mut(inner).zip(runs).enumerate() {
                        let c = run % features;
                        let (constants, weight) =
                            (constants.map(|all| all[c]), weight(run * inner));
                        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                            *out = f(constants, *a, *b, weight);
                        }
                    }
                },
            );
        });
    }

    /// How many numbers each feature's moments are taken over; with a mask, Keras adds 1e-7.
    fn count(&self, numbers: usize, mask: Option<&[f32]>, count: &mut [f32]) {
        let Some(mask) = mask else {
            return count.fill((numbers / self.features) as f32);
        };
        let share = (numbers / mask.len().max(1)).max(1);
        count.fill(0.0);
        for run in 0..numbers / self.inner {
            count[run % self.features] += mask[run * self.inner / share] * self.inner as f32;
        }
        count.iter_mut().for_each(|count| *count += 1e-7);
    }

    fn scratch(&self, numbers: usize) -> usize {
        2 * self.features * numbers.div_ceil(self.piece())
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
}

/// Adds a row to the two sums of each feature. A function of its own, so that the compiler knows
/// that its slices don't overlap.
#[inline(always)]
fn add_row(
    (first, second): (&mut [f32], &mut [f32]),
    (a, b, center): (&[f32], &[f32], &[f32]),
    weight: f32,
    f: &impl Fn(f32, f32, f32) -> (f32, f32),
) {
    let rows = a.iter().zip(b).zip(center);
    for (((a, b), center), (first, second)) in rows.zip(first.iter_mut().zip(second)) {
        let (u, v) = f(*a, *b, *center);
        *first += u * weight;
        *second += v * weight;
    }
}

/// One row of [`BatchNormKernel::map`].
#[inline(always)]
fn map_row<const K: usize>(
    constants: [&[f32]; K],
    (a, b): (&[f32], &[f32]),
    weight: f32,
    out: &mut [f32],
    f: &impl Fn([f32; K], f32, f32, f32) -> f32,
) {
    let constants = constants.map(|values| &values[..out.len()]);
    for (c, (out, (a, b))) in out.iter_mut().zip(a.iter().zip(b)).enumerate() {
        *out = f(constants.map(|values| values[c]), *a, *b, weight);
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
        let f = self.features;
        let (gamma, beta, moving_mean, moving_variance) = self.split(weights);
        let [mean, rstd, count, new_mean, new_variance, factors, offsets, sums] =
            saved.buffers([f, f, f, f, f, f, f, self.scratch(x.len())]);
        if self.uses_batch(pass) && !x.is_empty() {
            self.count(x.len(), pass.mask, count);
            if pass.mask.is_none() && self.inner == 1 {
                self.moments(x, mean, sums);
            } else {
                self.sums((x, x, mean), pass.mask, sums, |x, _, _| (x, 0.0));
                mean.iter_mut().zip(&*sums).zip(&*count).for_each(|((m, sum), n)| *m = sum / n);
                let square = |x: f32, _: f32, mean: f32| ((x - mean) * (x - mean), 0.0);
                self.sums((x, x, mean), pass.mask, sums, square);
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
            for (rstd, variance) in rstd.iter_mut().zip(moving_variance) {
                *rstd = 1.0 / (variance + self.epsilon).sqrt();
            }
        }
        for c in 0..f {
            factors[c] = rstd[c] * gamma.map_or(1.0, |gamma| gamma[c]);
            offsets[c] = beta.map_or(0.0, |beta| beta[c]) - mean[c] * factors[c];
        }
        self.map([factors, offsets], (x, x), None, y, |[factor, offset], x, _, _| {
            x * factor + offset
        });
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, dy, saved, dx, dweights, .. } = io;
        let f = self.features;
        let (gamma, ..) = self.split(weights);
        let [mean, rstd, count, _, _, factors, offsets, sums] =
            saved.buffers([f, f, f, f, f, f, f, self.scratch(x.len())]);
        let dy = &*dy;
        // Σ dy, Σ dy · (x - mean)
        self.sums((dy, x, mean), None, sums, |dy, x, mean| (dy, dy * (x - mean)));
        if x.is_empty() {
            sums.fill(0.0);
        }
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
        if uses_batch {
            let constants: [&[f32]; 4] = [factors, offsets, slopes, mean];
            self.map(constants, (dy, x), pass.mask, dx, |constants, dy, x, weight| {
                let [factor, offset, slope, mean] = constants;
                factor * dy + weight * (slope * (x - mean) + offset)
            });
        } else {
            self.map([factors], (dy, x), None, dx, |[factor], dy, _, _| factor * dy);
        }
    }

    fn updated<'s>(&self, weight: usize, saved: &'s Saved) -> Option<&'s [f32]> {
        let first = usize::from(self.scale) + usize::from(self.center);
        if self.frozen || weight < first {
            return None;
        }
        let place = if weight == first { NEW_MEAN } else { NEW_VARIANCE };
        Some(&saved.buffer(place)[..self.features])
    }
}
