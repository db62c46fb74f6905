//! Loops for the widest registers that the machine has.

pub use crate::simd::vectorize;
