//! From the bytes of a file to a [`Graph`]. prost bounds the depth of messages; what they take grows
//! with the file's own size.

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::graph::{Graph, GraphNode};
use super::operators;
use super::value::{Data, ElementType, Evaluated, TensorValue, count, kind};
use crate::exchange::onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};
use crate::exchange::onnx::{ML_OPSET, OPSET};

/// Graphs inside graphs: a layer's step, and nothing in it.
const DEPTH: usize = 2;

impl Graph {
    /// Reads the bytes of an ONNX file.
    pub fn read(bytes: &[u8]) -> Result<Graph, String> {
        model(bytes)
    }
}

fn model(bytes: &[u8]) -> Evaluated<Graph> {
    let model = ModelProto::decode(bytes).map_err(|error| format!("no ONNX file: {error}"))?;
    for set in &model.opset_import {
        match (set.domain.as_deref().unwrap_or(""), set.version) {
            ("", Some(OPSET)) | ("ai.onnx.ml", Some(ML_OPSET)) => {}
            (domain, version) => {
                let version = version.unwrap_or(0);
                return Err(format!("the operators `{domain}` in version {version} are unknown"));
            }
        }
    }
    if model.opset_import.is_empty() {
        return Err("it doesn't say the version of its operators".to_string());
    }
    graph(model.graph.ok_or("it has no graph")?, DEPTH)
}

fn graph(proto: GraphProto, depth: usize) -> Evaluated<Graph> {
    if depth == 0 {
        return Err(format!("graphs lie in graphs more than {DEPTH} deep"));
    }
    let mut constants = HashMap::new();
    for tensor in proto.initializer {
        let name = tensor.name.clone().unwrap_or_default();
        let value = constant(tensor).map_err(|why| format!("the constant `{name}`: {why}"))?;
        if constants.insert(name.clone(), value).is_some() {
            return Err(format!("the name `{name}` is given twice"));
        }
    }
    let inputs = proto.input.into_iter().map(input).collect::<Evaluated<Vec<_>>>()?;
    let outputs: Vec<String> =
        proto.output.into_iter().map(|output| output.name.unwrap_or_default()).collect();
    let nodes = proto.node.into_iter().map(|proto| node(proto, depth));
    let mut nodes = nodes.collect::<Evaluated<Vec<_>>>()?;
    let mut needed: HashSet<String> = outputs.iter().cloned().collect();
    for node in nodes.iter_mut().rev() {
        let (mut named, mut spent) = (Vec::new(), Vec::new());
        node.names(&mut named);
        named.extend(&node.outputs); // one that nobody needs is spent at once
        for name in named {
            if needed.insert(name.clone()) {
                spent.push(name.clone());
            }
        }
        node.spent = spent;
    }
    Ok(Graph { inputs, outputs, constants, nodes })
}

impl GraphNode {
    /// The names of the values that it needs.
    fn names<'a>(&'a self, names: &mut Vec<&'a String>) {
        names.extend(&self.inputs);
        if let Some(body) = &self.body {
            names.extend(&body.outputs);
            for node in &body.nodes {
                node.names(names);
            }
        }
    }
}

fn node(proto: NodeProto, depth: usize) -> Evaluated<GraphNode> {
    let op = proto.op_type.unwrap_or_default();
    let domain = proto.domain.unwrap_or_default();
    let Some((operator, known)) = operators::find(&domain, &op) else {
        return Err(format!("the operator `{op}` of the set `{domain}` is unknown"));
    };
    let (mut attributes, mut body) = (HashMap::new(), None);
    for mut attribute in proto.attribute {
        let name = attribute.name.clone().unwrap_or_default();
        if !known.contains(&name.as_str()) {
            return Err(format!("`{op}`: the attribute `{name}` is unknown"));
        }
        if let AttributeProto { g: Some(_), r#type: Some(5), .. } = &attribute {
            body = attribute.g.take().map(|proto| graph(proto, depth - 1)).transpose()?;
        }
        attributes.insert(name, attribute);
    }
    let (inputs, outputs, spent) = (proto.input, proto.output, Vec::new());
    Ok(GraphNode { op, operator, inputs, outputs, attributes, body, spent })
}

fn input(proto: ValueInfoProto) -> Evaluated<(String, ElementType)> {
    let name = proto.name.unwrap_or_default();
    let tensor = proto.r#type.and_then(|kind| kind.tensor_type);
    let kind = kind(tensor.and_then(|tensor| tensor.elem_type));
    Ok((name.clone(), kind.map_err(|why| format!("the input `{name}`: {why}"))?))
}

fn constant(tensor: TensorProto) -> Evaluated<TensorValue> {
    let kind = kind(tensor.data_type)?;
    let dims: Option<Vec<usize>> =
        tensor.dims.iter().map(|dim| usize::try_from(*dim).ok()).collect();
    let dims = dims.ok_or("its shape is negative")?;
    if kind == ElementType::String {
        let texts = tensor.string_data.into_iter().map(String::from_utf8);
        let texts = texts.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        return TensorValue::texts(dims, texts);
    }
    let raw = tensor.raw_data.unwrap_or_default();
    let width = if kind == ElementType::Float { 4 } else { 8 };
    if raw.len() != count(&dims)?.saturating_mul(width) {
        return Err(format!("{} bytes don't fill the shape {dims:?}", raw.len()));
    }
    let numbers = match kind {
        ElementType::Float => elements(&raw, |bytes| f64::from(f32::from_le_bytes(bytes))),
        ElementType::Double => elements(&raw, f64::from_le_bytes),
        _ => elements(&raw, |bytes| i64::from_le_bytes(bytes) as f64), // exact up to 2^53
    };
    Ok(TensorValue { dims, data: Data::Numbers(kind, numbers) })
}

fn elements<const N: usize>(raw: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    raw.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
}
