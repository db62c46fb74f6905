//! ONNX: a model as a graph of opset 17 (and ai.onnx.ml 3 for the preprocessing) with a dynamic
//! batch axis. Inputs and outputs are channels-last, as everywhere here; inside, images are turned
//! to ONNX's channels-first where an operator wants it, and back as late as possible.

mod activations;
mod basic;
mod convolution;
pub mod eval;
mod flow;
mod graph;
mod inputs;
mod layers;
mod normalization;
mod pooling;
mod preprocessing;
mod proof;
mod proto;
mod recurrent;
mod scan;

use prost::Message;

use self::flow::GraphValue;
use self::graph::{Dim, FLOAT, GraphBuilder, value};
pub use self::proof::difference;
use self::proto::{ModelProto, OperatorSetIdProto};
use super::portable::Portable;
use crate::error::{Error, Result};

/// The version of ONNX's operators that is written.
pub const OPSET: i64 = 17;
/// The version of ai.onnx.ml's operators that is written.
pub const ML_OPSET: i64 = 3;
/// The file format's version that came with opset 17.
const IR_VERSION: i64 = 8;

/// The bytes of an ONNX file. With the preprocessing, raw columns come in and class names,
/// probabilities or numbers in their own unit go out; without, the tensors that the layers see.
pub fn write(portable: &Portable, with_preprocessing: bool) -> Result<Vec<u8>> {
    let preprocessing = portable.preprocessing.as_ref().filter(|_| with_preprocessing);
    let mut graph = GraphBuilder::default();
    let mut inputs = Vec::new();
    let start = match preprocessing {
        Some(own) => preprocessing::features(&mut graph, own, &portable.input, &mut inputs),
        None => {
            inputs.push(value("input", FLOAT, &batch_of(&portable.input)));
            "input".to_string()
        }
    };
    let mut flow = GraphValue::new(start, portable.input.clone());
    for layer in &portable.layers {
        flow = layers::layer(&mut graph, layer, flow)?;
    }
    let last = flow.channels_last(&mut graph);
    let outputs = match preprocessing {
        Some(own) => preprocessing::outputs(&mut graph, portable, own, &last)?,
        None => {
            graph.nodes_of("", "Identity", &[&last], &["output"], Vec::new());
            vec![value("output", FLOAT, &batch_of(portable.output()))]
        }
    };
    let opset = |domain: &str, version| OperatorSetIdProto {
        domain: Some(domain.to_string()),
        version: Some(version),
    };
    let mut opset_import = vec![opset("", OPSET)];
    if preprocessing.is_some() {
        opset_import.push(opset("ai.onnx.ml", ML_OPSET));
    }
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("lanthorn".to_string()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_string()),
        doc_string: None,
        graph: Some(graph.finish(&portable.name, inputs, outputs)),
        opset_import,
    };
    let bytes = model.encode_to_vec();
    if bytes.len() > i32::MAX as usize {
        return Err(Error::run(
            "the model is larger than 2 GiB, which is more than an ONNX file can hold",
        ));
    }
    Ok(bytes)
}

fn batch_of(shape: &[usize]) -> Vec<Dim> {
    let mut dims = vec![Dim::Named("batch")];
    dims.extend(shape.iter().map(|dim| Dim::Of(*dim)));
    dims
}
