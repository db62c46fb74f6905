//! Other tools' files, both ways.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod convert;
#[cfg(feature = "keras")]
mod exchange;
#[cfg(feature = "keras")]
mod exchange_names;
#[cfg(feature = "keras")]
mod exchange_weights;
#[cfg(feature = "keras")]
mod import;
#[cfg(all(feature = "onnx", feature = "keras"))]
mod onnx;
mod residual;
mod torch_columns;
