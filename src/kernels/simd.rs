//! Loops for the widest registers that the machine has.

pub use crate::numeric::simd::vectorize;
