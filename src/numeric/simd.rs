//! Loops for the widest registers that the machine has, found at run time.

/// Runs a loop compiled for the machine's registers (AVX-512, AVX2, NEON); plain code elsewhere.
/// What the closure calls must be inlined into it to gain. Numbers that the loop uses are to be
/// moved into the closure: through a reference they might change with every number that is written.
#[inline]
pub fn vectorize<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}
