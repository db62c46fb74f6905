//! What stands in for `onnx/` in a build without the feature `onnx`.

use std::path::Path;

use super::portable::Portable;
use crate::error::{Error, Result};
use crate::model::artifact::Model;

/// An error: this build has no ONNX.
pub fn write(_portable: &Portable, _with_preprocessing: bool) -> Result<Vec<u8>> {
    Err(absent())
}

/// An error: this build has no ONNX.
pub fn difference(_path: &Path, _model: Model, _is_raw: bool) -> Result<f32> {
    Err(absent())
}

fn absent() -> Error {
    Error::run("this build can't write ONNX files: the feature `onnx` is missing")
        .with_help("build with `--features onnx`, which is on by default")
}
