//! The LSTM's cell: `c' = f · c + i · g`, `h' = o · activation(c')`. Blocks of columns: i, f, g, o.

use pulp::{Arch, Simd, WithSimd};

use super::cell::RecurrentKernel;
use super::step::CellStep;
use crate::activations::Activation;
use crate::kernels::simd::vectorize;

/// Whether the activations are those that nearly everyone has, which are done in one pass.
fn is_usual(kernel: &RecurrentKernel) -> bool {
    kernel.activation == Activation::tanh() && kernel.recurrent_activation == Activation::sigmoid()
}

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
    if is_usual(step.kernel) {
        return backward_usual(step);
    }
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
                // in three loops, each with few enough slices that the compiler makes vectors of them
                dc.iter_mut().zip(small).for_each(|(d, small)| *d += small);
                for ((((d, i), g), d_i), d_g) in dc.iter().zip(i).zip(g).zip(d_i).zip(d_g) {
                    *d_i = d * g;
                    *d_g = d * i;
                }
                for (((d, f), before), d_f) in dc.iter_mut().zip(f).zip(before).zip(d_f) {
                    *d_f = *d * before;
                    *d *= f;
                }
            }
        },
    );
    step.derive(gate, 0..2 * u);
    step.derive(activation, 2 * u..3 * u);
    step.derive(gate, 3 * u..4 * u);
}

/// The same in one pass; gradients of masked samples are left to `CellStep::clear_masked`.
fn backward_usual(step: &mut CellStep<'_>) {
    let u = step.layout.units;
    let CellStep { skips, gates, c_before, squashed, h, c, .. } = step;
    let rows = gates.chunks_exact_mut(4 * u).zip(h.chunks_exact_mut(u));
    let cells = c.chunks_exact_mut(u).zip(c_before.chunks_exact(u)).zip(squashed.chunks_exact(u));
    for (sample, ((gates, dh), ((dc, before), squashed))) in rows.zip(cells).enumerate() {
        if !skips.skips(sample) {
            Arch::new().dispatch(UsualGradient { gates, dh, dc, before, squashed });
        }
    }
}

/// One sample's step back where the activations are the usual ones: the gates become the gradients of
/// the products.
struct UsualGradient<'a> {
    gates: &'a mut [f32],
    dh: &'a mut [f32],
    dc: &'a mut [f32],
    before: &'a [f32],
    squashed: &'a [f32],
}

impl WithSimd for UsualGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let UsualGradient { gates, dh, dc, before, squashed } = self;
        let (i, rest) = gates.split_at_mut(dh.len());
        let (f, rest) = rest.split_at_mut(dh.len());
        let (g, o) = rest.split_at_mut(dh.len());
        let (i, i_end) = S::as_mut_simd_f32s(i);
        let (f, f_end) = S::as_mut_simd_f32s(f);
        let (g, g_end) = S::as_mut_simd_f32s(g);
        let (o, o_end) = S::as_mut_simd_f32s(o);
        let (dh, dh_end) = S::as_mut_simd_f32s(dh);
        let (dc, dc_end) = S::as_mut_simd_f32s(dc);
        let (before, before_end) = S::as_simd_f32s(before);
        let (squashed, squashed_end) = S::as_simd_f32s(squashed);
        for k in 0..dh.len() {
            let old = [i[k], f[k], g[k], o[k]];
            let new = usual_gradient(simd, old, [dh[k], dc[k]], before[k], squashed[k]);
            ([i[k], f[k], g[k], o[k]], dc[k]) = new;
            dh[k] = simd.splat_f32s(0.0);
        }
        if !dh_end.is_empty() {
            let read = |from: &[f32]| simd.partial_load_f32s(from);
            let old = [read(i_end), read(f_end), read(g_end), read(o_end)];
            let d = [read(dh_end), read(dc_end)];
            let (before, squashed) = (read(before_end), read(squashed_end));
            let ([i, f, g, o], dc) = usual_gradient(simd, old, d, before, squashed);
            for (to, new) in [(i_end, i), (f_end, f), (g_end, g), (o_end, o), (dc_end, dc)] {
                simd.partial_store_f32s(to, new);
            }
            dh_end.fill(0.0);
        }
    }
}

/// The gradients of the products of i, f, g and o, and of c before the step.
#[inline(always)]
fn usual_gradient<S: Simd>(
    simd: S,
    [i, f, g, o]: [S::f32s; 4],
    [dh, dc]: [S::f32s; 2],
    before: S::f32s,
    squashed: S::f32s,
) -> ([S::f32s; 4], S::f32s) {
    let times = |a, b| simd.mul_f32s(a, b);
    let less = |y| simd.sub_f32s(simd.splat_f32s(1.0), y);
    let d = simd.add_f32s(dc, times(times(dh, o), less(times(squashed, squashed))));
    let gates = [
        times(times(d, g), times(i, less(i))),
        times(times(d, before), times(f, less(f))),
        times(times(d, i), less(times(g, g))),
        times(times(dh, squashed), times(o, less(o))),
    ];
    (gates, times(d, f))
}
