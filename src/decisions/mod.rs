//! Decisions: what a model says beyond its outputs, chosen on held-back rows once training has ended
//! and stored with it: calibrated probabilities, thresholds, intervals. `decide` makes them.

mod class_thresholds;
mod interval;
mod judge;
mod stored;
mod temperature;
mod threshold;

pub use class_thresholds::ClassThresholds;
pub(crate) use class_thresholds::LABEL_THRESHOLD;
pub(crate) use interval::conformal;
pub(crate) use judge::judge;
pub use stored::{Decisions, StoredInterval, StoredThreshold};
pub(crate) use temperature::{Truth, fit_temperature};
pub(crate) use threshold::{Candidate, best, candidates};

/// Numbers without a generator: the same as in tests/files/decisions/make.py.
#[cfg(test)]
fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..n).map(|_| 8.0 * next() - 4.0).collect()
}
