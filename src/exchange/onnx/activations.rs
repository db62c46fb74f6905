//! Activations as ONNX operators.

use super::flow::GraphValue;
use super::graph::{GraphBuilder, float, int, int_list};
use crate::activations::{Activation, SELU_ALPHA, SELU_SCALE};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::layers::AxisList;

/// `x` where it is above 0, elsewhere `alpha · x`.
pub(super) fn p_re_lu(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let flow = flow.turned_last(graph);
    let alpha = layer.weight("alpha").or(layer.weights.first().map(|(_, w)| w));
    let alpha = alpha.ok_or_else(|| layer.refuse("it has no weight `alpha`"))?;
    let alpha = graph.weight(&format!("{}.alpha", layer.name), alpha)?;
    let positive = graph.node("Relu", &[&flow.name], vec![]);
    let negative = graph.node("Sub", &[&flow.name, &positive], vec![]); // min(x, 0)
    let scaled = graph.node("Mul", &[&negative, &alpha], vec![]);
    Ok(flow.with(graph.node("Add", &[&positive, &scaled], vec![])))
}

/// An activation over a value.
pub(super) fn function(
    graph: &mut GraphBuilder,
    activation: &Activation,
    flow: &GraphValue,
) -> GraphValue {
    let x = flow.name.as_str();
    flow.with(match *activation {
        Activation::Linear => return flow.clone(),
        Activation::Relu { max_value, negative_slope, threshold } => {
            relu(graph, x, max_value, negative_slope, threshold)
        }
        Activation::Relu6 => clip(graph, x, 0.0, 6.0),
        Activation::LeakyRelu { negative_slope } => {
            graph.node("LeakyRelu", &[x], vec![float("alpha", negative_slope)])
        }
        Activation::Elu { alpha } => graph.node("Elu", &[x], vec![float("alpha", alpha)]),
        Activation::Selu => {
            let attributes = vec![float("alpha", SELU_ALPHA), float("gamma", SELU_SCALE)];
            graph.node("Selu", &[x], attributes)
        }
        Activation::Celu { alpha } => graph.node("Celu", &[x], vec![float("alpha", alpha)]),
        Activation::Gelu { approximate } => gelu(graph, x, approximate),
        Activation::Silu => {
            let gate = graph.node("Sigmoid", &[x], vec![]);
            graph.node("Mul", &[x, &gate], vec![])
        }
        Activation::HardSilu => {
            let gate = hard_sigmoid(graph, x);
            graph.node("Mul", &[x, &gate], vec![])
        }
        Activation::Sigmoid => graph.node("Sigmoid", &[x], vec![]),
        Activation::HardSigmoid => hard_sigmoid(graph, x),
        Activation::LogSigmoid => {
            let negative = graph.node("Neg", &[x], vec![]);
            let soft = graph.node("Softplus", &[&negative], vec![]);
            graph.node("Neg", &[&soft], vec![])
        }
        Activation::Softplus => graph.node("Softplus", &[x], vec![]),
        Activation::Softsign => graph.node("Softsign", &[x], vec![]),
        Activation::Tanh => graph.node("Tanh", &[x], vec![]),
        Activation::TanhShrink => {
            let tanh = graph.node("Tanh", &[x], vec![]);
            graph.node("Sub", &[x, &tanh], vec![])
        }
        Activation::HardTanh => clip(graph, x, -1.0, 1.0),
        Activation::Exponential => graph.node("Exp", &[x], vec![]),
        Activation::Mish => {
            let soft = graph.node("Softplus", &[x], vec![]);
            let tanh = graph.node("Tanh", &[&soft], vec![]);
            graph.node("Mul", &[x, &tanh], vec![])
        }
        Activation::Squareplus { b } => {
            let square = graph.node("Mul", &[x, x], vec![]);
            let b = graph.scalar(b);
            let sum = graph.node("Add", &[&square, &b], vec![]);
            let root = graph.node("Sqrt", &[&sum], vec![]);
            let sum = graph.node("Add", &[x, &root], vec![]);
            let two = graph.scalar(2.0);
            graph.node("Div", &[&sum, &two], vec![])
        }
        Activation::SoftShrink { threshold } => shrink(graph, x, threshold, threshold),
        Activation::HardShrink { threshold } => shrink(graph, x, threshold, 0.0),
        Activation::SparsePlus => {
            let one = graph.scalar(1.0);
            let inside = clip(graph, x, -1.0, 1.0);
            let inside = graph.node("Add", &[&inside, &one], vec![]);
            let square = graph.node("Mul", &[&inside, &inside], vec![]);
            let four = graph.scalar(4.0);
            let curve = graph.node("Div", &[&square, &four], vec![]);
            let above = graph.node("Sub", &[x, &one], vec![]);
            let above = graph.node("Relu", &[&above], vec![]);
            graph.node("Add", &[&curve, &above], vec![])
        }
        Activation::SparseSigmoid => {
            graph.node("HardSigmoid", &[x], vec![float("alpha", 0.5), float("beta", 0.5)])
        }
        Activation::Softmax => return softmax(graph, &AxisList::last(), flow),
        Activation::LogSoftmax => {
            let flow = flow.turned_last(graph);
            return flow.with(graph.node("LogSoftmax", &[&flow.name], vec![int("axis", -1)]));
        }
        Activation::Sparsemax => {
            let flow = flow.turned_last(graph);
            return flow.with(sparsemax(graph, &flow));
        }
        Activation::Glu => {
            let flow = flow.turned_last(graph);
            let (a, b) = (graph.fresh("half"), graph.fresh("half"));
            let axis = vec![int("axis", -1)];
            graph.nodes_of("", "Split", &[&flow.name], &[&a, &b], axis);
            let gate = graph.node("Sigmoid", &[&b], vec![]);
            return flow.with(graph.node("Mul", &[&a, &gate], vec![]));
        }
        Activation::Threshold { threshold, default_value } => {
            let threshold = graph.scalar(threshold);
            let value = graph.scalar(default_value);
            let above = graph.node("Greater", &[x, &threshold], vec![]);
            graph.node("Where", &[&above, x, &value], vec![])
        }
    })
}

