//! What the outputs of a pooling see: a range along each axis. Ranges are lists, so that sliding,
//! global and adaptive pooling are one.

use std::ops::Range;

use super::simd::vectorize;

/// The ranges over (depth, height, width), the same for every channel; fewer axes: the first have
/// length 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolWindows {
    /// How long the axes are.
    pub input: [usize; 3],
    /// For each axis, the range that each output sees; none is empty.
    pub ranges: [Vec<Range<usize>>; 3],
    /// How many channels.
    pub channels: usize,
}

impl PoolWindows {
    /// How many outputs a channel has.
    pub fn positions(&self) -> usize {
        self.ranges.iter().map(Vec::len).product()
    }

    /// For each position the inputs of a channel that it sees.
    pub fn each_position(&self, mut each: impl FnMut(usize, &mut dyn Iterator<Item = usize>)) {
        self.each(|position, ranges| each(position, &mut self.inputs(ranges)));
    }

    /// Calls `each(position, ranges)` for all outputs.
    #[inline(always)]
    fn each(&self, mut each: impl FnMut(usize, [&Range<usize>; 3])) {
        let mut position = 0;
        for d in &self.ranges[0] {
            for h in &self.ranges[1] {
                for w in &self.ranges[2] {
                    each(position, [d, h, w]);
                    position += 1;
                }
            }
        }
    }

    /// The inputs of a channel within ranges, in order.
    #[inline(always)]
    fn inputs(&self, [d, h, w]: [&Range<usize>; 3]) -> impl Iterator<Item = usize> {
        let (h, w, [_, rows, columns]) = (h.clone(), w.clone(), self.input);
        d.clone().flat_map(move |d| {
            let w = w.clone();
            h.clone().flat_map(move |h| {
                let line = (d * rows + h) * columns;
                w.clone().map(move |w| line + w)
            })
        })
    }

    /// How many inputs of a channel the output that sees most of them sees.
    fn taps(&self) -> usize {
        let most = |axis: &Vec<Range<usize>>| axis.iter().map(Range::len).max().unwrap_or(0);
        self.ranges.iter().map(most).product()
    }

    /// Whether a byte holds which of what an output sees is the largest.
    pub(super) fn fits_bytes(&self) -> bool {
        self.taps() <= 1 << 8
    }

    /// Whether no input is seen by several outputs.
    pub(super) fn sees_once(&self) -> bool {
        let is_apart = |pair: &[Range<usize>]| pair[0].end <= pair[1].start;
        self.ranges.iter().all(|axis| axis.windows(2).all(is_apart))
    }

    /// Whether every input is seen, and by one output.
    pub(super) fn see_each_once(&self) -> bool {
        let ends = |axis: &Vec<Range<usize>>| {
            axis.iter().try_fold(0, |end, range| (range.start == end).then_some(range.end))
        };
        self.ranges.iter().map(ends).eq(self.input.map(Some))
    }

    /// Panics unless images of so many numbers have all inputs, and results of so many all outputs:
    /// what is unsafe in the loops rests on it.
    pub(super) fn check(&self, image: usize, result: usize) {
        let ends = self.ranges.iter().map(|axis| axis.iter().map(|range| range.end).max());
        let is_within =
            ends.zip(self.input).all(|(end, length)| end.is_none_or(|end| end <= length));
        let (inputs, outputs) = (self.input.iter().product::<usize>(), self.positions());
        let is_held = inputs * self.channels <= image && outputs * self.channels <= result;
        assert!(is_within && is_held, "a window outside");
    }

    /// Calls `each(position, places)` for all outputs: where the first channel of each input stands
    /// that it sees.
    #[inline(always)]
    pub(super) fn each_seen(&self, mut each: impl FnMut(usize, &[usize])) {
        let (channels, [_, rows, columns]) = (self.channels, self.input);
        let mut seen = vec![0; self.taps()];
        self.each(
            #[inline(always)]
            |position, [d, h, w]| {
                let mut count = 0;
                for d in d.clone() {
                    for h in h.clone() {
                        let line = (d * rows + h) * columns;
                        let places = (line + w.start..line + w.end).map(|input| input * channels);
                        seen[count..].iter_mut().zip(places).for_each(|(to, place)| *to = place);
                        count += w.len();
                    }
                }
                each(position, &seen[..count]);
            },
        );
    }

    /// The means.
    pub(super) fn mean_of(&self, x: &[f32], y: &mut [f32]) {
        let channels = self.channels;
        y.fill(0.0);
        vectorize(move || {
            self.each(
                #[inline(always)]
                |position, ranges| {
                    let y = &mut y[position * channels..][..channels];
                    for input in self.inputs(ranges) {
                        let x = &x[input * channels..][..channels];
                        y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
                    }
                    let share = 1.0 / count(ranges);
                    y.iter_mut().for_each(|y| *y *= share);
                },
            );
        });
    }

    /// Adds the parts of the gradients of means to those of the inputs.
    pub(super) fn add_gradient_of_mean(&self, dy: &[f32], dx: &mut [f32]) {
        let channels = self.channels;
        vectorize(move || {
            self.each(
                #[inline(always)]
                |position, ranges| {
                    let dy = &dy[position * channels..][..channels];
                    let share = 1.0 / count(ranges);
                    for input in self.inputs(ranges) {
                        let dx = &mut dx[input * channels..][..channels];
                        dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy * share);
                    }
                },
            );
        });
    }
}

/// How many inputs of a channel ranges hold.
fn count(ranges: [&Range<usize>; 3]) -> f32 {
    ranges.iter().map(|range| range.len()).product::<usize>() as f32
}
