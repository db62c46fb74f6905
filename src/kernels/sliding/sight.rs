//! The geometry of a sliding window, as places in slices.

use crate::kernels::matmul::SumStart;
use crate::kernels::views::TilePlaces;
use crate::kernels::window::{SlidingWindow, WindowAxis};

/// An image with zeros around it, so that no tap lies outside.
pub(super) struct ZeroBorder {
    before: [usize; 3],
    inner: [usize; 3],
    outer: [usize; 3],
}

impl ZeroBorder {
    /// True where the image is its own padded image.
    pub(super) fn is_none(&self) -> bool {
        self.inner == self.outer
    }

    /// Numbers of a padded image; 0 where nothing is padded.
    pub(super) fn scratch(&self, channels: usize) -> usize {
        if self.is_none() { 0 } else { self.outer.iter().product::<usize>() * channels }
    }

    /// The padded image: in `scratch`, unless it is the image as it stands.
    pub(super) fn pad<'a>(
        &self,
        image: &'a [f32],
        channels: usize,
        scratch: &'a mut [f32],
    ) -> &'a [f32] {
        if self.is_none() {
            return image;
        }
        let padded = &mut scratch[..self.scratch(channels)];
        let [depth, height, width] = self.inner;
        let [before_depth, before_height, before_width] = self.before;
        let (line, whole) = (width * channels, self.outer[2] * channels);
        let start = before_width * channels;
        for (index, to) in padded.chunks_exact_mut(whole).enumerate() {
            let (d, h) = (index / self.outer[1], index % self.outer[1]);
            let inside = (before_depth..before_depth + depth).contains(&d)
                && (before_height..before_height + height).contains(&h);
            if inside {
                let from = ((d - before_depth) * height + h - before_height) * line;
                to[..start].fill(0.0);
                to[start..start + line].copy_from_slice(&image[from..from + line]);
                to[start + line..].fill(0.0);
            } else {
                to.fill(0.0);
            }
        }
        padded
    }
}

/// What a tap sees: how far from where a position's view begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeenByTap {
    /// The number of the tap in the kernel.
    pub tap: usize,
    /// How far what it sees is from where the view begins.
    pub from: usize,
}

/// Some positions, and what all of them see.
pub(super) struct Sight {
    /// Where each position's view begins in the padded image.
    pub bases: Vec<usize>,
    /// Where each position's result stands.
    pub outs: Vec<usize>,
    /// What the taps see.
    pub seen: Vec<SeenByTap>,
}

/// The same along one axis.
struct AxisSight {
    positions: usize,
    /// How far positions are apart in the padded image, and how long that is.
    step: usize,
    extent: usize,
    /// Where results stand: the first, how far they are apart, and how long their axis is.
    first: usize,
    out_step: usize,
    out_extent: usize,
    /// The taps, each with how far it sees from the beginning of the view.
    taps: Vec<(usize, usize)>,
}

impl Sight {
    /// Where the positions are.
    pub(super) fn places(&self) -> TilePlaces<'_> {
        TilePlaces { bases: &self.bases, outs: &self.outs }
    }

    /// Joins three axes; views have `channels` numbers a place, results `width`.
    fn of(axes: &[&AxisSight; 3], sizes: [usize; 3], (channels, width): (usize, usize)) -> Sight {
        let places = |each: &dyn Fn(&AxisSight, usize) -> usize,
                      extent: &dyn Fn(&AxisSight) -> usize| {
            let [d, h, w] = axes;
            let mut places = Vec::with_capacity(d.positions * h.positions * w.positions);
            for i in 0..d.positions {
                for j in 0..h.positions {
                    let line = (each(d, i) * extent(h) + each(h, j)) * extent(w);
                    places.extend((0..w.positions).map(|k| line + each(w, k)));
                }
            }
            places
        };
        let bases = places(&|axis, i| i * axis.step, &|axis| axis.extent);
        let outs = places(&|axis, i| axis.first + i * axis.out_step, &|axis| axis.out_extent);
        let mut seen = Vec::new();
        let [d, h, w] = axes;
        for (a0, from0) in &d.taps {
            for (a1, from1) in &h.taps {
                for (a2, from2) in &w.taps {
                    let tap = (a0 * sizes[1] + a1) * sizes[2] + a2;
                    let from = (from0 * h.extent + from1) * w.extent + from2;
                    seen.push(SeenByTap { tap, from: from * channels });
                }
            }
        }
        Sight {
            bases: bases.into_iter().map(|base| base * channels).collect(),
            outs: outs.into_iter().map(|out| out * width).collect(),
            seen,
        }
    }
}

