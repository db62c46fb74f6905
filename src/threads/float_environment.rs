//! The float environment: threads that compute treat subnormal numbers as zero, as XLA does.
//!
//! Below 1.2e-38 an f32 is subnormal: it loses digits, and on many processors each operation on one
//! takes some 150 cycles. A gradient that vanishes over 200 time steps, or Adam's moments of a pixel
//! that is always 0, decay into that range and stay there; a training then takes up to 25 times as
//! long. So the processor is told to write zero for a subnormal result (flush to zero) and to read
//! zero for a subnormal operand (denormals are zero): MXCSR's bits 15 and 6 on x86-64, FPCR's bit 24
//! on aarch64. On other processors nothing is changed.
//!
//! # Why this is sound enough
//!
//! Rust assumes the default float environment, and calls it undefined behaviour to run float code
//! under another (see `core::arch::x86_64::_mm_setcsr`). What the compiler does with that assumption
//! is to compute constants at compile time, and to move float operations, which have no side effects
//! for it, across the switch. Either may give a subnormal number where the processor would have given
//! zero, or zero where a subnormal was due; it can't do more, since rounding and exceptions stay as
//! they are. Nothing here relies on a single operation being flushed, for memory safety or for
//! correctness: only the speed depends on it, and the equality of bytes at any number of threads,
//! for which every thread of the pool is switched once, at its start, far from any arithmetic. The
//! switch is inline assembly, a barrier for memory that the compiler can't remove.

#![allow(unsafe_code)]

use std::marker::PhantomData;

/// Treats subnormal numbers as zero on this thread, until it is dropped: then the thread's own
/// setting is back.
///
/// ```
/// use lanthorn::runtime::FlushToZero;
///
/// let tiny = std::hint::black_box(1e-38f32);
/// let flushed = FlushToZero::on_this_thread();
/// let product = std::hint::black_box(tiny * std::hint::black_box(0.1));
/// drop(flushed);
/// assert!(!product.is_subnormal() || !FlushToZero::is_supported());
/// ```
#[must_use = "the setting is put back as soon as this is dropped"]
pub struct FlushToZero {
    before: register::Value,
    /// A thread's setting is put back by the same thread.
    _not_send: PhantomData<*const ()>,
}

impl FlushToZero {
    /// Switches this thread.
    pub fn on_this_thread() -> FlushToZero {
        let before = register::read();
        register::write(before | register::FLUSH);
        FlushToZero { before, _not_send: PhantomData }
    }

    /// Switches this thread for good: for threads that do nothing but compute.
    pub(crate) fn for_good() {
        std::mem::forget(FlushToZero::on_this_thread());
    }

    /// True where this processor can be told.
    pub const fn is_supported() -> bool {
        register::FLUSH != 0
    }
}

impl Drop for FlushToZero {
    fn drop(&mut self) {
        // the exception flags that were raised meanwhile stay raised
        let flags = register::read() & !register::FLUSH;
        register::write(flags | (self.before & register::FLUSH));
    }
}

#[cfg(target_arch = "x86_64")]
mod register {
    use std::arch::asm;

    pub(super) type Value = u32;
    /// Flush to zero and denormals are zero; every x86-64 processor has both.
    pub(super) const FLUSH: Value = 1 << 15 | 1 << 6;

    pub(super) fn read() -> Value {
        let mut value: Value = 0;
        // SAFETY: stores MXCSR into the four bytes of `value`, and changes nothing else.
        unsafe {
            asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags));
        }
        value
    }

    pub(super) fn write(value: Value) {
        // SAFETY: reads the four bytes of `value`, which is what MXCSR held but for two bits that
        // every x86-64 processor has: no reserved bit is set. Beyond that, see the module's text.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags));
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    use std::arch::asm;

    pub(super) type Value = u64;
    /// Flush to zero, of operands and of results.
    pub(super) const FLUSH: Value = 1 << 24;

    pub(super) fn read() -> Value {
        let value: Value;
        // SAFETY: reads a register of this thread's.
        unsafe { asm!("mrs {}, fpcr", out(reg) value, options(nostack, preserves_flags)) };
        value
    }

    pub(super) fn write(value: Value) {
        // SAFETY: `value` is what FPCR held but for the one bit. Beyond that, see the module's text.
        unsafe { asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod register {
    pub(super) type Value = u32;
    pub(super) const FLUSH: Value = 0;

    pub(super) fn read() -> Value {
        0
    }

    pub(super) fn write(_: Value) {}
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    fn product() -> f32 {
        black_box(black_box(1e-38f32) * black_box(0.01))
    }

    #[test]
    fn subnormal_results_and_operands_are_zero_while_it_lives_and_the_setting_is_put_back() {
        let subnormal = product();
        assert!(subnormal > 0.0);
        {
            let _flushed = FlushToZero::on_this_thread();
            {
                let _again = FlushToZero::on_this_thread();
                assert_eq!(product() == 0.0, FlushToZero::is_supported());
            }
            assert_eq!(product() == 0.0, FlushToZero::is_supported(), "the inner one ended it");
            let read = black_box(black_box(subnormal) * black_box(1e10));
            assert_eq!(read == 0.0, FlushToZero::is_supported());
        }
        assert_eq!(product(), subnormal);
    }
}