fn shrink(graph: &mut GraphBuilder, x: &str, threshold: f64, bias: f64) -> String {
    graph.node("Shrink", &[x], vec![float("lambd", threshold), float("bias", bias)])
}

fn clip(graph: &mut GraphBuilder, x: &str, low: f64, high: f64) -> String {
    let (low, high) = (graph.scalar(low), graph.scalar(high));
    graph.node("Clip", &[x, &low, &high], vec![])
}

fn hard_sigmoid(graph: &mut GraphBuilder, x: &str) -> String {
    graph.node("HardSigmoid", &[x], vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)])
}

/// `max_value` where x is above it, x above the threshold, elsewhere `slope · (x - threshold)`.
fn relu(
    graph: &mut GraphBuilder,
    x: &str,
    maximum: Option<f64>,
    slope: f64,
    threshold: f64,
) -> String {
    if threshold == 0.0 && slope == 0.0 {
        return match maximum {
            None => graph.node("Relu", &[x], vec![]),
            Some(maximum) => clip(graph, x, 0.0, maximum),
        };
    }
    let limit = graph.scalar(threshold);
    let above = graph.node("Greater", &[x, &limit], vec![]);
    let below = graph.node("Sub", &[x, &limit], vec![]);
    let slope = graph.scalar(slope);
    let below = graph.node("Mul", &[&below, &slope], vec![]);
    let kept = match maximum {
        None => x.to_string(),
        Some(maximum) => {
            let maximum = graph.scalar(maximum);
            graph.node("Min", &[x, &maximum], vec![])
        }
    };
    graph.node("Where", &[&above, &kept, &below], vec![])
}

