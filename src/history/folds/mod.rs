//! The folds of a cross-validation: their folders, and the loss and the metrics of each.

mod folders;
mod scores;

pub use folders::*;
pub use scores::*;
