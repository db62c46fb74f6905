//! The GRU's cell: `h' = z · h + (1 - z) · g`.
//!
//! Resetting after the product, the blocks of columns are: x's part of the candidate, z, r, h's
//! part of the candidate; the candidate g takes the place of the first. Resetting before it: z, r,
//! g.

use std::ops::Range;

use super::products::StepPart;
use super::step::CellStep;
use crate::kernels::matmul::WriteMode;
use crate::kernels::simd::vectorize;

/// Where the blocks stand.
struct GruBlocks {
    z: usize,
    r: usize,
    g: usize,
}

impl GruBlocks {
    fn new(reset_after: bool, u: usize) -> GruBlocks {
        if reset_after {
            GruBlocks { z: u, r: 2 * u, g: 0 }
        } else {
            GruBlocks { z: 0, r: u, g: 2 * u }
        }
    }

    /// z and r, which stand side by side.
    fn gates(&self) -> Range<usize> {
        self.z..2 * self.r - self.z
    }
}

pub(super) fn forward(mut step: CellStep<'_>, reset_after: bool) {
    let (u, lead) = (step.layout.units, step.layout.lead);
    let (width, row) = (step.layout.columns, step.layout.row);
    let (activation, gate) = (&step.kernel.activation, &step.kernel.recurrent_activation);
    let at = GruBlocks::new(reset_after, u);
    step.activate(gate, at.gates());
    if reset_after {
        vectorize(
            #[inline(always)]
            || {
                for gates in step.gates.chunks_exact_mut(width) {
                    let (g, rest) = gates.split_at_mut(u);
                    let all = g.iter_mut().zip(&rest[u..2 * u]).zip(&rest[2 * u..]);
                    all.for_each(|((g, r), from_h)| *g += r * from_h);
                }
            },
        );
    } else {
        vectorize(
            #[inline(always)]
            || {
                let rows = step.rows.chunks_exact_mut(row).zip(step.gates.chunks_exact(width));
                for (row, gates) in rows {
                    let (h, reset) = row[lead..].split_at_mut(u);
                    let all = reset.iter_mut().zip(&gates[at.r..at.r + u]).zip(h);
                    all.for_each(|((reset, r), h)| *reset = r * *h);
                }
            },
        );
        step.product(StepPart::Reset, WriteMode::Add);
    }
    step.activate(activation, at.g..at.g + u);
    let CellStep { skips, gates, h, .. } = step;
    vectorize(
        #[inline(always)]
        move || {
            for (sample, (h, gates)) in
                h.chunks_exact_mut(u).zip(gates.chunks_exact(width)).enumerate()
            {
                if skips.skips(sample) {
                    continue;
                }
                let (z, g) = (&gates[at.z..at.z + u], &gates[at.g..at.g + u]);
                h.iter_mut().zip(z).zip(g).for_each(|((h, z), g)| *h = z * *h + (1.0 - z) * g);
            }
        },
    );
}

/// What is left in h's gradient passes by the products.
pub(super) fn backward(step: &mut CellStep<'_>, reset_after: bool) {
    let (u, lead) = (step.layout.units, step.layout.lead);
    let (width, row) = (step.layout.columns, step.layout.row);
    let (activation, gate) = (&step.kernel.activation, &step.kernel.recurrent_activation);
    let at = GruBlocks::new(reset_after, u);
    let CellStep { skips, gates, rows, h, work, .. } = step;
    vectorize(
        #[inline(always)]
        move || {
            let all = h.chunks_exact_mut(u).zip(gates.chunks_exact(width));
            let all = all.zip(rows.chunks_exact(row)).zip(work.chunks_exact_mut(width));
            for (sample, (((dh, gates), rows), work)) in all.enumerate() {
                if skips.skips(sample) {
                    continue;
                }
                let before = &rows[lead..lead + u];
                let (z, g) = (&gates[at.z..at.z + u], &gates[at.g..at.g + u]);
                // in two loops, each with few enough slices that the compiler makes vectors of them
                let d_z = work[at.z..at.z + u].iter_mut().zip(&*dh).zip(before).zip(g);
                d_z.for_each(|(((d_z, dh), before), g)| *d_z = dh * (before - g));
                for ((d_g, dh), z) in work[at.g..at.g + u].iter_mut().zip(dh).zip(z) {
                    *d_g = *dh * (1.0 - z);
                    *dh *= z;
                }
            }
        },
    );
    step.derive(activation, at.g..at.g + u);
    step.clear_masked(); // so that the rest finds nothing there
    if reset_after {
        let CellStep { gates, work, .. } = step;
        vectorize(
            #[inline(always)]
            || {
                for (gates, work) in gates.chunks_exact(width).zip(work.chunks_exact_mut(width)) {
                    let (d_g, rest) = gates.split_at(u);
                    let (r, from_h) = (&rest[u..2 * u], &rest[2 * u..]);
                    let (d_r, d_from_h) = work[2 * u..].split_at_mut(u);
                    let d_r = d_r.iter_mut().zip(d_g).zip(from_h);
                    d_r.for_each(|((d_r, d_g), from_h)| *d_r = d_g * from_h);
                    let d_from_h = d_from_h.iter_mut().zip(d_g).zip(r);
                    d_from_h.for_each(|((d_from_h, d_g), r)| *d_from_h = d_g * r);
                }
            },
        );
    } else {
        let CellStep { products, gates, rows, h, work, small, .. } = step;
        products.backward(StepPart::Reset, gates, (&mut **small, u), WriteMode::Overwrite);
        vectorize(
            #[inline(always)]
            || {
                let all = h.chunks_exact_mut(u).zip(gates.chunks_exact(width));
                let all = all.zip(rows.chunks_exact(row)).zip(work.chunks_exact_mut(width));
                for ((((dh, gates), rows), work), d_reset) in all.zip(small.chunks_exact(u)) {
                    let d_r = work[at.r..at.r + u].iter_mut().zip(d_reset).zip(&rows[lead..]);
                    d_r.for_each(|((d_r, d_reset), h)| *d_r = d_reset * h);
                    let dh = dh.iter_mut().zip(d_reset).zip(&gates[at.r..at.r + u]);
                    dh.for_each(|((dh, d_reset), r)| *dh += d_reset * r);
                }
            },
        );
    }
    step.derive(gate, at.gates());
    if reset_after {
        for (gates, work) in step.gates.chunks_exact_mut(width).zip(step.work.chunks_exact(width)) {
            gates[3 * u..].copy_from_slice(&work[3 * u..]);
        }
    }
}
