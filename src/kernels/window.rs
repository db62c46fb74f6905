//! Windows that slide over one to three axes: which inputs each position sees. Convolutions, and
//! with the roles of input and output exchanged, transposed convolutions.

use std::ops::Range;

use super::simd::vectorize;

/// A window along one axis: position `o` sees, with tap `a`, the input
/// `o · stride + a · dilation − before`, where that lies within the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowAxis {
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

impl WindowAxis {
    /// An axis of length 1 and a window of one tap: what stands for an axis that isn't there.
    pub const NONE: WindowAxis =
        WindowAxis { input: 1, output: 1, size: 1, stride: 1, dilation: 1, before: 0 };

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

    /// The positions at which all of these taps lie within the axis, one at least; may be empty.
    #[inline(always)]
    fn seeing(&self, taps: Range<usize>) -> Range<usize> {
        let first = self.before.saturating_sub(taps.start * self.dilation).div_ceil(self.stride);
        let reach = (self.input + self.before).saturating_sub((taps.end - 1) * self.dilation);
        let end = reach.div_ceil(self.stride).min(self.output);
        first.min(end)..end
    }

    /// Calls `each(position, tap, input, taps, positions)` for what lies within the axis, by
    /// itself or together, where all taps do.
    #[inline(always)]
    fn runs(
        &self,
        taps: Range<usize>,
        positions: Range<usize>,
        mut each: impl FnMut(usize, usize, Option<usize>, usize, usize),
    ) {
        let Range { start: first, end } = positions;
        let inside = self.seeing(taps.clone());
        let inside = inside.start.clamp(first, end)..inside.end.clamp(first, end);
        for position in (first..inside.start).chain(inside.end..end) {
            each(position, taps.start, None, taps.len(), 1);
            let seen = self.taps(position);
            let (tap, end) = (seen.start.max(taps.start), seen.end.min(taps.end));
            if tap < end {
                each(position, tap, Some(self.source(position, tap)), end - tap, 1);
            }
        }
        if !inside.is_empty() {
            let source = self.source(inside.start, taps.start);
            each(inside.start, taps.start, Some(source), taps.len(), inside.len());
        }
    }

    /// The input that a tap sees; the tap must be one of [`WindowAxis::taps`].
    #[inline(always)]
    pub fn source(&self, position: usize, tap: usize) -> usize {
        position * self.stride + tap * self.dilation - self.before
    }
}

/// A window over (depth, height, width). Fewer axes: the first are [`WindowAxis::NONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlidingWindow {
    /// The axes.
    pub axes: [WindowAxis; 3],
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

impl SlidingWindow {
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
    /// outside of the image. The length of `rows` says how many.
    pub fn gather(&self, image: &[f32], part: Channels, first: usize, rows: &mut [f32]) {
        let (positions, far) = (self.range(part, first, rows.len()), self.far(part));
        vectorize(move || {
            self.runs(part, positions, |at, source, length, count| {
                let rows = &mut rows[at..];
                match (source, length) {
                    (Some(source), 1) => copy::<1>(&image[source..], rows, far, count),
                    (Some(source), 2) => copy::<2>(&image[source..], rows, far, count),
                    (Some(source), 3) => copy::<3>(&image[source..], rows, far, count),
                    (Some(source), 5) => copy::<5>(&image[source..], rows, far, count),
                    (Some(source), 9) => copy::<9>(&image[source..], rows, far, count),
                    (Some(source), _) => far.each(count, |at, from| {
                        rows[at..at + length].copy_from_slice(&image[source + from..][..length]);
                    }),
                    (None, _) => far.each(count, |at, _| rows[at..at + length].fill(0.0)),
                }
            });
        });
    }

    /// The reverse (col2im): adds each row of (taps, channels) to what its position sees.
    pub fn scatter(&self, rows: &[f32], part: Channels, first: usize, image: &mut [f32]) {
        let (positions, far) = (self.range(part, first, rows.len()), self.far(part));
        vectorize(move || {
            self.runs(part, positions, |at, source, length, count| {
                let Some(source) = source else { return };
                far.each(count, |step, from| {
                    let image = &mut image[source + from..][..length];
                    let row = &rows[at + step..][..length];
                    image.iter_mut().zip(row).for_each(|(x, row)| *x += row);
                });
            });
        });
    }

