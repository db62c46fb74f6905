//! Loops for the widest registers that the machine has, found at run time.

#![allow(unsafe_code)]

/// Numbers of a line of the cache.
pub(crate) const LINE: usize = 16;

/// Runs a loop compiled for the machine's registers (AVX-512, AVX2, NEON); plain code elsewhere.
/// What the closure calls must be inlined into it to gain. Numbers that the loop uses are to be
/// moved into the closure: through a reference they might change with every number that is written.
#[inline]
pub fn vectorize<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

/// Asks for a line of the cache that will be written: where another processor has it too, it gives it
/// up meanwhile, and the write needn't wait. The address need not lie within a slice.
#[inline(always)]
pub(crate) fn prefetch_to_write(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; it never fails, and nothing is read or written that the program sees.
    unsafe {
        // by name: what `_mm_prefetch` gives is no request to write, unless all code is compiled for it
        std::arch::asm!("prefetchw [{}]", in(reg) at.addr(), options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pstl1keep, [{}]", in(reg) at.addr(), options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = at;
}