fn gelu(graph: &mut GraphBuilder, x: &str, approximate: bool) -> String {
    let bell = if approximate {
        let square = graph.node("Mul", &[x, x], vec![]);
        let cube = graph.node("Mul", &[&square, x], vec![]);
        let factor = graph.scalar(0.044_715);
        let cube = graph.node("Mul", &[&cube, &factor], vec![]);
        let sum = graph.node("Add", &[x, &cube], vec![]);
        let root = graph.scalar((2.0 / std::f64::consts::PI).sqrt());
        let inside = graph.node("Mul", &[&sum, &root], vec![]);
        graph.node("Tanh", &[&inside], vec![])
    } else {
        let root = graph.scalar(std::f64::consts::FRAC_1_SQRT_2);
        let inside = graph.node("Mul", &[x, &root], vec![]);
        graph.node("Erf", &[&inside], vec![])
    };
    let one = graph.scalar(1.0);
    let sum = graph.node("Add", &[&bell, &one], vec![]);
    let half = graph.scalar(0.5);
    let half = graph.node("Mul", &[x, &half], vec![]);
    graph.node("Mul", &[&half, &sum], vec![])
}

/// `max(x - τ, 0)` with Keras's `τ = (Σ c_i - 1) / k`: see the activation itself.
fn sparsemax(graph: &mut GraphBuilder, flow: &GraphValue) -> String {
    let x = flow.name.as_str();
    let n = flow.shape.last().copied().unwrap_or(1);
    let size = graph.ints(&[n as i64]);
    let (sorted, places) = (graph.fresh("sorted"), graph.fresh("places"));
    graph.nodes_of("", "TopK", &[x, &size], &[&sorted, &places], vec![int("axis", -1)]);
    let axis = graph.whole(flow.shape.len() as i64);
    let sums = graph.node("CumSum", &[&sorted, &axis], vec![]);
    let one = graph.scalar(1.0);
    let ranks: Vec<f32> = (1..=n).map(|rank| rank as f32).collect();
    let ranks = graph.floats(&[n], &ranks);
    let limit = graph.node("Sub", &[&sums, &one], vec![]);
    let product = graph.node("Mul", &[&sorted, &ranks], vec![]);
    let inside = graph.node("Greater", &[&product, &limit], vec![]);
    let inside = graph.node("Cast", &[&inside], vec![int("to", 1)]);
    let last = graph.ints(&[-1]);
    let count = graph.node("ReduceSum", &[&inside, &last], vec![int("keepdims", 1)]);
    let kept = graph.node("Mul", &[&sums, &inside], vec![]);
    let sum = graph.node("ReduceSum", &[&kept, &last], vec![int("keepdims", 1)]);
    let above = graph.node("Sub", &[&sum, &one], vec![]);
    let tau = graph.node("Div", &[&above, &count], vec![]);
    let moved = graph.node("Sub", &[x, &tau], vec![]);
    graph.node("Relu", &[&moved], vec![])
}

/// Over one axis, or over several together.
pub(super) fn softmax(graph: &mut GraphBuilder, axes: &AxisList, flow: &GraphValue) -> GraphValue {
    let flow = flow.turned_last(graph);
    flow.with(match axes.all() {
        [axis] => graph.node("Softmax", &[&flow.name], vec![int("axis", *axis)]),
        axes => softmax_over(graph, &flow.name, axes),
    })
}

fn softmax_over(graph: &mut GraphBuilder, x: &str, axes: &[i64]) -> String {
    let most = graph.node("ReduceMax", &[x], vec![int_list("axes", axes), int("keepdims", 1)]);
    let below = graph.node("Sub", &[x, &most], vec![]);
    let parts = graph.node("Exp", &[&below], vec![]);
    let axes = graph.ints(axes);
    let sum = graph.node("ReduceSum", &[&parts, &axes], vec![int("keepdims", 1)]);
    graph.node("Div", &[&parts, &sum], vec![])
}
