//! Windows that slide over one to three axes: which inputs each position sees. Convolutions, and
//! with the roles of input and output exchanged, transposed convolutions.

use std::ops::Range;

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

    /// For each position and tap the number of the input that it sees, or
    /// [`SlidingWindow::inputs`].
    pub fn sources(&self) -> Vec<u32> {
        let outside = self.inputs() as u32;
        let mut sources = vec![outside; self.positions() * self.taps()];
        let [d, h, w] = &self.axes;
        let mut rows = sources.chunks_exact_mut(self.taps().max(1));
        for (p0, p1) in (0..d.output).flat_map(|p0| (0..h.output).map(move |p1| (p0, p1))) {
            for (p2, row) in (0..w.output).zip(&mut rows) {
                for (a0, a1) in d.taps(p0).flat_map(|a0| h.taps(p1).map(move |a1| (a0, a1))) {
                    let line = (d.source(p0, a0) * h.input + h.source(p1, a1)) * w.input;
                    for a2 in w.taps(p2) {
                        let tap = (a0 * h.size + a1) * w.size + a2;
                        row[tap] = (line + w.source(p2, a2)) as u32;
                    }
                }
            }
        }
        sources
    }
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
}
