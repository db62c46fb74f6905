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
        for gates in step.gates.chunks_exact_mut(width) {
            let (g, rest) = gates.split_at_mut(u);
            let all = g.iter_mut().zip(&rest[u..2 * u]).zip(&rest[2 * u..]);
            all.for_each(|((g, r), from_h)| *g += r * from_h);
        }
    } else {
        for (rows, gates) in step.rows.chunks_exact_mut(row).zip(step.gates.chunks_exact(width)) {
            let (h, reset) = rows[lead..].split_at_mut(u);
            let all = reset.iter_mut().zip(&gates[at.r..at.r + u]).zip(h);
            all.for_each(|((reset, r), h)| *reset = r * *h);
        }
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
                for k in 0..u {
                    work[at.z + k] = dh[k] * (before[k] - g[k]);
                    work[at.g + k] = dh[k] * (1.0 - z[k]);
                    dh[k] *= z[k];
                }
            }
        },
    );
    step.derive(activation, at.g..at.g + u);
    step.clear_masked(); // so that the rest finds nothing there
    if reset_after {
        for (gates, work) in step.gates.chunks_exact(width).zip(step.work.chunks_exact_mut(width)) {
            for k in 0..u {
                let (dg, r, from_h) = (gates[k], gates[2 * u + k], gates[3 * u + k]);
                work[2 * u + k] = dg * from_h;
                work[3 * u + k] = dg * r;
            }
        }
    } else {
        let CellStep { products, gates, rows, h, work, small, .. } = step;
        products.backward(StepPart::Reset, gates, (&mut **small, u), WriteMode::Overwrite);
        let all = h.chunks_exact_mut(u).zip(gates.chunks_exact(width)).zip(small.chunks_exact(u));
        let all = all.zip(rows.chunks_exact(row)).zip(work.chunks_exact_mut(width));
        for ((((dh, gates), d_reset), rows), work) in all {
            for k in 0..u {
                work[at.r + k] = d_reset[k] * rows[lead + k];
                dh[k] += d_reset[k] * gates[at.r + k];
            }
        }
    }
    step.derive(gate, at.gates());
    if reset_after {
        for (gates, work) in step.gates.chunks_exact_mut(width).zip(step.work.chunks_exact(width)) {
            gates[3 * u..].copy_from_slice(&work[3 * u..]);
        }
    }
}
