//! Passes over a batch by feature, in pieces that don't depend on the number of threads.

use super::super::parallel;
use super::super::simd::vectorize;

/// An axis of (outer, features, inner).
#[derive(Debug, Clone, Copy)]
pub struct FeatureAxis {
    /// How many features.
    pub features: usize,
    /// How many numbers of a sample come after each place of the axis; 1 where it is last.
    pub inner: usize,
}

/// Numbers of a piece that is summed by itself; the sums of pieces are then added in order.
const PIECE: usize = 1 << 14;

/// Numbers that stay in the nearest cache while several things are done with them.
const NEAREST: usize = 1 << 11;

impl FeatureAxis {
    /// Numbers of one piece: whole rows of (features, inner).
    pub(super) fn piece(&self) -> usize {
        self.whole_rows(PIECE)
    }

    /// Numbers of a part of a piece that stays in the nearest cache: whole rows too.
    pub(super) fn nearest(&self) -> usize {
        self.whole_rows(NEAREST).max(1)
    }

    fn whole_rows(&self, numbers: usize) -> usize {
        let row = self.features * self.inner;
        (numbers / row.max(1)).max(1) * row
    }

    /// Adds two sums for each feature over some rows, `Σ f(a, b, center) · weight`, to `sums`. The
    /// weight is the mask's.
    #[inline(always)]
    pub(super) fn add_sums(
        &self,
        (a, b, center): (&[f32], &[f32], &[f32]),
        weights: &MaskWeights<'_>,
        sums: &mut [f32],
        f: impl Fn(f32, f32, f32) -> (f32, f32) + Sync,
    ) {
        let (features, inner) = (self.features, self.inner);
        let (first, second) = sums.split_at_mut(features);
        vectorize(
            #[inline(always)]
            || {
                if inner == 1 {
                    let rows = a.chunks_exact(features).zip(b.chunks_exact(features));
                    for (row, (a, b)) in rows.enumerate() {
                        let weight = weights.at(row * features);
                        if weight == 0.0 {
                            continue;
                        }
                        add_row((first, second), (a, b, center), weight, &f);
                    }
                    return;
                }
                let runs = a.chunks_exact(inner).zip(b.chunks_exact(inner));
                for (run, (a, b)) in runs.enumerate() {
                    let (c, weight) = (run % features, weights.at(run * inner));
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
    }

    /// Sums over all of the input, by pieces, into the first numbers of `sums`.
    #[inline(always)]
    pub(super) fn sums(
        &self,
        (x, center): (&[f32], &[f32]),
        weights: &MaskWeights<'_>,
        sums: &mut [f32],
        f: impl Fn(f32, f32, f32) -> (f32, f32) + Sync,
    ) {
        let piece = self.piece();
        parallel::chunks(sums, 2 * self.features, x.len(), |index, sums| {
            let x = piece_of(x, index, piece);
            sums.fill(0.0);
            self.add_sums((x, x, center), &weights.from(index * piece), sums, &f);
        });
        self.join(sums);
    }

    /// Adds the sums of all pieces, in order, to those of the first.
    pub(super) fn join(&self, sums: &mut [f32]) {
        let (total, rest) = sums.split_at_mut(2 * self.features);
        for piece in rest.chunks_exact(2 * self.features) {
            total.iter_mut().zip(piece).for_each(|(total, piece)| *total += piece);
        }
    }

    /// The mean of each feature, and the sum of squares about it, into the first numbers of `sums`. A
    /// piece is summed about its own mean while it is in the cache; pieces are joined by Chan's
    /// formula, in order.
    pub(super) fn moments(&self, x: &[f32], mean: &mut [f32], sums: &mut [f32]) {
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

    /// `out = f(constants, a, b, weight)` number by number over some rows, with the constants of
    /// their features.
    #[inline(always)]
    pub(super) fn map_rows<const K: usize>(
        &self,
        constants: [&[f32]; K],
        (a, b): (&[f32], &[f32]),
        weights: &MaskWeights<'_>,
        out: &mut [f32],
        f: impl Fn([f32; K], f32, f32, f32) -> f32 + Sync,
    ) {
        let (features, inner) = (self.features, self.inner);
        vectorize(
            #[inline(always)]
            || {
                if inner == 1 {
                    let rows = a.chunks_exact(features).zip(b.chunks_exact(features));
                    for (row, (out, (a, b))) in out.chunks_exact_mut(features).zip(rows).enumerate()
                    {
                        let weight = weights.at(row * features);
                        map_row(constants, (a, b), weight, out, &f);
                    }
                    return;
                }
                let runs = a.chunks_exact(inner).zip(b.chunks_exact(inner));
                for (run, (out, (a, b))) in out.chunks_exact_mut(inner).zip(runs).enumerate() {
                    let c = run % features;
                    let (constants, weight) =
                        (constants.map(|all| all[c]), weights.at(run * inner));
                    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                        *out = f(constants, *a, *b, weight);
                    }
                }
            },
        );
    }

    /// How many numbers each feature's moments are taken over; with a mask, Keras adds 1e-7.
    pub(super) fn count(&self, numbers: usize, weights: &MaskWeights<'_>, count: &mut [f32]) {
        if weights.mask.is_none() {
            return count.fill((numbers / self.features) as f32);
        }
        count.fill(0.0);
        for run in 0..numbers / self.inner {
            count[run % self.features] += weights.at(run * self.inner) * self.inner as f32;
        }
        count.iter_mut().for_each(|count| *count += 1e-7);
    }

    pub(super) fn scratch(&self, numbers: usize) -> usize {
        2 * self.features * numbers.div_ceil(self.piece())
    }
}

/// What each number counts in the moments: 1, or what the mask says of its time step.
pub(super) struct MaskWeights<'a> {
    mask: Option<&'a [f32]>,
    /// How many numbers stand under one number of the mask.
    share: usize,
    /// The place of the first of the numbers.
    start: usize,
}

impl<'a> MaskWeights<'a> {
    /// Each number counts.
    pub(super) const ALL: MaskWeights<'static> = MaskWeights { mask: None, share: 1, start: 0 };

    pub(super) fn new(mask: Option<&'a [f32]>, numbers: usize) -> Self {
        let share = mask.map_or(1, |mask| numbers / mask.len().max(1)).max(1);
        MaskWeights { mask, share, start: 0 }
    }

    /// The same for the numbers from this place on.
    pub(super) fn from(&self, start: usize) -> Self {
        MaskWeights { start, ..*self }
    }

    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> f32 {
        self.mask.map_or(1.0, |mask| mask[(self.start + place) / self.share])
    }
}

/// The numbers of one piece.
pub(super) fn piece_of(x: &[f32], index: usize, piece: usize) -> &[f32] {
    let start = index * piece;
    &x[start..x.len().min(start + piece)]
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

/// One row of [`FeatureAxis::map_rows`].
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
