//! One time step of one group, as the cells see it, and what they do alike.

use std::ops::Range;

use super::cell::RecurrentKernel;
use super::layout::RecurrentLayout;
use super::products::{PackedProducts, StepPart};
use crate::activations::Activation;
use crate::kernels::matmul::WriteMode;
use crate::kernels::simd::vectorize;
use crate::numeric::{sigmoid, tanh};

/// One time step of one group of samples. Slices hold a row a sample.
pub(super) struct CellStep<'a> {
    pub kernel: &'a RecurrentKernel,
    pub layout: &'a RecurrentLayout,
    pub skips: Skips<'a>,
    /// The products with the weights.
    pub products: PackedProducts<'a>,
    /// `[x, 1, h]`, h being the state before the step.
    pub rows: &'a mut [f32],
    /// Forward: products, which become the gates. Backward: gates, which become the gradients of
    /// the products.
    pub gates: &'a mut [f32],
    /// The gates before their activations, where these are needed.
    pub inputs: &'a mut [f32],
    /// An LSTM's c before the step.
    pub c_before: &'a [f32],
    /// An LSTM's c after the step.
    pub c_after: &'a mut [f32],
    /// An LSTM's activation(c).
    pub squashed: &'a mut [f32],
    /// Forward: the state. Backward: its gradient.
    pub h: &'a mut [f32],
    /// Forward: an LSTM's c. Backward: its gradient.
    pub c: &'a mut [f32],
    /// A place for work, as wide as the gates.
    pub work: &'a mut [f32],
    /// A place for work, as wide as the state.
    pub small: &'a mut [f32],
}

/// Which samples of a group are masked at one time.
#[derive(Clone, Copy)]
pub(super) struct Skips<'a> {
    /// The mask of the group, from its first sample at this time on; None: no step is masked.
    pub mask: Option<&'a [f32]>,
    /// The number of time steps.
    pub steps: usize,
}

impl Skips<'_> {
    /// True where this step of the sample doesn't count.
    #[inline(always)]
    pub(super) fn skips(&self, sample: usize) -> bool {
        self.mask.is_some_and(|mask| mask[sample * self.steps] == 0.0)
    }
}

impl CellStep<'_> {
    /// Keeps columns of the gates as they are before their activations.
    pub(super) fn keep(&mut self, columns: Range<usize>) {
        if self.inputs.is_empty() {
            return;
        }
        let width = self.layout.columns;
        let pairs = self.inputs.chunks_exact_mut(width).zip(self.gates.chunks_exact(width));
        for (kept, gates) in pairs {
            kept[columns.clone()].copy_from_slice(&gates[columns.clone()]);
        }
    }

    /// `gates ← activation(gates)` in some columns.
    pub(super) fn activate(&mut self, activation: &Activation, columns: Range<usize>) {
        self.keep(columns.clone());
        let (width, units) = (self.layout.columns, self.layout.units);
        let gates = &mut *self.gates;
        match activation {
            Activation::Sigmoid => each(gates, width, columns, sigmoid),
            Activation::Tanh => each(gates, width, columns, tanh),
            _ => {
                for row in gates.chunks_exact_mut(width) {
                    activation.apply(&mut row[columns.clone()], units);
                }
            }
        }
    }

    /// `gates ← work · activation'` in some columns: the gradient before the activation, from that
    /// after it in `work`.
    pub(super) fn derive(&mut self, activation: &Activation, columns: Range<usize>) {
        let (width, units) = (self.layout.columns, self.layout.units);
        let (gates, work) = (&mut *self.gates, &mut *self.work);
        match activation {
            Activation::Sigmoid => times(gates, work, width, columns, |y| y * (1.0 - y)),
            Activation::Tanh => times(gates, work, width, columns, |y| 1.0 - y * y),
            _ => {
                let rows = gates.chunks_exact_mut(width).zip(work.chunks_exact_mut(width));
                for (sample, (gates, work)) in rows.enumerate() {
                    let (gates, work) = (&mut gates[columns.clone()], &mut work[columns.clone()]);
                    let input = if self.inputs.is_empty() {
                        &[][..]
                    } else {
                        &self.inputs[sample * width..][columns.clone()]
                    };
                    activation.gradient(input, gates, work, units);
                    gates.copy_from_slice(work);
                }
            }
        }
    }

    /// The gradients of the gates of masked samples become 0, whatever their input was.
    pub(super) fn clear_masked(&mut self) {
        if self.skips.mask.is_some() {
            for (sample, gates) in self.gates.chunks_exact_mut(self.layout.columns).enumerate() {
                if self.skips.skips(sample) {
                    gates.fill(0.0);
                }
            }
        }
    }

    /// Forward: the columns that x takes no part in become the bias.
    pub(super) fn begin_beyond(&mut self, bias: &[f32]) {
        let beyond = self.layout.beyond();
        for gates in self.gates.chunks_exact_mut(self.layout.columns) {
            gates[beyond.clone()].copy_from_slice(&bias[beyond.clone()]);
        }
    }

    /// Forward: a product of the rows becomes the gates, or is added to them.
    pub(super) fn product(&mut self, part: StepPart, mode: WriteMode) {
        self.products.forward(part, self.rows, self.gates, mode);
    }

    /// Backward: adds what h's gradient gets from the gates'.
    pub(super) fn add_back(&mut self, part: StepPart) {
        let out = (&mut *self.h, self.layout.units);
        self.products.backward(part, self.gates, out, WriteMode::Add);
    }
}

#[inline(always)]
fn each(values: &mut [f32], width: usize, columns: Range<usize>, f: impl Fn(f32) -> f32) {
    vectorize(
        #[inline(always)]
        move || {
            for row in values.chunks_exact_mut(width) {
                row[columns.clone()].iter_mut().for_each(|x| *x = f(*x));
            }
        },
    );
}

#[inline(always)]
fn times(
    gates: &mut [f32],
    work: &[f32],
    width: usize,
    columns: Range<usize>,
    f: impl Fn(f32) -> f32,
) {
    vectorize(
        #[inline(always)]
        move || {
            for (gates, work) in gates.chunks_exact_mut(width).zip(work.chunks_exact(width)) {
                let pairs = gates[columns.clone()].iter_mut().zip(&work[columns.clone()]);
                pairs.for_each(|(y, d)| *y = d * f(*y));
            }
        },
    );
}
