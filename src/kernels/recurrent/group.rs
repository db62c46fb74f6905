//! One group of samples through all its time steps, and back.

use super::cell::{Cell, RecurrentKernel};
use super::layout::{AHEAD, RecurrentLayout};
use super::products::{PackedProducts, StepPart, StepProducts};
use super::step::{CellStep, Skips};
use super::{gru, lstm, simple_rnn};
use crate::kernels::kernel::Pass;
use crate::kernels::matmul::WriteMode;
use crate::kernels::views::TilePlaces;

/// What all groups of a pass share.
pub(super) struct RecurrentPass<'a> {
    pub kernel: &'a RecurrentKernel,
    pub layout: &'a RecurrentLayout,
    pub pass: &'a Pass<'a>,
    /// The input of the whole batch.
    pub x: &'a [f32],
    /// What multiplies each sample's input; empty where nothing is dropped.
    pub dropped: &'a [f32],
    /// The matrix of the weights.
    pub matrix: &'a [f32],
    /// The products of a step.
    pub products: &'a StepProducts,
    /// The weights as those read them.
    pub packed: &'a [f32],
}

/// The buffers of one group; see `RecurrentLayout::sections`.
pub(super) struct SampleGroup<'a> {
    run: &'a RecurrentPass<'a>,
    /// The index of the first sample in the batch.
    first: usize,
    samples: usize,
    rows: &'a mut [f32],
    gates: &'a mut [f32],
    inputs: &'a mut [f32],
    cells: &'a mut [f32],
    squashed: &'a mut [f32],
    h: &'a mut [f32],
    c: &'a mut [f32],
    work: &'a mut [f32],
    small: &'a mut [f32],
}

impl<'a> SampleGroup<'a> {
    pub(super) fn new(run: &'a RecurrentPass<'a>, first: usize, mut arena: &'a mut [f32]) -> Self {
        let samples = arena.len() / run.layout.per_sample();
        let [rows, gates, inputs, cells, squashed, h, c, work, small] =
            run.layout.sections().map(|section| {
                let (taken, rest) = std::mem::take(&mut arena).split_at_mut(samples * section);
                arena = rest;
                taken
            });
        SampleGroup { run, first, samples, rows, gates, inputs, cells, squashed, h, c, work, small }
    }

    /// All steps in order; `y` is the group's output.
    pub(super) fn forward(&mut self, y: &mut [f32]) {
        let kernel = self.run.kernel;
        let (steps, u) = (kernel.steps, kernel.units);
        self.h.fill(0.0);
        self.c.fill(0.0);
        let cell = self.c.len();
        self.cells[..cell].fill(0.0);
        for index in 0..steps {
            self.fill_rows(index);
            self.multiply(index);
            let step = self.step(index);
            match kernel.cell {
                Cell::SimpleRnn => simple_rnn::forward(step),
                Cell::Lstm => lstm::forward(step),
                Cell::Gru { reset_after } => gru::forward(step, reset_after),
            }
            if !kernel.return_sequences && index + 1 < steps {
                continue;
            }
            let skips = self.skips(index);
            let rows = y.chunks_exact_mut(kernel.output_row()).zip(self.h.chunks_exact(u));
            for (sample, (y, h)) in rows.enumerate() {
                let start = if kernel.return_sequences { index * u } else { 0 };
                if kernel.zero_output_for_mask && skips.skips(sample) {
                    y[start..start + u].fill(0.0);
                } else {
                    y[start..start + u].copy_from_slice(h);
                }
            }
        }
    }

    /// All steps in reverse; `dy` is the gradient of the whole batch's output, `dx` that of the
    /// group's input. Leaves the gradients of the products in `gates`.
    pub(super) fn backward(&mut self, dy: &[f32], mut dx: Option<&mut [f32]>) {
        let kernel = self.run.kernel;
        let (steps, u, features) = (kernel.steps, kernel.units, kernel.features);
        let size = kernel.output_row();
        let dy = &dy[self.first * size..][..self.samples * size];
        self.h.fill(0.0);
        self.c.fill(0.0);
        for index in (0..steps).rev() {
            let time = self.time(index);
            let mut step = self.step(index);
            if kernel.return_sequences || index + 1 == steps {
                let start = if kernel.return_sequences { index * u } else { 0 };
                let rows = step.h.chunks_exact_mut(u).zip(dy.chunks_exact(size));
                for (sample, (dh, dy)) in rows.enumerate() {
                    if !(kernel.zero_output_for_mask && step.skips.skips(sample)) {
                        dh.iter_mut().zip(&dy[start..]).for_each(|(dh, dy)| *dh += dy);
                    }
                }
            }
            match kernel.cell {
                Cell::SimpleRnn => simple_rnn::backward(&mut step),
                Cell::Lstm => lstm::backward(&mut step),
                Cell::Gru { reset_after } => gru::backward(&mut step, reset_after),
            }
            step.clear_masked();
            if index > 0 {
                step.add_back(StepPart::H);
            }
            if let Some(dx) = dx.as_deref_mut() {
                let out = (&mut dx[time * features..], steps * features);
                step.products.backward(StepPart::X, step.gates, out, WriteMode::Overwrite);
            }
        }
        let Some(dx) = dx else { return };
        if let Some(dropped) = self.dropped() {
            let samples = dx.chunks_exact_mut(steps * features);
            for (dx, dropped) in samples.zip(dropped.chunks_exact(features)) {
                for dx in dx.chunks_exact_mut(features) {
                    dx.iter_mut().zip(dropped).for_each(|(dx, dropped)| *dx *= dropped);
                }
            }
        }
    }

