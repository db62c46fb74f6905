//! Pooling, padding, cropping and up-sampling.

use super::convolution::{signed, starts_and_ends};
use super::flow::GraphValue;
use super::graph::{GraphBuilder, float, int, int_list, text};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::exchange::spatial::{PoolView, margins, sizes};
use crate::layers::{Interpolation, Margins, PerAxis};

pub(super) fn window(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    pool: &PoolView<'_>,
    flow: &GraphValue,
) -> GraphValue {
    let (_, axes) = layer.input.split_last().unwrap_or((&1, &[]));
    let slides = pool.slides(axes.len());
    let attributes = vec![
        int_list("kernel_shape", &signed(&slides.size)),
        int_list("strides", &signed(&slides.strides)),
        int_list("pads", &starts_and_ends(&slides.pads(axes))),
    ];
    let x = flow.channels_first(graph);
    let op = if pool.is_max { "MaxPool" } else { "AveragePool" };
    GraphValue { name: graph.node(op, &[&x], attributes), is_first: true, ..flow.clone() }
}

pub(super) fn global_max(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    keepdims: bool,
    flow: &GraphValue,
) -> GraphValue {
    let flow = flow.turned_last(graph);
    global(graph, layer, "ReduceMax", keepdims, &flow)
}

/// The mean; where there is a mask, over the steps that count.
pub(super) fn global_average(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    keepdims: bool,
    flow: &GraphValue,
) -> GraphValue {
    let flow = flow.turned_last(graph);
    let Some(mask) = &flow.mask else {
        return global(graph, layer, "ReduceMean", keepdims, &flow);
    };
    let keep = i64::from(keepdims);
    let axis = graph.ints(&[2]);
    let mask = graph.node("Unsqueeze", &[mask, &axis], vec![]); // (batch, time, 1)
    let kept = graph.node("Mul", &[&flow.name, &mask], vec![]);
    let axis = graph.ints(&[1]);
    let sum = graph.node("ReduceSum", &[&kept, &axis], vec![int("keepdims", keep)]);
    let count = graph.node("ReduceSum", &[&mask, &axis], vec![int("keepdims", keep)]);
    let one = graph.scalar(1.0); // all masked: 0, as here, and not 0 / 0
    let count = graph.node("Max", &[&count, &one], vec![]);
    flow.with(graph.node("Div", &[&sum, &count], vec![]))
}

fn global(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    op: &str,
    keepdims: bool,
    flow: &GraphValue,
) -> GraphValue {
    let axes: Vec<i64> = (1..layer.input.len() as i64).collect();
    let attributes = vec![int_list("axes", &axes), int("keepdims", i64::from(keepdims))];
    flow.with(graph.node(op, &[&flow.name], attributes))
}

pub(super) fn zero_padding(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    padding: &Margins,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let margins = margins(layer, padding)?;
    let mut pads = vec![0];
    pads.extend(margins.iter().map(|(before, _)| *before));
    pads.extend([0, 0]);
    pads.extend(margins.iter().map(|(_, after)| *after));
    pads.push(0);
    let pads = graph.ints(&pads);
    Ok(flow.with(graph.node("Pad", &[&flow.name, &pads], vec![text("mode", "constant")])))
}

pub(super) fn cropping(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    cropping: &Margins,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let margins = margins(layer, cropping)?;
    let starts: Vec<i64> = margins.iter().map(|(before, _)| *before).collect();
    let ends = margins.iter().zip(&layer.input).map(|((_, after), size)| *size as i64 - after);
    let ends: Vec<i64> = ends.collect();
    let axes: Vec<i64> = (1..=margins.len() as i64).collect();
    let (starts, ends, axes) = (graph.ints(&starts), graph.ints(&ends), graph.ints(&axes));
    Ok(flow.with(graph.node("Slice", &[&flow.name, &starts, &ends, &axes], vec![])))
}

pub(super) fn up_sampling(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    size: &PerAxis,
    interpolation: Interpolation,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let size = sizes(size, layer.input.len().saturating_sub(1));
    let attributes = match interpolation {
        Interpolation::Nearest => vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ],
        Interpolation::Bilinear => {
            vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")]
        }
        Interpolation::Bicubic => vec![
            text("mode", "cubic"),
            text("coordinate_transformation_mode", "half_pixel"),
            float("cubic_coeff_a", -0.5),
            int("exclude_outside", 1),
        ],
        Interpolation::Lanczos3 | Interpolation::Lanczos5 => {
            return interpolated(graph, layer, flow, &size, interpolation);
        }
    };
    let mut scales = vec![1.0, 1.0];
    scales.extend(size.iter().map(|size| *size as f32));
    let x = flow.channels_first(graph);
    let scales = graph.floats(&[scales.len()], &scales);
    let out = graph.node("Resize", &[&x, "", &scales], attributes);
    Ok(GraphValue { name: out, is_first: true, ..flow.clone() })
}

/// An image between two matrices: what each row, and each column, of the output is made of.
fn interpolated(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    flow: &GraphValue,
    size: &[usize],
    how: Interpolation,
) -> Result<GraphValue> {
    let [height, width, _] = layer.input[..] else {
        return Err(layer.refuse("its input is no image"));
    };
    let [times_down, times_across] = size else {
        return Err(layer.refuse("`size` must have two numbers"));
    };
    let matrix = |length: usize, times: usize, is_turned: bool| {
        let parts = how.parts(length, length * times);
        let mut values = vec![0.0; parts.len() * length];
        for (output, inputs) in parts.iter().enumerate() {
            for (input, part) in inputs {
                let at =
                    if is_turned { input * parts.len() + output } else { output * length + input };
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
    Ok(GraphValue { name, is_first: true, ..flow.clone() })
}

/// Window i of o over n is floor(i·n/o) to ceil((i+1)·n/o): slices, reduced and joined, an axis
/// after the other.
pub(super) fn adaptive(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    op: &str,
    flow: &GraphValue,
) -> GraphValue {
    let flow = flow.turned_last(graph);
    let mut name = flow.name.clone();
    for axis in 0..layer.input.len().saturating_sub(1) {
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
    flow.with(name)
}
