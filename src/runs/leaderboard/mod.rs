//! Runs beside each other: what each has come to, which are listed, where two of them differ, what
//! people say of them, and how one is taken away.

mod comparison;
mod removal;
mod run_diff;
mod run_filter;
mod run_notes;

pub use comparison::*;
pub use removal::*;
pub use run_diff::*;
pub use run_filter::*;
pub use run_notes::*;
