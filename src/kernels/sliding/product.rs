//! A convolution's three products, of one image.

use pulp::Arch;

use super::sight::{self, Sight, ZeroBorder};
use crate::kernels::matmul::WriteMode;
use crate::kernels::tiles::{Multiply, Neighbours, Outer, Pack, packed_length};
use crate::kernels::window::SlidingWindow;

/// Rows of the kernel that are worked on together: with 64 filters, a part of a level-2 cache.
const ROWS: usize = 512;

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
}

/// Positions, and what they see of one group's channels as runs.
struct SightInRuns {
    sight: Sight,
    runs: Vec<Neighbours>,
    blocks: Vec<std::ops::Range<usize>>,
    rows: usize,
}

impl SightInRuns {
    /// `count` of the `channels` of each place are seen.
    fn new(sight: Sight, channels: usize, count: usize) -> SightInRuns {
        let mut runs: Vec<Neighbours> = Vec::new();
        for (index, seen) in sight.seen.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if count == channels && run.from + run.length == seen.from => {
                    run.length += count;
                }
                _ => runs.push(Neighbours { from: seen.from, row: index * count, length: count }),
            }
        }
        let cut = |run: Neighbours| {
            (0..run.length).step_by(ROWS).map(move |start| Neighbours {
                from: run.from + start,
                row: run.row + start,
                length: ROWS.min(run.length - start),
            })
        };
        let runs: Vec<Neighbours> = runs.into_iter().flat_map(cut).collect();
        let (mut blocks, mut start, mut rows) = (Vec::new(), 0, 0);
        for (index, run) in runs.iter().enumerate() {
            if rows > 0 && rows + run.length > ROWS {
                blocks.push(start..index);
                (start, rows) = (index, 0);
            }
            rows += run.length;
        }
        blocks.push(start..runs.len());
        let rows = sight.seen.len() * count;
        SightInRuns { sight, runs, blocks, rows }
    }
}

impl SlidingProduct {
    /// The products of a window over images of `channels`.
    pub fn new(window: &SlidingWindow, channels: usize, filters: usize, groups: usize) -> Self {
        let (padding, forward) = sight::forward(window, channels, filters);
        let (back_padding, backward) = sight::backward(window, channels, filters);
        let (count, width) = (channels / groups, filters / groups);
        SlidingProduct {
            channels,
            filters,
            groups,
            padding,
            forward: SightInRuns::new(forward, channels, count),
            back_padding,
            backward: backward
                .into_iter()
                .map(|sight| SightInRuns::new(sight, filters, width))
                .collect(),
        }
    }

    /// Numbers of scratch that any of the products needs.
    pub fn scratch(&self) -> usize {
        self.padding.scratch(self.channels).max(self.back_padding.scratch(self.filters))
    }

    /// How long the packed kernel is, for [`SlidingProduct::add_product`].
    pub fn packed(&self) -> usize {
        self.groups * packed_length(self.forward.rows, self.filters / self.groups)
    }

    /// Packs the kernel for [`SlidingProduct::add_product`].
    pub fn pack(&self, kernel: &[f32], packed: &mut [f32]) {
        let (filters, width) = (self.filters, self.filters / self.groups);
        let rows = self.forward.rows;
        for (group, packed) in packed.chunks_exact_mut(packed_length(rows, width)).enumerate() {
            let start = |row: usize| row * filters + group * width;
            Arch::new().dispatch(Pack { kernel, rows, width, step: 1, tall: false, start, packed });
        }
    }

    /// `y += image ∗ kernel`
    pub fn add_product(&self, image: &[f32], packed: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        let (count, width) = (self.channels / self.groups, self.filters / self.groups);
        let image = self.padding.pad(image, self.channels, scratch);
        let SightInRuns { sight, runs, blocks, rows } = &self.forward;
        for (group, packed) in packed.chunks_exact(packed_length(*rows, width)).enumerate() {
            Arch::new().dispatch(Multiply {
                x: &image[group * count..],
                bases: &sight.bases,
                runs,
                blocks,
                packed,
                rows: *rows,
                width,
                tall: false,
                mode: WriteMode::Add,
                y: &mut y[group * width..],
                outs: &sight.outs,
            });
        }
    }

    /// How long the packed kernel is, for [`SlidingProduct::add_transposed`].
    pub fn packed_transposed(&self) -> usize {
        let rows = self.backward.iter().map(|view| view.rows);
        rows.map(|rows| packed_length(rows, self.channels / self.groups)).sum::<usize>()
            * self.groups
    }

    /// Packs the kernel for [`SlidingProduct::add_transposed`].
    pub fn pack_transposed(&self, kernel: &[f32], mut packed: &mut [f32]) {
        let (filters, width) = (self.filters, self.filters / self.groups);
        let count = self.channels / self.groups;
        for view in &self.backward {
            for group in 0..self.groups {
                let length = packed_length(view.rows, count);
                let (to, rest) = std::mem::take(&mut packed).split_at_mut(length);
                packed = rest;
                let start = |row: usize| {
                    let (tap, filter) = (view.sight.seen[row / width].tap, row % width);
                    tap * count * filters + group * width + filter
                };
                let rows = view.rows;
                let pack = Pack {
                    kernel,
                    rows,
                    width: count,
                    step: filters,
                    tall: false,
                    start,
                    packed: to,
                };
                Arch::new().dispatch(pack);
            }
        }
    }

    /// `image += y ∗ kernelᵀ`: for each input the sum over the positions that see it.
    pub fn add_transposed(
        &self,
        y: &[f32],
        mut packed: &[f32],
        image: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (count, width) = (self.channels / self.groups, self.filters / self.groups);
        let y = self.back_padding.pad(y, self.filters, scratch);
        for SightInRuns { sight, runs, blocks, rows } in &self.backward {
            for group in 0..self.groups {
                let (part, rest) = packed.split_at(packed_length(*rows, count));
                packed = rest;
                Arch::new().dispatch(Multiply {
                    x: &y[group * width..],
                    bases: &sight.bases,
                    runs,
                    blocks,
                    packed: part,
                    rows: *rows,
                    width: count,
                    tall: false,
                    mode: WriteMode::Add,
                    y: &mut image[group * count..],
                    outs: &sight.outs,
                });
            }
        }
    }

    /// `kernel += imageᵀ ∗ y`: for each tap, channel and filter the sum over all positions.
    pub fn add_gradient(&self, image: &[f32], y: &[f32], kernel: &mut [f32], scratch: &mut [f32]) {
        let (count, width) = (self.channels / self.groups, self.filters / self.groups);
        let image = self.padding.pad(image, self.channels, scratch);
        let SightInRuns { sight, runs, .. } = &self.forward;
        for group in 0..self.groups {
            Arch::new().dispatch(Outer {
                x: &image[group * count..],
                bases: &sight.bases,
                runs,
                d: &y[group * width..],
                outs: &sight.outs,
                width,
                kernel: &mut kernel[group * width..],
                stride: self.filters,
            });
        }
    }
}