    /// Where a step's input stands in time.
    fn time(&self, index: usize) -> usize {
        let kernel = self.run.kernel;
        if kernel.go_backwards { kernel.steps - 1 - index } else { index }
    }

    fn dropped(&self) -> Option<&'a [f32]> {
        let dropped = self.run.dropped;
        (!dropped.is_empty()).then(|| &dropped[self.first * self.run.layout.features..])
    }

    fn skips(&self, index: usize) -> Skips<'a> {
        let (steps, time) = (self.run.kernel.steps, self.time(index));
        let mask = self.run.pass.mask.map(|mask| &mask[self.first * steps + time..]);
        Skips { mask, steps }
    }

    /// The row of every sample.
    fn fill_rows(&mut self, index: usize) {
        let RecurrentLayout { lead, units, keeps_all, .. } = *self.run.layout;
        if keeps_all {
            self.fill_inputs(index);
        }
        let step = self.step(index);
        let rows = step.rows.chunks_exact_mut(step.layout.row);
        for (row, h) in rows.zip(step.h.chunks_exact(units)) {
            row[lead..lead + units].copy_from_slice(h);
        }
    }

    /// `[x, 1]` of every sample.
    fn fill_inputs(&mut self, index: usize) {
        let RecurrentLayout { row, features, .. } = *self.run.layout;
        let (time, steps, dropped) = (self.time(index), self.run.kernel.steps, self.dropped());
        let x = &self.run.x[self.first * steps * features..];
        let step = self.step(index);
        for (sample, row) in step.rows.chunks_exact_mut(row).enumerate() {
            row[..features].copy_from_slice(&x[(sample * steps + time) * features..][..features]);
            if let Some(dropped) = dropped {
                let dropped = &dropped[sample * features..];
                row[..features].iter_mut().zip(dropped).for_each(|(x, dropped)| *x *= dropped);
            }
            row[features] = 1.0;
        }
    }

    /// The products of the rows with the weights, which become the gates.
    fn multiply(&mut self, index: usize) {
        let (layout, bias) = (self.run.layout, self.bias());
        if !layout.keeps_all && index.is_multiple_of(layout.steps) {
            self.multiply_inputs(index);
        }
        let mut step = self.step(index);
        if layout.is_joint() {
            return step.product(StepPart::X, WriteMode::Overwrite);
        }
        if layout.keeps_all {
            step.begin_beyond(bias);
            step.product(StepPart::X, WriteMode::Overwrite);
        }
        step.product(StepPart::H, WriteMode::Add);
    }

    /// The row of the matrix that meets the 1.
    fn bias(&self) -> &'a [f32] {
        let RecurrentLayout { features, columns, .. } = *self.run.layout;
        &self.run.matrix[features * columns..][..columns]
    }

    /// The products with x of as many steps as the buffers hold, from this one on.
    fn multiply_inputs(&mut self, first: usize) {
        let RecurrentPass { kernel, layout, products, packed, .. } = *self.run;
        let RecurrentLayout { features, columns, .. } = *layout;
        let (x, bias) = (&self.run.x[self.first * kernel.steps * features..], self.bias());
        let (mut bases, mut outs) = ([0; AHEAD], [0; AHEAD]);
        let steps = layout.steps.min(kernel.steps - first);
        for step in 0..steps {
            let time = self.time(first + step);
            for sample in 0..self.samples {
                let place = step * self.samples + sample;
                bases[place] = (sample * kernel.steps + time) * features;
                outs[place] = place * columns;
            }
        }
        for step in first..first + steps {
            self.step(step).begin_beyond(bias);
        }
        let rows = steps * self.samples;
        let gates = &mut self.gates[..rows * columns];
        let places = TilePlaces { bases: &bases[..rows], outs: &outs[..rows] };
        PackedProducts { products, packed, layout }.of_inputs(x, places, bias, gates);
    }

    /// The buffers of one step.
    fn step(&mut self, index: usize) -> CellStep<'_> {
        let (skips, n) = (self.skips(index), self.samples);
        let RecurrentPass { kernel, layout, products, packed, .. } = *self.run;
        let RecurrentLayout { row, columns, .. } = *layout;
        let cell = self.c.len();
        let (index, kept) = (index % layout.steps, if layout.keeps_all { index } else { 0 });
        let (before, after) = self.cells.split_at_mut((kept + 1) * cell);
        let inputs = if layout.keeps_input { n * columns } else { 0 };
        CellStep {
            kernel,
            layout,
            skips,
            products: PackedProducts { products, packed, layout },
            rows: &mut self.rows[kept * n * row..][..n * row],
            gates: &mut self.gates[index * n * columns..][..n * columns],
            inputs: &mut self.inputs[index * inputs..][..inputs],
            c_before: &before[kept * cell..],
            c_after: &mut after[..cell],
            squashed: &mut self.squashed[kept * cell..][..cell],
            h: &mut *self.h,
            c: &mut *self.c,
            work: &mut *self.work,
            small: &mut *self.small,
        }
    }
}
