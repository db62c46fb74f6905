//! Where things stand: the weights in one matrix, and the buffers of one group of samples.

use std::ops::Range;

use super::cell::{Cell, RecurrentKernel};
use crate::kernels::matmul::{MatrixRef, WriteMode, product};
use crate::kernels::simd::vectorize;

/// Samples of one group.
pub(super) const GROUP: usize = 16;

/// Rows of a product with x that is done for several steps at once: the weights are read once for all of
/// these, and what it gives stays in the cache until the steps need it.
pub(super) const AHEAD: usize = 64;
const _: () = assert!(AHEAD >= GROUP);

/// The sizes of a kernel's buffers. A step multiplies a row `[x, 1, h]` (for a GRU that resets
/// before the product `[x, 1, h, r·h]`) with a matrix of `matrix_rows() × columns`. Training keeps these
/// rows of all steps. Otherwise rows are `[h]` or `[h, r·h]`, and buffers hold some steps alone, whose
/// products with x are done together, where x stands.
pub(super) struct RecurrentLayout {
    pub cell: Cell,
    pub features: usize,
    pub units: usize,
    /// What stands before h in a row of the buffers.
    pub lead: usize,
    /// The length of such a row.
    pub row: usize,
    /// The columns of the matrix.
    pub columns: usize,
    /// The number of time steps that the buffers hold.
    pub steps: usize,
    /// Whether they are all kept, for the backward pass.
    pub keeps_all: bool,
    /// Whether the gates before their activations are kept.
    pub keeps_input: bool,
}

impl RecurrentLayout {
    /// That of training.
    pub(super) fn of_training(kernel: &RecurrentKernel) -> RecurrentLayout {
        let (features, units) = (kernel.features, kernel.units);
        let (states, blocks) = match kernel.cell {
            Cell::SimpleRnn => (1, 1),
            Cell::Lstm => (1, 4),
            Cell::Gru { reset_after: true } => (1, 4), // x's candidate, z, r, h's candidate
            Cell::Gru { reset_after: false } => (2, 3), // z, r, candidate
        };
        RecurrentLayout {
            cell: kernel.cell,
            features,
            units,
            lead: features + 1,
            row: features + 1 + states * units,
            columns: blocks * units,
            steps: kernel.steps,
            keeps_all: true,
            keeps_input: kernel.needs_input(),
        }
    }

    /// That of use, for so many samples.
    pub(super) fn of_use(kernel: &RecurrentKernel, samples: usize) -> RecurrentLayout {
        let all = RecurrentLayout::of_training(kernel);
        RecurrentLayout {
            lead: 0,
            row: all.row - all.lead,
            steps: (AHEAD / samples.clamp(1, GROUP)).min(kernel.steps),
            keeps_all: false,
            keeps_input: false,
            ..all
        }
    }

    /// The rows of the matrix.
    pub(super) fn matrix_rows(&self) -> usize {
        self.features + 1 + self.row - self.lead
    }

    /// Where in a row of the buffers the number stands that meets this row of the matrix.
    pub(super) fn in_row(&self, matrix_row: usize) -> usize {
        matrix_row + self.lead - (self.features + 1)
    }

    /// How many numbers the buffers of one sample hold; see `SampleGroup::new`.
    pub(super) fn per_sample(&self) -> usize {
        self.sections().iter().sum()
    }

    /// The sections of the buffers, in numbers a sample: rows, gates, gates before activation, c
    /// before each step and after the last, activation(c), state, c, two places of a step's work.
    pub(super) fn sections(&self) -> [usize; 9] {
        let (units, steps) = (self.units, self.steps);
        let cell = if self.cell == Cell::Lstm { units } else { 0 };
        let kept = if self.keeps_all { steps } else { 1 };
        [
            kept * self.row,
            steps * self.columns,
            if self.keeps_input { steps * self.columns } else { 0 },
            (kept + 1) * cell,
            kept * cell,
            units,
            cell,
            self.columns,
            units,
        ]
    }

    /// The columns that x takes part in.
    pub(super) fn x_columns(&self) -> Range<usize> {
        match self.cell {
            Cell::SimpleRnn | Cell::Lstm => 0..self.columns,
            Cell::Gru { .. } => 0..3 * self.units,
        }
    }

    /// The columns that x takes no part in: they begin with their bias.
    pub(super) fn beyond(&self) -> Range<usize> {
        self.x_columns().end..self.columns
    }

    /// The columns that h takes part in.
    pub(super) fn h_columns(&self) -> Range<usize> {
        match self.cell {
            Cell::SimpleRnn | Cell::Lstm => 0..self.columns,
            Cell::Gru { reset_after: true } => self.units..4 * self.units,
            Cell::Gru { reset_after: false } => 0..2 * self.units,
        }
    }

    /// The rows of the matrix that meet h.
    pub(super) fn h_rows(&self) -> Range<usize> {
        self.features + 1..self.features + 1 + self.units
    }

    /// The rows of the matrix that meet r·h.
    pub(super) fn reset_rows(&self) -> Range<usize> {
        self.features + 1 + self.units..self.matrix_rows()
    }

