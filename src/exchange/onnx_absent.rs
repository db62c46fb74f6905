//! What stands in for `onnx/` in a build without the feature `onnx`.

use super::portable::Portable;
use super::tables::Tables;
use crate::error::{Error, Result};

/// An error: this build has no ONNX.
pub fn write(_portable: &Portable, _tables: Option<&Tables>) -> Result<Vec<u8>> {
    Err(Error::run("this build can't write ONNX files: the feature `onnx` is missing")
        .with_help("build with `--features onnx`, which is on by default"))
}
