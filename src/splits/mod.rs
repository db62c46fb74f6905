//! Splits: which rows of the table to train on are held back to validate on. A list, a file and a line
//! each; [`CvConfig`] makes several of them, the folds of a cross-validation. `moment` is their dates.
//!
//! A table of its own to validate on is `data.validation`.

mod calibration;
mod column;
mod division;
mod folds;
mod group;
mod hash;
mod key_column;
mod moment;
mod random;
mod role;
mod rows;
mod split;
mod stratified;
mod tail;
#[cfg(test)]
mod tests;
mod time;
mod validation_split;
mod written;

pub(crate) use calibration::{calibrate, check_calibration};
pub use column::ColumnSplit;
pub(crate) use division::Division;
pub use folds::{CvConfig, FoldsBy};
pub use group::GroupSplit;
pub use hash::HashSplit;
pub(crate) use key_column::KeyColumn;
pub(crate) use moment::moment;
pub use role::RowRole;
pub(crate) use rows::SplitRows;
pub use time::TimeSplit;
pub use validation_split::ValidationSplit;
