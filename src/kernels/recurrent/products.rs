//! The products of a time step, with the weights packed once for all steps.

use std::ops::Range;

use pulp::Arch;

use super::cell::Cell;
use super::layout::{GROUP, RecurrentLayout};
use crate::kernels::matmul::WriteMode;
use crate::kernels::tiles::{Multiply, Neighbours, Pack, packed_length};

/// Which product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepPart {
    /// With `[x, 1]`; for cells whose columns all meet x and h, with the whole row `[x, 1, h]`.
    X,
    /// With h.
    H,
    /// With r·h.
    Reset,
}

/// The products of all steps of a pass.
pub(super) struct StepProducts {
    places: Vec<(StepPart, PackedPlace)>,
    /// Numbers of the packed weights.
    length: usize,
    /// True where the matrix is turned round, for the backward pass.
    turned: bool,
    /// Whether samples are cut by eight.
    tall: bool,
}

/// StepPart of the matrix of weights.
struct PackedPlace {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Where it stands in the packed weights.
    start: usize,
}

impl StepProducts {
    /// Rows times the matrix.
    pub(super) fn forward(layout: &RecurrentLayout, samples: usize) -> StepProducts {
        if layout.is_joint() {
            return StepProducts::new(
                vec![(StepPart::X, 0..layout.row, 0..layout.columns)],
                false,
                samples,
            );
        }
        let mut parts = vec![
            (StepPart::X, 0..layout.features + 1, layout.x_columns()),
            (StepPart::H, layout.h_rows(), layout.h_columns()),
        ];
        if layout.cell == (Cell::Gru { reset_after: false }) {
            parts.push((StepPart::Reset, layout.reset_rows(), layout.candidate()));
        }
        StepProducts::new(parts, false, samples)
    }

    /// The gates' gradients times the matrix turned round.
    pub(super) fn backward(layout: &RecurrentLayout, samples: usize) -> StepProducts {
        let mut parts = vec![
            (StepPart::X, 0..layout.features, layout.x_columns()),
            (StepPart::H, layout.h_rows(), layout.h_columns()),
        ];
        if layout.cell == (Cell::Gru { reset_after: false }) {
            parts.push((StepPart::Reset, layout.reset_rows(), layout.candidate()));
        }
        StepProducts::new(parts, true, samples)
    }

    fn new(
        parts: Vec<(StepPart, Range<usize>, Range<usize>)>,
        turned: bool,
        samples: usize,
    ) -> StepProducts {
        let mut length = 0;
        let places = parts.into_iter().map(|(part, rows, columns)| {
            let start = length;
            length += if turned {
                packed_length(columns.len(), rows.len())
            } else {
                packed_length(rows.len(), columns.len())
            };
            (part, PackedPlace { rows, columns, start })
        });
        let places = places.collect();
        StepProducts { places, length, turned, tall: samples >= TALL }
    }

    /// How long the packed weights are.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Packs the matrix, whose rows have `columns` numbers.
    pub(super) fn pack(&self, matrix: &[f32], columns: usize, packed: &mut [f32]) {
        for (_, place) in &self.places {
            let (rows, width) = self.sizes(place);
            let step = if self.turned { columns } else { 1 };
            let first = place.rows.start * columns + place.columns.start;
            let along = if self.turned { 1 } else { columns };
            let start = |row: usize| first + row * along;
            let packed = &mut packed[place.start..][..packed_length(rows, width)];
            let pack = Pack { kernel: matrix, rows, width, step, tall: self.tall, start, packed };
            Arch::new().dispatch(pack);
        }
    }

    /// The rows and columns of what is multiplied with.
    fn sizes(&self, place: &PackedPlace) -> (usize, usize) {
        let (rows, columns) = (place.rows.len(), place.columns.len());
        if self.turned { (columns, rows) } else { (rows, columns) }
    }
}

/// The same with the packed weights, for a group of samples.
#[derive(Clone, Copy)]
pub(super) struct PackedProducts<'a> {
    pub products: &'a StepProducts,
    pub packed: &'a [f32],
    pub layout: &'a RecurrentLayout,
    pub samples: usize,
}

impl PackedProducts<'_> {
    /// Forward: `gates[columns] = rows[rows] · matrix`, or added.
    pub(super) fn forward(&self, part: StepPart, rows: &[f32], gates: &mut [f32], mode: WriteMode) {
        let RecurrentLayout { row, columns, .. } = *self.layout;
        let starts = |place: &PackedPlace| (place.rows.start, place.columns.start);
        self.run(part, starts, (rows, row), (gates, columns), mode);
    }

    /// Backward: `out = gates[columns] · matrixᵀ`, or added; `out` has rows of so many numbers.
    pub(super) fn backward(
        &self,
        part: StepPart,
        gates: &[f32],
        out: (&mut [f32], usize),
        mode: WriteMode,
    ) {
        let starts = |place: &PackedPlace| (place.columns.start, 0);
        self.run(part, starts, (gates, self.layout.columns), out, mode);
    }

    fn run(
        &self,
        part: StepPart,
        starts: impl Fn(&PackedPlace) -> (usize, usize),
        (left, left_stride): (&[f32], usize),
        (out, out_stride): (&mut [f32], usize),
        mode: WriteMode,
    ) {
        let StepProducts { places, .. } = self.products;
        let Some((_, place)) = places.iter().find(|(of, _)| *of == part) else { return };
        let (rows, width) = self.products.sizes(place);
        let (from, to) = starts(place);
        let bases: [usize; GROUP] = std::array::from_fn(|sample| sample * left_stride);
        let outs: [usize; GROUP] = std::array::from_fn(|sample| sample * out_stride);
        Arch::new().dispatch(Multiply {
            x: &left[from..],
            bases: &bases[..self.samples],
            runs: &[Neighbours { from: 0, row: 0, length: rows }],
            blocks: std::slice::from_ref(&(0..1)),
            packed: &self.packed[place.start..],
            rows,
            width,
            tall: self.products.tall,
            mode,
            y: &mut out[to..],
            outs: &outs[..self.samples],
        });
    }
}

/// Samples from which they are cut by eight.
const TALL: usize = 8;
const _: () = assert!(GROUP.is_multiple_of(TALL));
