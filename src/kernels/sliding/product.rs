//! A convolution's three products, of one image.

use super::sight::{self, InputsSeen, Sight, ZeroBorder};
use crate::kernels::matmul::SumStart;
use crate::kernels::panels::{Panels, Runs};
use crate::kernels::views::Neighbours;
use crate::kernels::window::SlidingWindow;

/// The products of a convolution with a kernel of (taps…, channels / groups, filters), image by
/// image. Kernels are packed once for all images of a step.
pub struct SlidingProduct {
    channels: usize,
    filters: usize,
    groups: usize,
    padding: ZeroBorder,
    forward: SightInRuns,
    back_padding: ZeroBorder,
    /// One for each phase.
    backward: Vec<SightInRuns>,
    /// Whether the phases are all inputs.
    seen: InputsSeen,
}

/// Positions, what they see of one group's channels as runs, and how the kernel that meets it is
/// packed: a panel for each group.
struct SightInRuns {
    sight: Sight,
    runs: Runs,
    panels: Panels,
    /// Channels of a group.
    count: usize,
}

impl SightInRuns {
    /// Of an image of `channels`, for results of `width` numbers, both in so many groups.
    fn new(sight: Sight, channels: usize, width: usize, groups: usize) -> SightInRuns {
        let count = channels / groups;
        let mut runs: Vec<Neighbours> = Vec::new();
        for (index, seen) in sight.seen.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if groups == 1 && run.from + run.length == seen.from => {
                    run.length += count;
                }
                _ => runs.push(Neighbours { from: seen.from, row: index * count, length: count }),
            }
        }
        let runs = Runs::in_blocks(&runs);
        let panels = Panels::new(sight.seen.len() * count, width).of_width(width / groups);
        SightInRuns { sight, panels: panels.maybe_narrow(&runs), runs, count }
    }

    /// `y = start + image · kernel`
    fn multiply(&self, image: &[f32], packed: &[f32], y: (&mut [f32], SumStart<'_>)) {
        let x = (image, self.count);
        self.panels.multiply(packed, x, &self.runs, self.sight.places(), y);
    }

    /// `kernel += imageᵀ · d`
    fn add_gradient(&self, image: &[f32], d: &[f32], kernel: &mut [f32]) {
        let x = (image, self.count);
        self.panels.add_outer(x, d, &self.runs, self.sight.places(), kernel);
    }
}

impl SlidingProduct {
    /// The products of a window over images of `channels`.
    pub fn new(window: &SlidingWindow, channels: usize, filters: usize, groups: usize) -> Self {
        let (padding, forward) = sight::forward(window, channels, filters);
        let (back_padding, backward) = sight::backward(window, channels, filters);
        let seen = InputsSeen::of(window, &backward);
        SlidingProduct {
            channels,
            filters,
            groups,
            padding,
            forward: SightInRuns::new(forward, channels, filters, groups),
            back_padding,
            backward: backward
                .into_iter()
                .map(|sight| SightInRuns::new(sight, filters, channels, groups))
                .collect(),
            seen,
        }
    }

    /// Numbers of scratch that any of the products needs.
    pub fn scratch(&self) -> usize {
        self.padding.scratch(self.channels).max(self.back_padding.scratch(self.filters))
    }

    /// How long the packed kernel is, for [`SlidingProduct::product`].
    pub fn packed(&self) -> usize {
        self.forward.panels.length()
    }

    /// Packs the kernel for [`SlidingProduct::product`].
    pub fn pack(&self, kernel: &[f32], packed: &mut [f32]) {
        let (filters, width) = (self.filters, self.filters / self.groups);
        let start = |group: usize, row: usize| row * filters + group * width;
        self.forward.panels.pack(kernel, 1, start, packed);
    }

    /// `y = start + image ∗ kernel`.
    pub fn product(
        &self,
        image: &[f32],
        packed: &[f32],
        y: (&mut [f32], SumStart<'_>),
        scratch: &mut [f32],
    ) {
        self.forward.multiply(self.padding.pad(image, self.channels, scratch), packed, y);
    }

    /// How long the packed kernel is, for [`SlidingProduct::transposed_product`].
    pub fn packed_transposed(&self) -> usize {
        self.backward.iter().map(|view| view.panels.length()).sum()
    }

    /// Packs the kernel for [`SlidingProduct::transposed_product`].
    pub fn pack_transposed(&self, kernel: &[f32], mut packed: &mut [f32]) {
        let (filters, width) = (self.filters, self.filters / self.groups);
        let count = self.channels / self.groups;
        for view in &self.backward {
            let (to, rest) = std::mem::take(&mut packed).split_at_mut(view.panels.length());
            packed = rest;
            let start = |group: usize, row: usize| {
                let (tap, filter) = (view.sight.seen[row / width].tap, row % width);
                tap * count * filters + group * width + filter
            };
            view.panels.pack(kernel, filters, start, to);
        }
    }

    /// `image = start + y ∗ kernelᵀ`: for each input the sum over the positions that see it.
    pub fn transposed_product(
        &self,
        y: &[f32],
        mut packed: &[f32],
        (image, start): (&mut [f32], SumStart<'_>),
        scratch: &mut [f32],
    ) {
        let start = self.seen.start(image, self.channels, start);
        let y = self.back_padding.pad(y, self.filters, scratch);
        for view in &self.backward {
            let (part, rest) = packed.split_at(view.panels.length());
            packed = rest;
            view.multiply(y, part, (&mut *image, start));
        }
    }

    /// `kernel += imageᵀ ∗ y`: for each tap, channel and filter the sum over all positions.
    pub fn add_gradient(&self, image: &[f32], y: &[f32], kernel: &mut [f32], scratch: &mut [f32]) {
        let image = self.padding.pad(image, self.channels, scratch);
        self.forward.add_gradient(image, y, kernel);
    }
}
