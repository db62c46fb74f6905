//! Exchange with other tools, a file a format.

pub mod keras;
pub mod keras_json;
pub mod of_model;
#[cfg(feature = "onnx")]
pub mod onnx;
#[cfg(not(feature = "onnx"))]
#[path = "onnx_absent.rs"]
pub mod onnx;
pub mod portable;
pub mod python;
pub mod signatures;
pub mod tables;
pub mod tidy;
pub mod torch;
pub mod verify;
