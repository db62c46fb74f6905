//! The LSTM's cell: `c' = f · c + i · g`, `h' = o · activation(c')`. Blocks of columns: i, f, g, o.

use super::step::CellStep;
use crate::kernels::simd::vectorize;

pub(super) fn forward(mut step: CellStep<'_>) {
    let u = step.layout.units;
    let (activation, gate) = (&step.kernel.activation, &step.kernel.recurrent_activation);
    step.activate(gate, 0..2 * u);
    step.activate(activation, 2 * u..3 * u);
    step.activate(gate, 3 * u..4 * u);
    let CellStep { skips, gates, c, c_after, squashed, h, .. } = step;
    vectorize(
        #[inline(always)]
        || {
            for (sample, (c, gates)) in
                c.chunks_exact_mut(u).zip(gates.chunks_exact(4 * u)).enumerate()
            {
                if skips.skips(sample) {
                    continue;
                }
                let (i, f, g) = (&gates[..u], &gates[u..2 * u], &gates[2 * u..3 * u]);
                for (((c, i), f), g) in c.iter_mut().zip(i).zip(f).zip(g) {
                    *c = f * *c + i * g;
                }
            }
        },
    );
    c_after.copy_from_slice(c);
    squashed.copy_from_slice(c);
    activation.apply(squashed, u);
    vectorize(
        #[inline(always)]
        || {
            let rows = h.chunks_exact_mut(u).zip(gates.chunks_exact(4 * u));
            for (sample, ((h, gates), squashed)) in rows.zip(squashed.chunks_exact(u)).enumerate() {
                if !skips.skips(sample) {
                    let pairs = h.iter_mut().zip(&gates[3 * u..]).zip(squashed);
                    pairs.for_each(|((h, o), squashed)| *h = o * squashed);
                }
            }
        },
    );
}

/// What is left in h's gradient passes by the products.
pub(super) fn backward(step: &mut CellStep<'_>) {
    let u = step.layout.units;
    let (activation, gate) = (&step.kernel.activation, &step.kernel.recurrent_activation);
    let CellStep { skips, gates, c_before, c_after, squashed, h, c, work, small, .. } = step;
    // The output: d o and d activation(c').
    vectorize(
        #[inline(always)]
        || {
            let rows = h.chunks_exact_mut(u).zip(gates.chunks_exact(4 * u));
            let rows = rows.zip(squashed.chunks_exact(u)).zip(small.chunks_exact_mut(u));
            let rows = rows.zip(work.chunks_exact_mut(4 * u)).enumerate();
            for (sample, ((((dh, gates), squashed), small), work)) in rows {
                if skips.skips(sample) {
                    small.fill(0.0);
                    continue;
                }
                let (o, d_o) = (&gates[3 * u..], &mut work[3 * u..]);
                let all = dh.iter_mut().zip(o).zip(squashed).zip(small).zip(d_o);
                for ((((dh, o), squashed), small), d_o) in all {
                    *d_o = *dh * squashed;
                    *small = *dh * o;
                    *dh = 0.0;
                }
            }
        },
    );
    activation.gradient(c_after, squashed, small, u);
    // The cell: d i, d f, d g, and the gradient of c before the step.
    vectorize(
        #[inline(always)]
        || {
            let rows = c.chunks_exact_mut(u).zip(gates.chunks_exact(4 * u));
            let rows = rows.zip(c_before.chunks_exact(u)).zip(small.chunks_exact(u));
            let rows = rows.zip(work.chunks_exact_mut(4 * u)).enumerate();
            for (sample, ((((dc, gates), before), small), work)) in rows {
                if skips.skips(sample) {
                    continue;
                }
                let (i, f, g) = (&gates[..u], &gates[u..2 * u], &gates[2 * u..3 * u]);
                let (d_i, rest) = work.split_at_mut(u);
                let (d_f, d_g) = rest.split_at_mut(u);
                let all = dc.iter_mut().zip(i).zip(f).zip(g).zip(before).zip(small);
                let all = all.zip(d_i).zip(d_f).zip(d_g);
                for ((((((((dc, i), f), g), before), small), d_i), d_f), d_g) in all {
                    let d = *dc + small;
                    *d_i = d * g;
                    *d_f = d * before;
                    *d_g = d * i;
                    *dc = d * f;
                }
            }
        },
    );
    step.derive(gate, 0..2 * u);
    step.derive(activation, 2 * u..3 * u);
    step.derive(gate, 3 * u..4 * u);
}
