//! Freed memory that the allocator still holds.

use std::sync::OnceLock;

use crate::threads;

static RETURNING: OnceLock<fn()> = OnceLock::new();

/// How a thread returns the memory that it has freed, for a program whose allocator keeps it for a
/// while. The first call counts.
pub fn returned_by(returning: fn()) {
    let _ = RETURNING.set(returning);
}

/// Returns to the system what all threads have freed: for once that much was, and as much is about to
/// be taken elsewhere.
pub(crate) fn return_freed() {
    if let Some(returning) = RETURNING.get() {
        threads::on_each(*returning);
    }
}