    /// For each position and tap the number of the input that it sees, or
    /// [`SlidingWindow::inputs`].
    pub fn sources(&self) -> Vec<u32> {
        let outside = self.inputs() as u32;
        let mut sources = vec![outside; self.positions() * self.taps()];
        let part = Channels { of: 1, first: 0, count: 1 };
        self.runs(part, 0..self.positions(), |at, source, length, count| {
            let Some(source) = source else { return };
            self.far(part).each(count, |step, from| {
                for i in 0..length {
                    sources[at + step + i] = (source + from + i) as u32;
                }
            });
        });
        sources
    }

    /// Calls `each(tap, position, input, count)` for what every tap sees within the image: inputs a
    /// stride of the last axis apart, at `count` positions one after the other.
    #[inline(always)]
    pub fn each_run(&self, mut each: impl FnMut(usize, usize, usize, usize)) {
        let [d, h, w] = &self.axes;
        for (p0, p1) in (0..d.output).flat_map(|p0| (0..h.output).map(move |p1| (p0, p1))) {
            for (a0, a1) in d.taps(p0).flat_map(|a0| h.taps(p1).map(move |a1| (a0, a1))) {
                let line = (d.source(p0, a0) * h.input + h.source(p1, a1)) * w.input;
                for a2 in 0..w.size {
                    let seen = w.seeing(a2..a2 + 1);
                    if !seen.is_empty() {
                        let tap = (a0 * h.size + a1) * w.size + a2;
                        let position = (p0 * h.output + p1) * w.output + seen.start;
                        each(tap, position, line + w.source(seen.start, a2), seen.len());
                    }
                }
            }
        }
    }

    fn range(&self, part: Channels, first: usize, numbers: usize) -> Range<usize> {
        first..first + numbers / (self.taps() * part.count)
    }

    fn far(&self, part: Channels) -> Far {
        Far { row: self.taps() * part.count, source: self.axes[2].stride * part.of }
    }

    /// Calls `each(at, source, length, count)` for runs of neighbours in the rows of `positions`,
    /// one in each of `count` positions one after the other: where the first run starts in the
    /// rows, and in the image. Where a part of a run lies outside, `each` is called for the whole
    /// run with None first.
    #[inline(always)]
    fn runs(
        &self,
        part: Channels,
        positions: Range<usize>,
        mut each: impl FnMut(usize, Option<usize>, usize, usize),
    ) {
        let [d, h, w] = &self.axes;
        let (row, line) = (self.far(part).row, w.size * part.count);
        // a line of taps is one run, or each tap is
        let width = if w.dilation == 1 && part.count == part.of { w.size } else { 1 };
        let (mut at, mut position) = (0, positions.start);
        while position < positions.end {
            // the positions along one line of the last axis
            let (line_of_all, first) = (position / w.output, position % w.output);
            let end = w.output.min(positions.end - line_of_all * w.output);
            let (p0, p1) = (line_of_all / h.output, line_of_all % h.output);
            let (t0, t1) = (d.taps(p0), h.taps(p1));
            for (a0, a1) in (0..d.size).flat_map(|a0| (0..h.size).map(move |a1| (a0, a1))) {
                let at = at + (a0 * h.size + a1) * line;
                if !(t0.contains(&a0) && t1.contains(&a1)) {
                    each(at, None, line, end - first);
                    continue;
                }
                let image_line = (d.source(p0, a0) * h.input + h.source(p1, a1)) * w.input;
                for a2 in (0..w.size).step_by(width) {
                    w.runs(a2..a2 + width, first..end, |position, tap, source, taps, count| {
                        let at = at + (position - first) * row + tap * part.count;
                        let source = source.map(|i| (image_line + i) * part.of + part.first);
                        each(at, source, taps * part.count, count);
                    });
                }
            }
            at += (end - first) * row;
            position += end - first;
        }
    }
}

