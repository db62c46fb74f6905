//! The products of a time step, with the weights packed once for all steps.

use std::ops::Range;

use super::cell::Cell;
use super::layout::{GROUP, RecurrentLayout};
use crate::kernels::matmul::{SumStart, WriteMode};
use crate::kernels::panels::{Panels, Runs};
use crate::kernels::views::TilePlaces;

/// Which product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepPart {
    /// With `[x, 1]`; with the whole row where the layout is joint; with x alone in use.
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

/// A part of the matrix of weights.
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
            let whole = (StepPart::X, 0..layout.row, 0..layout.columns);
            return StepProducts::new(vec![whole], false, [samples; 2]);
        }
        let x_rows = if layout.keeps_all { layout.features + 1 } else { layout.features };
        let mut parts = vec![
            (StepPart::X, 0..x_rows, layout.x_columns()),
            (StepPart::H, layout.h_rows(), layout.h_columns()),
        ];
        if layout.cell == (Cell::Gru { reset_after: false }) {
            parts.push((StepPart::Reset, layout.reset_rows(), layout.candidate()));
        }
        let together = if layout.keeps_all { samples } else { samples * layout.steps };
        StepProducts::new(parts, false, [together, samples])
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
        StepProducts::new(parts, true, [samples; 2])
    }

    /// Of products with so many rows, of x and of h.
    fn new(
        parts: Vec<(StepPart, Range<usize>, Range<usize>)>,
        turned: bool,
        [of_x, of_h]: [usize; 2],
    ) -> StepProducts {
        let mut length = 0;
        let places = parts.into_iter().map(|(part, rows, columns)| {
            let sizes = (rows.len(), columns.len());
            let (inner, outer) = if turned { (sizes.1, sizes.0) } else { sizes };
            let panels = Panels::new(inner, outer);
            let is_tall = TALL <= if part == StepPart::X { of_x } else { of_h };
            let panels = if is_tall { panels.tall() } else { panels };
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

/// The same with the packed weights.
#[derive(Clone, Copy)]
pub(super) struct PackedProducts<'a> {
    pub products: &'a StepProducts,
    pub packed: &'a [f32],
    pub layout: &'a RecurrentLayout,
}

impl PackedProducts<'_> {
    /// Forward: `gates[columns] = rows[rows] · matrix`, or added.
    pub(super) fn forward(&self, part: StepPart, rows: &[f32], gates: &mut [f32], mode: WriteMode) {
        let Some(place) = self.place(part) else { return };
        let from = self.layout.in_row(place.rows.start);
        let strides = (self.layout.row, self.layout.columns);
        self.run(place, &rows[from..], strides, &mut gates[place.columns.start..], mode);
    }

    /// Forward, in use: `gates = bias + x · matrix` for some rows of x and of the gates, which begin at
    /// these places.
    pub(super) fn of_inputs(
        &self,
        x: &[f32],
        places: TilePlaces<'_>,
        bias: &[f32],
        gates: &mut [f32],
    ) {
        let Some(place) = self.place(StepPart::X) else { return };
        let (columns, start) = (place.columns.clone(), SumStart::Row(&bias[place.columns.clone()]));
        let (packed, gates) = (&self.packed[place.start..], &mut gates[columns.start..]);
        place.panels.multiply(packed, (x, 0), &place.runs, places, (gates, start));
    }

    /// Backward: `out = gates[columns] · matrixᵀ`, or added; `out` has rows of so many numbers.
    pub(super) fn backward(
        &self,
        part: StepPart,
        gates: &[f32],
        (out, stride): (&mut [f32], usize),
        mode: WriteMode,
    ) {
        let Some(place) = self.place(part) else { return };
        let strides = (self.layout.columns, stride);
        self.run(place, &gates[place.columns.start..], strides, out, mode);
    }

    fn place(&self, part: StepPart) -> Option<&PackedPlace> {
        self.products.places.iter().find(|(of, _)| *of == part).map(|(_, place)| place)
    }

    fn run(
        &self,
        place: &PackedPlace,
        left: &[f32],
        (left_stride, out_stride): (usize, usize),
        out: &mut [f32],
        mode: WriteMode,
    ) {
        let samples = left.len().div_ceil(left_stride);
        let bases: [usize; GROUP] = std::array::from_fn(|sample| sample * left_stride);
        let outs: [usize; GROUP] = std::array::from_fn(|sample| sample * out_stride);
        let places = TilePlaces { bases: &bases[..samples], outs: &outs[..samples] };
        let packed = &self.packed[place.start..];
        place.panels.multiply(packed, (left, 0), &place.runs, places, (out, mode.into()));
    }
}

/// Samples from which they are cut by eight.
const TALL: usize = 8;
const _: () = assert!(GROUP.is_multiple_of(TALL));
