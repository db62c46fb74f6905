//! A product's right matrix, packed as the tiles read it, and what of each row of the left one meets
//! it.

use std::ops::Range;

use pulp::Arch;

use super::matmul::SumStart;
use super::narrow::{Dots, DotsGradient, is_narrow};
use super::parallel;
use super::tiles::{Multiply, Outer, Pack};
use super::views::{Neighbours, OuterProduct, TilePlaces};

/// Rows of the matrix that are worked on together: with 64 columns, a part of a level-2 cache.
const ROWS: usize = 512;

/// How a matrix is packed: in panels of columns, each by itself, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kernels) struct Panels {
    rows: usize,
    columns: usize,
    /// Columns of each panel but the last, which may have fewer.
    width: usize,
    form: PanelForm,
}

/// How products are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PanelForm {
    /// Tiles of columns side by side, by few rows of the left matrix.
    Wide,
    /// The same by eight rows.
    Tall,
    /// Column by column, as dot products.
    Narrow,
}

impl Panels {
    /// Of `rows` rows by `columns` columns, in one panel.
    pub(in crate::kernels) fn new(rows: usize, columns: usize) -> Panels {
        Panels { rows, columns, width: columns, form: PanelForm::Wide }
    }

    /// Cut into panels of `width` columns.
    pub(in crate::kernels) fn of_width(self, width: usize) -> Panels {
        Panels { width, ..self }
    }

    /// For a left matrix whose rows come by eight.
    pub(in crate::kernels) fn tall(self) -> Panels {
        Panels { form: PanelForm::Tall, ..self }
    }

    /// For products with the numbers of these runs, where panels have so few columns that they are
    /// better done as dot products.
    pub(in crate::kernels) fn maybe_narrow(self, runs: &Runs) -> Panels {
        if is_narrow(&runs.runs, self.width) {
            Panels { form: PanelForm::Narrow, ..self }
        } else {
            self
        }
    }

    /// Numbers of the packed matrix.
    pub(in crate::kernels) fn length(&self) -> usize {
        self.each().map(|(_, columns)| self.size(columns)).sum()
    }

    /// The number and the columns of each panel.
    fn each(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let Panels { columns, width, .. } = *self;
        let starts = (0..columns).step_by(width.max(1));
        starts.map(move |start| start..columns.min(start + width)).enumerate()
    }

    /// The most numbers that a panel takes: columns are filled up to whole vectors.
    fn size(&self, columns: Range<usize>) -> usize {
        self.rows * columns.len().next_multiple_of(16)
    }

    /// Packs the matrix. Each row of each panel begins at `start(panel, row)` of `matrix`, with its
    /// columns `step` apart.
    pub(in crate::kernels) fn pack(
        &self,
        matrix: &[f32],
        step: usize,
        start: impl Fn(usize, usize) -> usize + Send + Sync,
        packed: &mut [f32],
    ) {
        let Panels { rows, columns, width, form } = *self;
        let (packed, size) = (&mut packed[..self.length()], self.size(0..width));
        parallel::chunks(packed, size, 8 * rows * columns, |panel, packed| {
            let width = width.min(columns - panel * width);
            let start = |row| start(panel, row);
            if form != PanelForm::Narrow {
                let tall = form == PanelForm::Tall;
                return Arch::new().dispatch(Pack {
                    matrix,
                    rows,
                    width,
                    step,
                    tall,
                    start,
                    packed,
                });
            }
            for (column, to) in packed.chunks_exact_mut(rows).take(width).enumerate() {
                let values = (0..rows).map(|row| matrix[start(row) + column * step]);
                to.iter_mut().zip(values).for_each(|(to, value)| *to = value);
            }
        });
    }

    /// `y = start + x · matrix`: the rows of x and of y begin at `places`, and each
    /// panel meets x `apart` numbers after the panel before it.
    pub(in crate::kernels) fn multiply(
        &self,
        packed: &[f32],
        (x, apart): (&[f32], usize),
        runs: &Runs,
        places: TilePlaces<'_>,
        (y, start): (&mut [f32], SumStart<'_>),
    ) {
        let (rows, tall) = (self.rows, self.form == PanelForm::Tall);
        let mut rest = packed;
        for (panel, columns) in self.each() {
            let (packed, later) = rest.split_at(self.size(columns.clone()));
            rest = later;
            let (x, y, width) = (&x[panel * apart..], &mut y[columns.start..], columns.len());
            let Runs { runs, blocks } = runs;
            let start = start.columns(columns.start);
            if self.form == PanelForm::Narrow {
                let product = Dots { x, places, runs, packed, rows, columns: width, start, y };
                Arch::new().dispatch(product);
                continue;
            }
            let product = Multiply { x, places, runs, blocks, packed, rows, width, tall, start, y };
            Arch::new().dispatch(product);
        }
    }

    /// `matrix += xᵀ · d`, with the rows of x and of d as those of x and y in a product.
    pub(in crate::kernels) fn add_outer(
        &self,
        (x, apart): (&[f32], usize),
        d: &[f32],
        runs: &Runs,
        places: TilePlaces<'_>,
        matrix: &mut [f32],
    ) {
        let (runs, stride) = (&runs.runs, self.columns);
        for (panel, columns) in self.each() {
            let (x, d, width) = (&x[panel * apart..], &d[columns.start..], columns.len());
            let kernel = &mut matrix[columns.start..];
            let product = OuterProduct { x, places, runs, d, width, kernel, stride };
            if self.form == PanelForm::Narrow {
                Arch::new().dispatch(DotsGradient(product));
            } else {
                Arch::new().dispatch(Outer(product));
            }
        }
    }
}

/// What of each row of the left matrix meets the right one's rows: neighbouring numbers, in blocks
/// that are worked on together.
pub(in crate::kernels) struct Runs {
    runs: Vec<Neighbours>,
    blocks: Vec<Range<usize>>,
}

impl Runs {
    /// The first `length` numbers, in one block.
    pub(in crate::kernels) fn whole(length: usize) -> Runs {
        let block = 0..1;
        Runs { runs: vec![Neighbours { from: 0, row: 0, length }], blocks: vec![block] }
    }

    /// Cut into blocks that stay in the cache.
    pub(in crate::kernels) fn in_blocks(runs: &[Neighbours]) -> Runs {
        let cut = |run: &Neighbours| {
            let Neighbours { from, row, length } = *run;
            (0..length).step_by(ROWS).map(move |start| Neighbours {
                from: from + start,
                row: row + start,
                length: ROWS.min(length - start),
            })
        };
        let runs: Vec<Neighbours> = runs.iter().flat_map(cut).collect();
        let (mut blocks, mut start, mut rows) = (Vec::new(), 0, 0);
        for (index, run) in runs.iter().enumerate() {
            if rows > 0 && rows + run.length > ROWS {
                blocks.push(start..index);
                (start, rows) = (index, 0);
            }
            rows += run.length;
        }
        blocks.push(start..runs.len());
        Runs { runs, blocks }
    }
}
