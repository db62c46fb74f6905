//! The formats that a model is exported to: the list.

mod config;
mod format;
mod keras;
mod onnx;
mod torch;
mod weights;

pub use format::{Container, ExportFormat, ExportOption, ExportOptions, Exported};

/// Every format, in the order of the documentation.
pub const EXPORT_FORMATS: &[&dyn ExportFormat] = &[
    &config::ConfigFormat,
    &weights::WeightsFormat,
    &torch::TorchFormat,
    &keras::KerasFormat,
    &keras::KerasWeightsFormat,
    &keras::KerasJsonFormat,
    &onnx::OnnxFormat,
];
