//! The products of a time step, with the weights packed once for all steps.

use std::ops::Range;

use super::cell::Cell;
use super::layout::{GROUP, RecurrentLayout};
use crate::kernels::matmul::WriteMode;
use crate::kernels::panels::{Panels, Runs};
use crate::kernels::views::TilePlaces;

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
}

/// StepPart of the matrix of weights.
struct PackedPlace {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Where it stands in the packed weights, and how it is packed.
    start: usize,
    panels: Panels,
    runs: Runs,
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
            let sizes = (rows.len(), columns.len());
            let (inner, outer) = if turned { (sizes.1, sizes.0) } else { sizes };
            let panels = Panels::new(inner, outer);
            let panels = if samples >= TALL { panels.tall() } else { panels };
            let start = length;
            length += panels.length();
            (part, PackedPlace { rows, columns, start, panels, runs: Runs::whole(inner) })
        });
        let places = places.collect();
        StepProducts { places, length, turned }
    }

    /// How long the packed weights are.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Packs the matrix, whose rows have `columns` numbers.
    pub(super) fn pack(&self, matrix: &[f32], columns: usize, packed: &mut [f32]) {
        let (step, along) = if self.turned { (columns, 1) } else { (1, columns) };
        for (_, place) in &self.places {
            let first = place.rows.start * columns + place.columns.start;
            place.panels.pack(
                matrix,
                step,
                |_, row| first + row * along,
                &mut packed[place.start..],
            );
        }
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
        let (from, to) = starts(place);
        let bases: [usize; GROUP] = std::array::from_fn(|sample| sample * left_stride);
        let outs: [usize; GROUP] = std::array::from_fn(|sample| sample * out_stride);
        let samples = TilePlaces { bases: &bases[..self.samples], outs: &outs[..self.samples] };
        let (packed, x, y) = (&self.packed[place.start..], &left[from..], &mut out[to..]);
        place.panels.multiply(packed, (x, 0), &place.runs, samples, (y, mode.into()));
    }
}

/// Samples from which they are cut by eight.
const TALL: usize = 8;
const _: () = assert!(GROUP.is_multiple_of(TALL));
