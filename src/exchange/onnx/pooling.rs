//! Pooling, padding, cropping and up-sampling.

use serde_json::Value;

use super::convolution::pads;
use super::flow::Flow;
use super::graph::{Graph, float, int, int_list, text};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::layers::Interpolation;

pub(super) fn layer(graph: &mut Graph, layer: &PortableLayer, flow: &Flow) -> Result<Flow> {
    let rank = layer.input.len().saturating_sub(1);
    let class = layer.class.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'D');
    match class {
        "MaxPooling" => window(graph, layer, flow, rank, "MaxPool"),
        "AveragePooling" => window(graph, layer, flow, rank, "AveragePool"),
        "GlobalAveragePooling" => global(graph, layer, flow, rank, "ReduceMean"),
        "GlobalMaxPooling" => global(graph, layer, flow, rank, "ReduceMax"),
        "ZeroPadding" => zero_padding(graph, layer, flow, rank),
        "Cropping" => cropping(graph, layer, flow, rank),
        "UpSampling" => up_sampling(graph, layer, flow, rank),
        "AdaptiveAveragePooling" | "AdaptiveMaxPooling" => {
            adaptive(graph, layer, flow, rank, class)
        }
        _ => Err(layer.refuse("the layer can't be written as ONNX")),
    }
}

fn window(
    graph: &mut Graph,
    layer: &PortableLayer,
    flow: &Flow,
    rank: usize,
    op: &str,
) -> Result<Flow> {
    let size = layer.sizes("pool_size", rank, 2)?;
    let strides = match layer.argument("strides") {
        Value::Null => size.clone(),
        _ => layer.sizes("strides", rank, 1)?,
    };
    let pads = pads(layer.text("padding"), &layer.input[..rank], &size, &strides);
    let signed = |sizes: &[usize]| -> Vec<i64> { sizes.iter().map(|size| *size as i64).collect() };
    let attributes = vec![
        int_list("kernel_shape", &signed(&size)),
        int_list("strides", &signed(&strides)),
        int_list("pads", &pads),
    ];
    let x = flow.channels_first(graph);
    let out = graph.node(op, &[&x], attributes);
    Ok(Flow { name: out, is_first: true, ..flow.clone() })
}

fn global(
    graph: &mut Graph,
    layer: &PortableLayer,
    flow: &Flow,
    rank: usize,
    op: &str,
) -> Result<Flow> {
    let flow = flow.turned_last(graph);
    let keep = i64::from(layer.flag("keepdims"));
    if let (Some(mask), "ReduceMean") = (&flow.mask, op) {
        // the mean over the steps that count
        let axis = graph.ints(&[2]);
        let mask = graph.node("Unsqueeze", &[mask, &axis], vec![]); // (batch, time, 1)
        let kept = graph.node("Mul", &[&flow.name, &mask], vec![]);
        let axis = graph.ints(&[1]);
        let sum = graph.node("ReduceSum", &[&kept, &axis], vec![int("keepdims", keep)]);
        let count = graph.node("ReduceSum", &[&mask, &axis], vec![int("keepdims", keep)]);
        let one = graph.scalar(1.0); // all masked: 0, as here, and not 0 / 0
        let count = graph.node("Max", &[&count, &one], vec![]);
        return Ok(flow.with(graph.node("Div", &[&sum, &count], vec![])));
    }
    let axes: Vec<i64> = (1..=rank as i64).collect();
    let attributes = vec![int_list("axes", &axes), int("keepdims", keep)];
    Ok(flow.with(graph.node(op, &[&flow.name], attributes)))
}

/// (before, after) for each axis, from one number, a list of numbers, or a list of pairs.
fn pairs(layer: &PortableLayer, name: &str, rank: usize, default: i64) -> Result<Vec<(i64, i64)>> {
    let whole = |value: &Value| value.as_i64().unwrap_or(0);
    match layer.argument(name) {
        Value::Null => Ok(vec![(default, default); rank]),
        Value::Number(n) => Ok(vec![(n.as_i64().unwrap_or(0), n.as_i64().unwrap_or(0)); rank]),
        Value::Array(items) if rank == 1 && items.len() == 2 && items[0].is_number() => {
            Ok(vec![(whole(&items[0]), whole(&items[1]))])
        }
        Value::Array(items) if items.len() == rank => Ok(items
            .iter()
            .map(|item| match item {
                Value::Array(pair) if pair.len() == 2 => (whole(&pair[0]), whole(&pair[1])),
                one => (whole(one), whole(one)),
            })
            .collect()),
        other => Err(layer.refuse(format!("`{name}` is {other}"))),
    }
}

fn zero_padding(
    graph: &mut Graph,
    layer: &PortableLayer,
    flow: &Flow,
    rank: usize,
) -> Result<Flow> {
    let flow = flow.turned_last(graph);
    let pairs = pairs(layer, "padding", rank, 1)?;
    let mut pads = vec![0];
    pads.extend(pairs.iter().map(|(before, _)| *before));
    pads.extend([0, 0]);
    pads.extend(pairs.iter().map(|(_, after)| *after));
    pads.push(0);
    let pads = graph.ints(&pads);
    Ok(flow.with(graph.node("Pad", &[&flow.name, &pads], vec![text("mode", "constant")])))
}