/// What each position of a window sees of an image of `channels`; results have `width` numbers.
pub(super) fn forward(
    window: &SlidingWindow,
    channels: usize,
    width: usize,
) -> (ZeroBorder, Sight) {
    let axis = |axis: &WindowAxis| {
        let needed =
            axis.output.saturating_sub(1) * axis.stride + (axis.size - 1) * axis.dilation + 1;
        AxisSight {
            positions: axis.output,
            step: axis.stride,
            extent: needed.max(axis.before + axis.input),
            first: 0,
            out_step: 1,
            out_extent: axis.output,
            taps: (0..axis.size).map(|tap| (tap, tap * axis.dilation)).collect(),
        }
    };
    let axes = window.axes.each_ref().map(axis);
    let padding = ZeroBorder {
        before: window.axes.map(|axis| axis.before),
        inner: window.axes.map(|axis| axis.input),
        outer: axes.each_ref().map(|axis| axis.extent),
    };
    let sizes = window.axes.map(|axis| axis.size);
    (padding, Sight::of(&axes.each_ref(), sizes, (channels, width)))
}

/// The reverse: what each input of `channels` gets from the window's positions, of which the image
/// has `width` numbers each. Inputs that are `stride` apart see alike: each such phase is a sight.
pub(super) fn backward(
    window: &SlidingWindow,
    channels: usize,
    width: usize,
) -> (ZeroBorder, Vec<Sight>) {
    let axes = window.axes.each_ref().map(phases);
    let padding = ZeroBorder {
        before: axes.each_ref().map(|(before, _)| *before),
        inner: window.axes.map(|axis| axis.output),
        outer: axes.each_ref().map(|(_, phases)| phases.first().map_or(0, |phase| phase.extent)),
    };
    let sizes = window.axes.map(|axis| axis.size);
    let [d, h, w] = &axes;
    let mut sights = Vec::new();
    for d in &d.1 {
        for h in &h.1 {
            for w in &w.1 {
                let sight = Sight::of(&[d, h, w], sizes, (width, channels));
                if !sight.seen.is_empty() {
                    sights.push(sight);
                }
            }
        }
    }
    (padding, sights)
}

/// Which inputs the positions of a window see.
pub(super) enum InputsSeen {
    All,
    Some,
}

impl InputsSeen {
    /// Of a window whose reverse has these sights.
    pub(super) fn of(window: &SlidingWindow, backward: &[Sight]) -> InputsSeen {
        let seen: usize = backward.iter().map(|sight| sight.outs.len()).sum();
        if seen == window.inputs() { InputsSeen::All } else { InputsSeen::Some }
    }

    /// What the sums of the inputs that are seen begin with. The others, which have no sums, become
    /// that at once.
    pub(super) fn start<'a>(
        &self,
        image: &mut [f32],
        channels: usize,
        start: SumStart<'a>,
    ) -> SumStart<'a> {
        match (self, start) {
            (InputsSeen::All, _) | (_, SumStart::Held) => return start,
            (_, SumStart::Zero) => image.fill(0.0),
            (_, SumStart::Row(row)) => {
                image.chunks_exact_mut(channels).for_each(|image| image.copy_from_slice(row));
            }
        }
        SumStart::Held
    }
}

/// The phases of one axis, and how many zeros stand before the positions.
fn phases(axis: &WindowAxis) -> (usize, Vec<AxisSight>) {
    // the position whose tap sees input 0 of a phase; taps backwards, so that positions rise
    let first = |phase: usize, tap: usize| {
        let distance = (phase + axis.before) as isize - (tap * axis.dilation) as isize;
        let stride = axis.stride as isize;
        (distance.rem_euclid(stride) == 0).then(|| distance.div_euclid(stride))
    };
    let seen =
        |phase: usize| (0..axis.size).rev().filter_map(move |tap| Some((tap, first(phase, tap)?)));
    let all = 0..axis.stride.min(axis.input);
    let lowest = all.clone().flat_map(seen).map(|(_, first)| first).min().unwrap_or(0);
    let before = lowest.min(0).unsigned_abs();
    let count = |phase: usize| (axis.input - phase).div_ceil(axis.stride);
    let reach =
        |phase: usize| seen(phase).map(move |(_, first)| first + count(phase) as isize).max();
    let farthest = all.clone().filter_map(reach).max().unwrap_or(0).max(axis.output as isize);
    let extent = before + farthest.unsigned_abs();
    let phase = |phase: usize| AxisSight {
        positions: count(phase),
        step: 1,
        extent,
        first: phase,
        out_step: axis.stride,
        out_extent: axis.input,
        taps: seen(phase)
            .map(|(tap, first)| (tap, (first + before as isize).unsigned_abs()))
            .collect(),
    };
    (before, all.map(phase).collect())
}