/// How far the runs of neighbouring positions are from each other.
#[derive(Clone, Copy)]
struct Far {
    row: usize,
    source: usize,
}

impl Far {
    /// Calls `each(in the rows, in the image)`.
    #[inline(always)]
    fn each(self, count: usize, mut each: impl FnMut(usize, usize)) {
        (0..count).for_each(|i| each(i * self.row, i * self.source));
    }
}

/// Copies runs of `N` numbers, without a call for each.
#[inline(always)]
fn copy<const N: usize>(image: &[f32], rows: &mut [f32], far: Far, count: usize) {
    far.each(count, |at, from| {
        if let (Some(to), Some(from)) =
            (rows[at..].first_chunk_mut::<N>(), image[from..].first_chunk::<N>())
        {
            *to = *from;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_are_those_within_the_axis() {
        let plain = WindowAxis { input: 6, output: 4, size: 3, stride: 2, dilation: 1, before: 1 };
        let taps: Vec<_> = (0..4).map(|position| plain.taps(position)).collect();
        assert_eq!(taps, [1..3, 0..3, 0..3, 0..1]);
        let dilated =
            WindowAxis { input: 4, output: 4, size: 3, stride: 1, dilation: 3, before: 4 };
        let sources: Vec<Vec<usize>> =
            (0..4).map(|o| dilated.taps(o).map(|a| dilated.source(o, a)).collect()).collect();
        assert_eq!(sources, [vec![2], vec![0, 3], vec![1], vec![2]]);
        let beyond = WindowAxis { input: 1, output: 9, size: 2, stride: 3, dilation: 1, before: 0 };
        assert!(beyond.taps(8).is_empty());
    }

    #[test]
    fn scatter_is_the_transposed_of_gather() {
        let axis = WindowAxis { input: 5, output: 4, size: 3, stride: 2, dilation: 2, before: 3 };
        for axes in [[WindowAxis::NONE, axis, axis], [axis, WindowAxis::NONE, axis], [axis; 3]] {
            let window = SlidingWindow { axes };
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
    fn sources_gather_and_each_run_agree() {
        let plain = WindowAxis { input: 4, output: 3, size: 2, stride: 2, dilation: 1, before: 1 };
        let same = WindowAxis { input: 9, output: 9, size: 3, stride: 1, dilation: 1, before: 1 };
        let wide = WindowAxis { input: 3, output: 5, size: 5, stride: 1, dilation: 1, before: 3 };
        let far = WindowAxis { input: 7, output: 4, size: 3, stride: 2, dilation: 2, before: 2 };
        for axis in [plain, same, wide, far] {
            let window = SlidingWindow { axes: [WindowAxis::NONE, axis, axis] };
            let of = 3;
            let image: Vec<f32> = (0..window.inputs() * of).map(|i| i as f32 + 1.0).collect();
            for (first, count) in [(0, 3), (2, 1)] {
                let part = Channels { of, first, count };
                let row = window.taps() * count;
                let mut rows = vec![-1.0; window.positions() * row];
                let (one, rest) = rows.split_at_mut(2 * row); // cut within a line
                window.gather(&image, part, 0, one);
                window.gather(&image, part, 2, rest);
                let seen = |source: usize, channel| {
                    image.get(source * of + first + channel).copied().unwrap_or(0.0)
                };
                let sources = window.sources();
                let sources = sources.iter().flat_map(|source| (0..count).map(|c| (*source, c)));
                let by_source: Vec<f32> = sources.map(|(s, c)| seen(s as usize, c)).collect();
                assert_eq!(rows, by_source, "{axis:?}, {part:?}");
                let mut by_tap = vec![0.0; rows.len()];
                window.each_run(|tap, position, source, n| {
                    for (i, channel) in (0..n).flat_map(|i| (0..count).map(move |c| (i, c))) {
                        let at = (position + i) * row + tap * count + channel;
                        by_tap[at] = seen(source + i * axis.stride, channel);
                    }
                });
                assert_eq!(rows, by_tap, "{axis:?}, {part:?}");
            }
        }
    }
}
