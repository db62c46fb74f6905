//! What is in the folder of a cross-validation.

use std::path::{Path, PathBuf};

/// The name of the table of all metrics.
pub const CV: &str = "cv.csv";
/// The name of the table of predictions out of fold.
pub const OOF: &str = "oof.csv";

/// The folder of a fold, from 1, in that of its cross-validation.
pub fn fold_folder(folder: &Path, fold: usize) -> PathBuf {
    folder.join(format!("fold-{fold}"))
}

/// The folder of the model of all rows in that of its cross-validation.
pub fn refit_folder(folder: &Path) -> PathBuf {
    folder.join("refit")
}
