//! The one limit of sizes.

pub(crate) mod free_memory;
pub(crate) mod freed_memory;

/// The most numbers that an array may hold: a sample, a weight, or a count along one axis. Numbers of
/// an array are counted in 32 bits, and no computation that a user means comes near it.
pub(crate) const MOST_NUMBERS: usize = 1 << 31;
