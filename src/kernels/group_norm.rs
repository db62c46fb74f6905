//! Group normalization over slices: the channels of a sample in groups.

use super::kernel::{Backward, Kernel, Pass, Saved};
use super::parallel;
use super::simd::vectorize;

/// `y = (x - mean) / √(variance + epsilon) · gamma + beta` with the moments of a sample's group of
/// channels over all places. The input is (batch, places, channels).
/// Weights: gamma (where `scale`), beta (where `center`); each (channels,).
pub struct GroupNormKernel {
    /// Numbers of a sample.
    pub sample: usize,
    /// How many channels.
    pub channels: usize,
    /// How many groups.
    pub groups: usize,
    /// A small number added to the variance, to avoid dividing by zero.
    pub epsilon: f32,
    /// Whether there is a gamma.
    pub scale: bool,
    /// Whether there is a beta.
    pub center: bool,
}

impl GroupNormKernel {
    fn gamma<'a>(&self, weights: &[&'a [f32]]) -> Option<&'a [f32]> {
        if self.scale { weights.first().copied() } else { None }
    }

    /// Replaces each channel's number by its group's sum.
    fn gather(&self, values: &mut [f32]) {
        for group in values.chunks_exact_mut(self.channels / self.groups) {
            let sum: f32 = group.iter().sum();
            group.fill(sum);
        }
    }
}

impl Kernel for GroupNormKernel {
    fn forward(
        &self,
        pass: &Pass<'_>,
        x: &[f32],
        weights: &[&[f32]],
        y: &mut [f32],
        saved: &mut Saved,
    ) {
        let (sample, channels) = (self.sample, self.channels);
        let gamma = self.gamma(weights);
        let beta = if self.center { weights.get(usize::from(self.scale)).copied() } else { None };
        let [moments] = saved.buffers([2 * pass.batch * channels]); // mean, 1 / deviation
        let share = self.groups as f32 / sample as f32;
        parallel::chunks2((y, sample), (moments, 2 * channels), x.len(), |n, y, moments| {
            let x = &x[n * sample..][..sample];
            let (mean, rstd) = moments.split_at_mut(channels);
            vectorize(move || {
                mean.fill(0.0);
                rstd.fill(0.0);
                for x in x.chunks_exact(channels) {
                    mean.iter_mut().zip(x).for_each(|(mean, x)| *mean += x);
                }
                self.gather(mean);
                mean.iter_mut().for_each(|mean| *mean *= share);
                for x in x.chunks_exact(channels) {
                    let pairs = rstd.iter_mut().zip(x).zip(&*mean);
                    pairs.for_each(|((sum, x), mean)| *sum += (x - mean) * (x - mean));
                }
                self.gather(rstd);
                rstd.iter_mut().for_each(|v| *v = 1.0 / (*v * share + self.epsilon).sqrt());
                for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
                    for c in 0..channels {
                        let unit = (x[c] - mean[c]) * rstd[c];
                        let scaled = unit * gamma.map_or(1.0, |gamma| gamma[c]);
                        y[c] = scaled + beta.map_or(0.0, |beta| beta[c]);
                    }
                }
            });
        });
    }

    fn backward(&self, pass: &Pass<'_>, io: Backward<'_>) {
        let Backward { x, weights, dy, saved, dx, dweights, .. } = io;
        let (sample, channels, batch) = (self.sample, self.channels, pass.batch);
        let gamma = self.gamma(weights);
        // of each sample: Σ dy and Σ dy · (x - mean) / deviation, channel by channel
        let [moments, sums] = saved.buffers([2 * batch * channels, 2 * batch * channels]);
        let (dy, moments) = (&*dy, &*moments);
        parallel::chunks(sums, 2 * channels, x.len(), |n, sums| {
            let (level, along) = sums.split_at_mut(channels);
            let (mean, rstd) = moments[2 * n * channels..][..2 * channels].split_at(channels);
            vectorize(move || {
                level.fill(0.0);
                along.fill(0.0);
                let places = x[n * sample..][..sample].chunks_exact(channels);
                for (x, dy) in places.zip(dy[n * sample..][..sample].chunks_exact(channels)) {
                    for c in 0..channels {
                        level[c] += dy[c];
                        along[c] += dy[c] * (x[c] - mean[c]) * rstd[c];
                    }
                }
            });
        });
        let mut wanted = dweights.iter_mut();
        for (is_there, first) in [(self.scale, channels), (self.center, 0)] {
            if !is_there {
                continue;
            }
            if let Some(dweight) = wanted.next().and_then(Option::as_deref_mut) {
                dweight.fill(0.0);
                for sums in sums.chunks_exact(2 * channels) {
                    let part = &sums[first..first + channels];
                    dweight.iter_mut().zip(part).for_each(|(total, part)| *total += part);
                }
            }
        }
        let Some(dx) = dx else { return };
        let share = self.groups as f32 / sample as f32;
        for sums in sums.chunks_exact_mut(channels) {
            if let Some(gamma) = gamma {
                sums.iter_mut().zip(gamma).for_each(|(sum, gamma)| *sum *= gamma);
            }
            self.gather(sums);
            sums.iter_mut().for_each(|sum| *sum *= share);
        }
        let sums = &*sums;
        parallel::chunks(dx, sample, x.len(), |n, dx| {
            let (level, along) = sums[2 * n * channels..][..2 * channels].split_at(channels);
            let (mean, rstd) = moments[2 * n * channels..][..2 * channels].split_at(channels);
            vectorize(move || {
                let places = x[n * sample..][..sample].chunks_exact(channels);
                let places = places.zip(dy[n * sample..][..sample].chunks_exact(channels));
                for ((x, dy), dx) in places.zip(dx.chunks_exact_mut(channels)) {
                    for c in 0..channels {
                        let scaled = dy[c] * gamma.map_or(1.0, |gamma| gamma[c]);
                        let unit = (x[c] - mean[c]) * rstd[c];
                        dx[c] = rstd[c] * (scaled - level[c] - unit * along[c]);
                    }
                }
            });
        });
    }
}