fn cropping(graph: &mut Graph, layer: &PortableLayer, flow: &Flow, rank: usize) -> Result<Flow> {
    let flow = flow.turned_last(graph);
    let default = i64::from(rank != 2);
    let pairs = pairs(layer, "cropping", rank, default)?;
    let starts: Vec<i64> = pairs.iter().map(|(before, _)| *before).collect();
    let ends: Vec<i64> =
        pairs.iter().zip(&layer.input).map(|((_, after), size)| *size as i64 - after).collect();
    let axes: Vec<i64> = (1..=rank as i64).collect();
    let (starts, ends, axes) = (graph.ints(&starts), graph.ints(&ends), graph.ints(&axes));
    Ok(flow.with(graph.node("Slice", &[&flow.name, &starts, &ends, &axes], vec![])))
}

fn up_sampling(graph: &mut Graph, layer: &PortableLayer, flow: &Flow, rank: usize) -> Result<Flow> {
    let size = layer.sizes("size", rank, 2)?;
    let mut scales = vec![1.0, 1.0];
    scales.extend(size.iter().map(|size| *size as f32));
    let attributes = match layer.text("interpolation") {
        "" | "nearest" => vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ],
        "bilinear" => {
            vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")]
        }
        "bicubic" => vec![
            text("mode", "cubic"),
            text("coordinate_transformation_mode", "half_pixel"),
            float("cubic_coeff_a", -0.5),
            int("exclude_outside", 1),
        ],
        "lanczos3" => return interpolated(graph, layer, flow, &size, Interpolation::Lanczos3),
        "lanczos5" => return interpolated(graph, layer, flow, &size, Interpolation::Lanczos5),
        other => {
            return Err(layer.refuse(format!("`interpolation: {other}` can't be written as ONNX")));
        }
    };
    let x = flow.channels_first(graph);
    let scales = graph.floats(&[scales.len()], &scales);
    let out = graph.node("Resize", &[&x, "", &scales], attributes);
    Ok(Flow { name: out, is_first: true, ..flow.clone() })
}

/// An image between two matrices: what each row, and each column, of the output is made of.
fn interpolated(
    graph: &mut Graph,
    layer: &PortableLayer,
    flow: &Flow,
    size: &[usize],
    how: Interpolation,
) -> Result<Flow> {
    let [height, width, _] = layer.input[..] else {
        return Err(layer.refuse("its input is no image"));
    };
    let [times_down, times_across] = size else {
        return Err(layer.refuse("`size` must have two numbers"));
    };
    let matrix = |length: usize, times: usize, is_turned: bool| {
        let parts = how.parts(length, times);
        let mut values = vec![0.0; parts.len() * length];
        for (output, inputs) in parts.iter().enumerate() {
            for (input, part) in inputs {
                let at = match is_turned {
                    true => input * parts.len() + output,
                    false => output * length + input,
                };
                values[at] += part;
            }
        }
        values
    };
    let rows = matrix(height, *times_down, false);
    let rows = graph.floats(&[height * times_down, height], &rows);
    let columns = matrix(width, *times_across, true);
    let columns = graph.floats(&[width, width * times_across], &columns);
    let x = flow.channels_first(graph);
    let tall = graph.node("MatMul", &[&rows, &x], vec![]);
    let name = graph.node("MatMul", &[&tall, &columns], vec![]);
    Ok(Flow { name, is_first: true, ..flow.clone() })
}

/// Window i of o over n is floor(i·n/o) to ceil((i+1)·n/o): slices, reduced and joined, an axis
/// after the other.
fn adaptive(
    graph: &mut Graph,
    layer: &PortableLayer,
    flow: &Flow,
    rank: usize,
    class: &str,
) -> Result<Flow> {
    let flow = flow.turned_last(graph);
    let op = if class == "AdaptiveMaxPooling" { "ReduceMax" } else { "ReduceMean" };
    let mut name = flow.name.clone();
    for axis in 0..rank {
        let (n, o) = (layer.input[axis], layer.output[axis]);
        let mut parts = Vec::with_capacity(o);
        for i in 0..o {
            let (start, end) = ((i * n / o) as i64, ((i + 1) * n).div_ceil(o) as i64);
            let at = axis as i64 + 1;
            let (start, end) = (graph.ints(&[start]), graph.ints(&[end]));
            let axes = graph.ints(&[at]);
            let part = graph.node("Slice", &[&name, &start, &end, &axes], vec![]);
            parts.push(graph.node(op, &[&part], vec![int_list("axes", &[at]), int("keepdims", 1)]));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        name = graph.node("Concat", &parts, vec![int("axis", axis as i64 + 1)]);
    }
    Ok(flow.with(name))
}
