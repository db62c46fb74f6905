//! The simple cell: `h' = activation(p)`, p being the step's product.

use super::step::CellStep;

pub(super) fn forward(mut step: CellStep<'_>) {
    let units = step.layout.units;
    step.activate(&step.kernel.activation, 0..units);
    let rows = step.h.chunks_exact_mut(units).zip(step.gates.chunks_exact(units));
    for (sample, (h, gates)) in rows.enumerate() {
        if !step.skips.skips(sample) {
            h.copy_from_slice(gates);
        }
    }
}

/// What is left in h's gradient passes by the products.
pub(super) fn backward(step: &mut CellStep<'_>) {
    let units = step.layout.units;
    let rows = step.h.chunks_exact_mut(units).zip(step.work.chunks_exact_mut(units));
    for (sample, (dh, work)) in rows.enumerate() {
        if !step.skips.skips(sample) {
            work.copy_from_slice(dh);
            dh.fill(0.0);
        }
    }
    step.derive(&step.kernel.activation, 0..units);
}
