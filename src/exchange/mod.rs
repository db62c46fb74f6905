//! Exchange with other tools: a folder a format, and the list of those that are written; the schema
//! for editors.

pub mod editors;
pub mod formats;
pub mod keras;
pub mod keras_json;
mod layer_rules;
pub mod of_model;
#[cfg(feature = "onnx")]
pub mod onnx;
#[cfg(not(feature = "onnx"))]
#[path = "onnx_absent.rs"]
pub mod onnx;
pub mod portable;
pub mod python;
pub mod signatures;
mod spatial;
pub mod tidy;
pub mod torch;
pub mod verify;
