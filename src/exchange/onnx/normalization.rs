//! Normalization and scaling, of basic operators.

use candle_core::{DType, Tensor};

use super::basic::reshaped;
use super::flow::{GraphValue, signed};
use super::graph::{GraphBuilder, int, int_list};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::layers::{
    AxisList, BatchNormalization, GroupNormalization, LayerNormalization, Normalization,
    NumberList, Rescaling, RmsNormalization, UnitNormalization,
};
use crate::shape::Shape;

pub(super) fn rescaling(
    graph: &mut GraphBuilder,
    rescaling: &Rescaling,
    flow: &GraphValue,
) -> GraphValue {
    let flow = flow.turned_last(graph);
    let mut constant = |numbers: &NumberList| {
        let numbers = single(numbers);
        graph.floats(&[numbers.len()], &numbers)
    };
    let (scale, offset) = (constant(&rescaling.scale), constant(&rescaling.offset));
    let scaled = graph.node("Mul", &[&flow.name, &scale], vec![]);
    flow.with(graph.node("Add", &[&scaled, &offset], vec![]))
}

fn single(numbers: &NumberList) -> Vec<f32> {
    numbers.flat().into_iter().map(|number| number as f32).collect()
}

/// `(x - mean) / max(√variance, ε)`, or its inverse.
pub(super) fn normalization(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    norm: &Normalization,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let axes = axes(layer, &norm.axis, flow.shape.len())?;
    let values = |name: &str, given: &Option<NumberList>| -> Result<Vec<f32>> {
        match (layer.weight(name), given) {
            (Some(tensor), _) => Ok(tensor.flatten_all()?.to_vec1()?),
            (None, Some(given)) => Ok(single(given)),
            (None, None) => Err(layer.refuse(format!("it has no `{name}`"))),
        }
    };
    let (mean, variance) = (values("mean", &norm.mean)?, values("variance", &norm.variance)?);
    let deviation: Vec<f32> = variance.iter().map(|v| v.sqrt().max(1e-7)).collect();
    let dims = spread(&flow.shape, &axes);
    let fitting = |values: &[f32]| {
        if values.len() == dims.iter().product::<usize>() {
            dims.clone()
        } else {
            vec![values.len()]
        }
    };
    let (mean_dims, deviation_dims) = (fitting(&mean), fitting(&deviation));
    let mean = graph.floats(&mean_dims, &mean);
    let deviation = graph.floats(&deviation_dims, &deviation);
    let out = if norm.invert {
        let scaled = graph.node("Mul", &[&flow.name, &deviation], vec![]);
        graph.node("Add", &[&scaled, &mean], vec![])
    } else {
        let moved = graph.node("Sub", &[&flow.name, &mean], vec![]);
        graph.node("Div", &[&moved, &deviation], vec![])
    };
    Ok(flow.with(out))
}

/// With its moving statistics: one factor and one offset a channel.
pub(super) fn batch(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    norm: &BatchNormalization,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let axes = axes(layer, &norm.axis, flow.shape.len())?;
    let is_channel = axes == [flow.shape.len() - 1];
    let flow = if is_channel { flow.clone() } else { flow.turned_last(graph) };
    let vector = |name: &str| -> Result<Option<Vec<f64>>> {
        let Some(tensor) = layer.weight(name) else { return Ok(None) };
        Ok(Some(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?))
    };
    let missing = || layer.refuse("it has no moving statistics");
    let mean = vector("moving_mean")?.ok_or_else(missing)?;
    let variance = vector("moving_variance")?.ok_or_else(missing)?;
    let (gamma, beta) = (vector("gamma")?, vector("beta")?);
    let factor: Vec<f64> = variance
        .iter()
        .enumerate()
        .map(|(i, v)| gamma.as_ref().map_or(1.0, |g| g[i]) / (v + norm.epsilon).sqrt())
        .collect();
    let offset: Vec<f32> = mean
        .iter()
        .enumerate()
        .map(|(i, m)| (beta.as_ref().map_or(0.0, |b| b[i]) - m * factor[i]) as f32)
        .collect();
    let factor: Vec<f32> = factor.iter().map(|f| *f as f32).collect();
    let mut dims = spread(&flow.shape, &axes);
    if flow.is_first {
        dims = vec![1; flow.shape.len()];
        dims[0] = factor.len(); // (channels, 1, …) against (batch, channels, …)
    }
    let (factor, offset) = (graph.floats(&dims, &factor), graph.floats(&dims, &offset));
    let scaled = graph.node("Mul", &[&flow.name, &factor], vec![]);
    Ok(flow.with(graph.node("Add", &[&scaled, &offset], vec![])))
}

pub(super) fn layer_norm(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    norm: &LayerNormalization,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let axes = axes(layer, &norm.axis, flow.shape.len())?;
    let over: Vec<i64> = axes.iter().map(|axis| *axis as i64 + 1).collect();
    let out = standardized(graph, &flow.name, &over, norm.epsilon);
    let dims = spread(&flow.shape, &axes);
    Ok(flow.with(affine(graph, layer, &out, &dims, ["gamma", "beta"])?))
}

pub(super) fn rms(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    norm: &RmsNormalization,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let axes = axes(layer, &norm.axis, flow.shape.len())?;
    let over: Vec<i64> = axes.iter().map(|axis| *axis as i64 + 1).collect();
    let out = over_root(graph, &flow.name, &over, norm.epsilon);
    let dims = spread(&flow.shape, &axes);
    Ok(flow.with(affine(graph, layer, &out, &dims, ["scale", ""])?))
}