    /// The columns that r·h takes part in: the candidate's.
    pub(super) fn candidate(&self) -> Range<usize> {
        2 * self.units..3 * self.units
    }

    /// True where a step's product is one with the whole row `[x, 1, h]`: in training, where x and h take
    /// part in all columns.
    pub(super) fn is_joint(&self) -> bool {
        self.keeps_all && matches!(self.cell, Cell::SimpleRnn | Cell::Lstm)
    }

    /// The column where Keras's block `gate` of the kernel stands, and the row and the column where
    /// that of the recurrent kernel does.
    fn place(&self, gate: usize) -> (usize, usize, usize) {
        let (u, h) = (self.units, self.features + 1);
        match (self.cell, gate) {
            (Cell::SimpleRnn | Cell::Lstm, _) => (gate * u, h, gate * u),
            (Cell::Gru { reset_after: true }, 2) => (0, h, 3 * u),
            (Cell::Gru { reset_after: true }, _) => ((gate + 1) * u, h, (gate + 1) * u),
            (Cell::Gru { reset_after: false }, 2) => (2 * u, h + u, 2 * u),
            (Cell::Gru { reset_after: false }, _) => (gate * u, h, gate * u),
        }
    }

    /// Fills the matrix with the weights. Places that no product reads keep what they held.
    pub(super) fn stack(&self, weights: &[&[f32]], matrix: &mut [f32]) {
        let (u, columns, gates) = (self.units, self.columns, self.cell.gates());
        let ones = self.features * columns;
        matrix[ones..ones + columns].fill(0.0);
        for gate in 0..gates {
            let (x_column, h_row, h_column) = self.place(gate);
            let mut copy = |from: &[f32], first_row: usize, column: usize| {
                for (row, from) in from.chunks_exact(gates * u).enumerate() {
                    let at = (first_row + row) * columns + column;
                    matrix[at..at + u].copy_from_slice(&from[gate * u..][..u]);
                }
            };
            copy(weights[0], 0, x_column);
            copy(weights[1], h_row, h_column);
            let bias = weights.get(2).map_or(&[][..], |bias| bias);
            for (bias, column) in bias.chunks_exact(gates * u).zip([x_column, h_column]) {
                let sums = &mut matrix[ones + column..ones + column + u];
                sums.iter_mut().zip(&bias[gate * u..]).for_each(|(sum, bias)| *sum += bias);
            }
        }
    }

    /// The weights' gradients from the matrix's.
    pub(super) fn unstack(&self, matrix: &[f32], dweights: &mut [Option<&mut [f32]>]) {
        let (u, columns, gates) = (self.units, self.columns, self.cell.gates());
        for gate in 0..gates {
            let (x_column, h_row, h_column) = self.place(gate);
            for (index, dweight) in dweights.iter_mut().enumerate() {
                let Some(dweight) = dweight else { continue };
                for (row, to) in dweight.chunks_exact_mut(gates * u).enumerate() {
                    let (row, column) = match (index, row) {
                        (0, _) => (row, x_column),
                        (1, _) => (h_row + row, h_column),
                        (_, 0) => (self.features, x_column),
                        _ => (self.features, h_column),
                    };
                    let at = row * columns + column;
                    to[gate * u..][..u].copy_from_slice(&matrix[at..at + u]);
                }
            }
        }
    }

    /// Adds to the matrix's gradient what one group's buffers hold: rowsᵀ · gradients of the gates,
    /// over all steps.
    pub(super) fn add_gradient(&self, arena: &[f32], gradient: &mut [f32], mode: WriteMode) {
        let samples = arena.len() / self.per_sample();
        let [rows, gates, ..] = self.sections();
        let (rows, rest) = arena.split_at(samples * rows);
        let gates = &rest[..samples * gates];
        let count = samples * self.steps;
        let mut part = |from: Range<usize>, to: Range<usize>| {
            let left = MatrixRef::strided(&rows[from.start..], count, from.len(), self.row);
            let right = MatrixRef::strided(&gates[to.start..], count, to.len(), self.columns);
            let at = from.start * self.columns + to.start;
            product(left.t(), right, &mut gradient[at..], self.columns, mode.into());
        };
        let x = 0..self.features + 1;
        match self.cell {
            Cell::SimpleRnn | Cell::Lstm => part(0..self.row, 0..self.columns),
            Cell::Gru { reset_after: true } => {
                part(x, self.x_columns());
                part(self.h_rows(), self.h_columns());
                // The bias of h's candidate: the row that meets the 1.
                let own = 3 * self.units..4 * self.units;
                let at = self.features * self.columns + own.start;
                let sums = &mut gradient[at..at + self.units];
                if mode == WriteMode::Overwrite {
                    sums.fill(0.0);
                }
                vectorize(
                    #[inline(always)]
                    move || {
                        for gates in gates.chunks_exact(self.columns) {
                            sums.iter_mut().zip(&gates[own.clone()]).for_each(|(s, g)| *s += g);
                        }
                    },
                );
            }
            Cell::Gru { reset_after: false } => {
                part(x, self.x_columns());
                part(self.h_rows(), self.h_columns());
                part(self.reset_rows(), self.candidate());
            }
        }
    }
}
