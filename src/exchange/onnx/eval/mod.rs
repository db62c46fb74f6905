//! A reader and evaluator of ONNX files, by which `export --verify` proves what was written. It is
//! ONNX's definition of each operator in plain loops, made for being read beside the specification
//! and not for speed; it shares nothing with the exporter but the numbers of the file's fields. Only
//! what the exporter writes is known: any other operator or attribute is an error that names it.

mod graph;
mod math;
mod ml;
mod operators;
mod read;
mod recurrent;
mod reduce;
mod tensors;
mod value;
mod windows;

pub use graph::Graph;
pub use value::{ElementType, TensorValue};
