//! Loops for the widest registers that the machine has.

#![allow(unsafe_code)]

use pulp::{MemMask, Simd};

pub use crate::numeric::simd::vectorize;

/// The first `count` lanes, read and written by one instruction: a mask as pulp makes it jumps into
/// code of its own for each.
#[inline(always)]
pub(super) fn first_lanes<S: Simd>(simd: S, count: usize) -> MemMask<S::m32s> {
    MemMask::new(simd.mask_between_m32s(0, count as u32).mask())
}

/// A vector, or its first lanes alone.
///
/// # Safety
///
/// What is read lies within a slice.
#[inline(always)]
pub(super) unsafe fn load<S: Simd, const WHOLE: bool>(
    simd: S,
    mask: MemMask<S::m32s>,
    from: *const f32,
) -> S::f32s {
    // SAFETY: the caller's promise.
    unsafe {
        if WHOLE {
            from.cast::<S::f32s>().read_unaligned()
        } else {
            simd.mask_load_ptr_f32s(mask, from)
        }
    }
}

/// Writes a vector, or its first lanes alone.
///
/// # Safety
///
/// What is written lies within a slice that is ours alone.
#[inline(always)]
pub(super) unsafe fn store<S: Simd, const WHOLE: bool>(
    simd: S,
    mask: MemMask<S::m32s>,
    to: *mut f32,
    values: S::f32s,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if WHOLE {
            to.cast::<S::f32s>().write_unaligned(values);
        } else {
            simd.mask_store_ptr_f32s(mask, to, values);
        }
    }
}

/// Adds to a vector, or to its first lanes alone.
///
/// # Safety
///
/// As for [`store`].
#[inline(always)]
pub(super) unsafe fn add_to<S: Simd, const WHOLE: bool>(
    simd: S,
    mask: MemMask<S::m32s>,
    to: *mut f32,
    values: S::f32s,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let before = load::<S, WHOLE>(simd, mask, to);
        store::<S, WHOLE>(simd, mask, to, simd.add_f32s(before, values));
    }
}

/// Asks for what will be read at once, which need not lie within a slice.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
pub(super) fn prefetch(from: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; nothing is read that the program sees.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }
}

/// The same for what will be read later: it goes to the second cache, so as not to take the first one's
/// room.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
pub(super) fn prefetch_far(from: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; nothing is read that the program sees.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(from.cast());
    }
}
