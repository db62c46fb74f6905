//! Windows that slide over one to three axes: which inputs each position sees. Convolutions, and
//! with the roles of input and output exchanged, transposed convolutions.

use std::ops::Range;

use super::simd::vectorize;

/// A window along one axis: position `o` sees, with tap `a`, the input
/// `o · stride + a · dilation − before`, where that lies within the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// How long the axis is.
    pub input: usize,
    /// How many positions the window takes.
    pub output: usize,
    /// How many inputs it sees at each: its taps.
    pub size: usize,
    /// How far apart positions are.
    pub stride: usize,
    /// How far apart taps are.
    pub dilation: usize,
    /// How far the first position reaches before the axis.
    pub before: usize,
}

impl Axis {
    /// An axis of length 1 and a window of one tap: what stands for an axis that isn't there.
    pub const NONE: Axis = Axis { input: 1, output: 1, size: 1, stride: 1, dilation: 1, before: 0 };

    /// The taps that lie within the axis at a position.
    #[inline(always)]
    pub fn taps(&self, position: usize) -> Range<usize> {
        let start = position * self.stride;
        let steps = |distance: usize| match self.dilation {
            1 => distance,
            dilation => distance.div_ceil(dilation),
        };
        let first = steps(self.before.saturating_sub(start));
        let end = steps((self.input + self.before).saturating_sub(start)).min(self.size);
        first.min(end)..end
    }

    /// The input that a tap sees; the tap must be one of [`Axis::taps`].
    #[inline(always)]
    pub fn source(&self, position: usize, tap: usize) -> usize {
        position * self.stride + tap * self.dilation - self.before
    }
}

/// A window over (depth, height, width). Fewer axes: the first are [`Axis::NONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The axes.
    pub axes: [Axis; 3],
}

/// Some of the channels of an image whose rows hold `of` channels.
#[derive(Debug, Clone, Copy)]
pub struct Channels {
    /// All channels of a row.
    pub of: usize,
    /// The first that is meant.
    pub first: usize,
    /// How many are meant.
    pub count: usize,
}

impl Window {
    /// How many inputs a channel has.
    pub fn inputs(&self) -> usize {
        self.axes.iter().map(|axis| axis.input).product()
    }

    /// How many positions the window takes.
    pub fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.output).product()
    }

    /// How many inputs of a channel a position sees, the ones outside of the axes included.
    pub fn taps(&self) -> usize {
        self.axes.iter().map(|axis| axis.size).product()
    }

    /// True where position `i` sees input `i` and nothing else.
    pub fn is_identity(&self) -> bool {
        self.axes.iter().all(|axis| {
            axis.size == 1 && axis.stride == 1 && axis.before == 0 && axis.input == axis.output
        })
    }

    /// What the positions from `first` on see (im2col): a row of (taps, channels) for each, 0
    /// outside of the image. `rows` says by its length how many.
    pub fn gather(&self, image: &[f32], part: Channels, first: usize, rows: &mut [f32]) {
        let positions = self.range(part, first, rows.len());
        vectorize(move || {
            self.runs(part, positions, |row, source, length| match source {
                Some(source) => copy(&image[source..source + length], &mut rows[row..row + length]),
                None => rows[row..row + length].fill(0.0),
            });
        });
    }

    /// The reverse (col2im): adds each row of (taps, channels) to what its position sees.
    pub fn scatter(&self, rows: &[f32], part: Channels, first: usize, image: &mut [f32]) {
        let positions = self.range(part, first, rows.len());
        vectorize(move || {
            self.runs(part, positions, |row, source, length| {
                if let Some(source) = source {
                    let image = &mut image[source..source + length];
                    image.iter_mut().zip(&rows[row..row + length]).for_each(|(x, row)| *x += row);
                }
            });
        });
    }

    /// For each position and tap the number of the input that it sees, or [`Window::inputs`].
    pub fn sources(&self) -> Vec<u32> {
        let outside = self.inputs() as u32;
        let mut sources = vec![outside; self.positions() * self.taps()];
        self.runs(Channels { of: 1, first: 0, count: 1 }, 0..self.positions(), |at, source, n| {
            if let Some(source) = source {
                for i in 0..n {
                    sources[at + i] = (source + i) as u32;
                }
            }
        });
        sources
    }

    /// Calls `each(position, tap, input)` for every tap that lies within the image.
    #[inline(always)]
    pub fn each_tap(&self, mut each: impl FnMut(usize, usize, usize)) {
        let [d, h, w] = &self.axes;
        let mut position = 0;
        for p0 in 0..d.output {
            for p1 in 0..h.output {
                for p2 in 0..w.output {
                    for a0 in d.taps(p0) {
                        for a1 in h.taps(p1) {
                            let line = d.source(p0, a0) * h.input + h.source(p1, a1);
                            for a2 in w.taps(p2) {
                                let tap = (a0 * h.size + a1) * w.size + a2;
                                each(position, tap, line * w.input + w.source(p2, a2));
                            }
                        }
                    }
                    position += 1;
                }
            }
        }
    }

    fn range(&self, part: Channels, first: usize, numbers: usize) -> Range<usize> {
        first..first + numbers / (self.taps() * part.count)
    }

    /// Calls `each(at, source, length)` for runs of neighbours in the rows of `positions`: where
    /// the run starts in the rows, and in the image (None: it lies outside).
    #[inline(always)]
    fn runs(
        &self,
        part: Channels,
        positions: Range<usize>,
        mut each: impl FnMut(usize, Option<usize>, usize),
    ) {
        let [d, h, w] = &self.axes;
        let count = part.count;
        let line = w.size * count;
        let joined = w.dilation == 1 && count == part.of; // a line of taps is one run
        let (mut at, mut position) = (0, positions.start);
        while position < positions.end {
            // the positions along one line of the last axis
            let (line_of_all, first) = (position / w.output, position % w.output);
            let end = w.output.min(positions.end - line_of_all * w.output);
            let (p0, p1) = (line_of_all / h.output, line_of_all % h.output);
            let (t0, t1) = (d.taps(p0), h.taps(p1));
            for p2 in first..end {
                let t2 = w.taps(p2);
                for a0 in 0..d.size {
                    for a1 in 0..h.size {
                        if !(t0.contains(&a0) && t1.contains(&a1)) || t2.is_empty() {
                            each(at, None, line);
                            at += line;
                            continue;
                        }
                        let image_line = d.source(p0, a0) * h.input + h.source(p1, a1);
                        let source =
                            |a2| (image_line * w.input + w.source(p2, a2)) * part.of + part.first;
                        if t2.start > 0 {
                            each(at, None, t2.start * count);
                        }
                        if joined {
                            each(at + t2.start * count, Some(source(t2.start)), t2.len() * count);
                        } else {
                            for a2 in t2.clone() {
                                each(at + a2 * count, Some(source(a2)), count);
                            }
                        }
                        if t2.end < w.size {
                            each(at + t2.end * count, None, (w.size - t2.end) * count);
                        }
                        at += line;
                    }
                }
            }
            position += end - first;
        }
    }
}

