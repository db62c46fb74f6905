//! Dense, embedding and the layers that change shapes alone.

use super::activations;
use super::flow::{GraphValue, signed};
use super::graph::{GraphBuilder, INT64, int, int_list, text};
use crate::activations::Activation;
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::layers::{EinsumDense, Embedding, Masking};

pub(super) fn dense(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    activation: &Activation,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let kernel = weight(graph, layer, "kernel")?;
    let out = graph.node("MatMul", &[&flow.name, &kernel], vec![]);
    with_bias(graph, layer, activation, &flow, out)
}

/// Keras's equations are ONNX's.
pub(super) fn einsum_dense(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    dense: &EinsumDense,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let kernel = weight(graph, layer, "kernel")?;
    let equation = text("equation", &dense.equation);
    let out = graph.node("Einsum", &[&flow.name, &kernel], vec![equation]);
    with_bias(graph, layer, &dense.activation, &flow, out)
}

/// A product with the bias that the layer has, through its activation.
fn with_bias(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    activation: &Activation,
    flow: &GraphValue,
    mut name: String,
) -> Result<GraphValue> {
    if layer.weight("bias").is_some() {
        let bias = weight(graph, layer, "bias")?;
        name = graph.node("Add", &[&name, &bias], vec![]);
    }
    let out = GraphValue { name, shape: layer.output.clone(), ..flow.clone() };
    Ok(activations::function(graph, activation, &out))
}

/// A weight of the layer as an initializer.
pub(super) fn weight(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    name: &str,
) -> Result<String> {
    let tensor =
        layer.weight(name).ok_or_else(|| layer.refuse(format!("it has no weight `{name}`")))?;
    graph.weight(&format!("{}.{name}", layer.name), tensor)
}

pub(super) fn flatten(graph: &mut GraphBuilder, flow: &GraphValue) -> GraphValue {
    let flow = flow.turned_last(graph);
    flow.with(graph.node("Flatten", &[&flow.name], vec![int("axis", 1)]))
}

/// The value in another shape.
pub(super) fn reshaped(graph: &mut GraphBuilder, name: &str, shape: &[i64]) -> String {
    let shape = graph.ints(shape);
    graph.node("Reshape", &[name, &shape], vec![])
}

pub(super) fn reshape(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    flow: &GraphValue,
) -> GraphValue {
    let flow = flow.turned_last(graph);
    flow.with(reshaped(graph, &flow.name, &signed(-1, &layer.output)))
}

pub(super) fn permute(graph: &mut GraphBuilder, dims: &[usize], flow: &GraphValue) -> GraphValue {
    let flow = flow.turned_last(graph);
    flow.with(graph.node("Transpose", &[&flow.name], vec![int_list("perm", &signed(0, dims))]))
}

pub(super) fn repeat_vector(graph: &mut GraphBuilder, n: usize, flow: &GraphValue) -> GraphValue {
    let axis = graph.ints(&[1]);
    let row = graph.node("Unsqueeze", &[&flow.name, &axis], vec![]);
    let repeats = graph.ints(&[1, n as i64, 1]);
    flow.with(graph.node("Tile", &[&row, &repeats], vec![]))
}

pub(super) fn embedding(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    embedding: &Embedding,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let table = weight(graph, layer, "embeddings")?;
    let ids = graph.node("Cast", &[&flow.name], vec![int("to", i64::from(INT64))]);
    let out = graph.node("Gather", &[&table, &ids], vec![int("axis", 0)]);
    let mask = embedding.mask_zero.then(|| {
        let zero = graph.ints(&[0]);
        let padding = graph.node("Equal", &[&ids, &zero], vec![]);
        let counts = graph.node("Not", &[&padding], vec![]);
        graph.node("Cast", &[&counts], vec![int("to", 1)]) // (batch, time)
    });
    Ok(GraphValue { name: out, shape: layer.output.clone(), is_first: false, mask })
}

/// A step counts unless all of its features are `mask_value`; steps that don't are zeroed.
pub(super) fn masking(
    graph: &mut GraphBuilder,
    masking: &Masking,
    flow: &GraphValue,
) -> GraphValue {
    let flow = flow.turned_last(graph);
    let value = graph.scalar(masking.mask_value);
    let padding = graph.node("Equal", &[&flow.name, &value], vec![]);
    let counts = graph.node("Not", &[&padding], vec![]);
    let counts = graph.node("Cast", &[&counts], vec![int("to", 1)]);
    let attributes = |keep| vec![int_list("axes", &[-1]), int("keepdims", keep)];
    let steps = graph.node("ReduceMax", &[&counts], attributes(1)); // (batch, time, 1)
    let mask = graph.node("ReduceMax", &[&counts], attributes(0)); // (batch, time)
    let name = graph.node("Mul", &[&flow.name, &steps], vec![]);
    GraphValue { name, mask: Some(mask), ..flow }
}