/// Moments over each group of channels and all other axes. Channels along another axis than the
/// last go to the end and back.
pub(super) fn group(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    norm: &GroupNormalization,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let rank = flow.shape.len();
    let resolved = norm.resolve(&Shape(flow.shape.clone()));
    let (axis, groups) = resolved.map_err(|problem| layer.refuse(problem.message))?;
    if axis == rank - 1 {
        return grouped(graph, layer, norm.epsilon, groups, &flow);
    }
    let mut there: Vec<usize> = (0..rank).filter(|other| *other != axis).collect();
    there.push(axis);
    let back: Vec<usize> =
        (0..rank).map(|at| there.iter().position(|from| *from == at).unwrap_or(at)).collect();
    let turned = |graph: &mut GraphBuilder, name: &str, order: &[usize]| {
        let order: Vec<usize> = order.iter().map(|axis| axis + 1).collect();
        graph.node("Transpose", &[name], vec![int_list("perm", &signed(0, &order))])
    };
    let name = turned(graph, &flow.name, &there);
    let shape = there.iter().map(|axis| flow.shape[*axis]).collect();
    let out =
        grouped(graph, layer, norm.epsilon, groups, &GraphValue { name, shape, ..flow.clone() })?;
    let name = turned(graph, &out.name, &back);
    Ok(flow.with(name))
}

fn grouped(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    epsilon: f64,
    groups: usize,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let (channels, places) = flow.shape.split_last().unwrap_or((&1, &[]));
    let rank = flow.shape.len() as i64;
    let mut split = signed(-1, places);
    split.extend([groups as i64, (channels / groups.max(1)) as i64]);
    let parts = reshaped(graph, &flow.name, &split); // (batch, …, groups, channels / groups)
    let over: Vec<i64> = (1..=rank + 1).filter(|axis| *axis != rank).collect();
    let out = standardized(graph, &parts, &over, epsilon);
    let out = reshaped(graph, &out, &signed(-1, &flow.shape));
    Ok(flow.with(affine(graph, layer, &out, &[*channels], ["gamma", "beta"])?))
}

/// `x · min(1/√(Σ x²), 1e12)`
pub(super) fn unit(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    norm: &UnitNormalization,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let axes = axes(layer, &norm.axis, flow.shape.len())?;
    let over: Vec<i64> = axes.iter().map(|axis| *axis as i64 + 1).collect();
    let square = graph.node("Mul", &[&flow.name, &flow.name], vec![]);
    let over = graph.ints(&over);
    let sum = graph.node("ReduceSum", &[&square, &over], vec![int("keepdims", 1)]);
    let least = graph.scalar(1e-24);
    let sum = graph.node("Max", &[&sum, &least], vec![]);
    let root = graph.node("Sqrt", &[&sum], vec![]);
    Ok(flow.with(graph.node("Div", &[&flow.name, &root], vec![])))
}

fn mean(graph: &mut GraphBuilder, x: &str, axes: &[i64]) -> String {
    graph.node("ReduceMean", &[x], vec![int_list("axes", axes), int("keepdims", 1)])
}

/// `(x - mean) / √(variance + ε)`
fn standardized(graph: &mut GraphBuilder, x: &str, axes: &[i64], epsilon: f64) -> String {
    let mean = mean(graph, x, axes);
    let moved = graph.node("Sub", &[x, &mean], vec![]);
    over_root(graph, &moved, axes, epsilon)
}

/// `x / √(mean(x²) + ε)`
fn over_root(graph: &mut GraphBuilder, x: &str, axes: &[i64], epsilon: f64) -> String {
    let square = graph.node("Mul", &[x, x], vec![]);
    let variance = mean(graph, &square, axes);
    let epsilon = graph.scalar(epsilon);
    let sum = graph.node("Add", &[&variance, &epsilon], vec![]);
    let root = graph.node("Sqrt", &[&sum], vec![]);
    graph.node("Div", &[x, &root], vec![])
}

/// Times one weight, plus another, where the layer has them.
fn affine(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    x: &str,
    dims: &[usize],
    names: [&str; 2],
) -> Result<String> {
    let mut out = x.to_string();
    for (name, op) in names.into_iter().zip(["Mul", "Add"]) {
        if let Some(weight) = layer.weight(name) {
            let weight: Tensor = weight.reshape(dims)?;
            let weight = graph.weight(&format!("{}.{name}", layer.name), &weight)?;
            out = graph.node(op, &[&out, &weight], vec![]);
        }
    }
    Ok(out)
}

/// The axes that `axis` names, counted without the batch, sorted.
fn axes(layer: &PortableLayer, axes: &AxisList, rank: usize) -> Result<Vec<usize>> {
    let axis = |axis: i64| {
        let axis = if axis < 0 { axis + rank as i64 } else { axis - 1 }; // Keras counts the batch
        usize::try_from(axis).ok().filter(|axis| *axis < rank)
    };
    let axes: Option<Vec<usize>> = axes.all().iter().copied().map(axis).collect();
    let mut axes = axes.ok_or_else(|| layer.refuse("`axis` names no axis of its input"))?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

/// A shape that is 1 everywhere but along `axes`, without leading ones.
fn spread(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let first = axes.first().copied().unwrap_or(shape.len());
    (first..shape.len()).map(|axis| if axes.contains(&axis) { shape[axis] } else { 1 }).collect()
}