/// Copies a run; the shortest, of images of one channel, without a call.
#[inline(always)]
fn copy(from: &[f32], to: &mut [f32]) {
    match (from, to) {
        ([a], [x]) => *x = *a,
        ([a, b], [x, y]) => (*x, *y) = (*a, *b),
        ([a, b, c], [x, y, z]) => (*x, *y, *z) = (*a, *b, *c),
        ([a, b, c, d, e], [v, w, x, y, z]) => (*v, *w, *x, *y, *z) = (*a, *b, *c, *d, *e),
        (from, to) => to.copy_from_slice(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_are_those_within_the_axis() {
        let plain = Axis { input: 6, output: 4, size: 3, stride: 2, dilation: 1, before: 1 };
        let taps: Vec<_> = (0..4).map(|position| plain.taps(position)).collect();
        assert_eq!(taps, [1..3, 0..3, 0..3, 0..1]);
        let dilated = Axis { input: 4, output: 4, size: 3, stride: 1, dilation: 3, before: 4 };
        let sources: Vec<Vec<usize>> =
            (0..4).map(|o| dilated.taps(o).map(|a| dilated.source(o, a)).collect()).collect();
        assert_eq!(sources, [vec![2], vec![0, 3], vec![1], vec![2]]);
        let beyond = Axis { input: 1, output: 9, size: 2, stride: 3, dilation: 1, before: 0 };
        assert!(beyond.taps(8).is_empty());
    }

    #[test]
    fn scatter_is_the_transposed_of_gather() {
        let axis = Axis { input: 5, output: 4, size: 3, stride: 2, dilation: 2, before: 3 };
        for axes in [[Axis::NONE, axis, axis], [axis, Axis::NONE, axis], [axis; 3]] {
            let window = Window { axes };
            let part = Channels { of: 3, first: 1, count: 2 };
            let image: Vec<f32> = (0..window.inputs() * 3).map(|i| (i % 7) as f32 - 3.0).collect();
            let row = window.taps() * 2;
            let rows: Vec<f32> =
                (0..window.positions() * row).map(|i| (i % 5) as f32 - 2.0).collect();
            let mut seen = vec![9.0; rows.len()];
            window.gather(&image, part, 0, &mut seen[..3 * row]);
            window.gather(&image, part, 3, &mut seen[3 * row..]);
            let mut back = vec![0.0; image.len()];
            window.scatter(&rows, part, 0, &mut back);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            assert_eq!(dot(&seen, &rows), dot(&image, &back));
        }
    }

    #[test]
    fn sources_gather_and_each_tap_agree() {
        let axis = Axis { input: 4, output: 3, size: 2, stride: 2, dilation: 1, before: 1 };
        let window = Window { axes: [Axis::NONE, axis, axis] };
        let image: Vec<f32> = (0..16).map(|i| i as f32 + 1.0).collect();
        let mut rows = vec![0.0; window.positions() * window.taps()];
        window.gather(&image, Channels { of: 1, first: 0, count: 1 }, 0, &mut rows);
        let sources = window.sources();
        let by_source: Vec<f32> =
            sources.iter().map(|&s| image.get(s as usize).copied().unwrap_or(0.0)).collect();
        assert_eq!(rows, by_source);
        let mut by_tap = vec![0.0; rows.len()];
        window.each_tap(|position, tap, source| {
            by_tap[position * window.taps() + tap] = image[source];
        });
        assert_eq!(rows, by_tap);
    }
}
