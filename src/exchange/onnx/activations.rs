//! Activations as ONNX operators.

use serde_json::{Map, Value};

use super::flow::Flow;
use super::graph::{Graph, float, int, int_list};
use crate::error::Result;
use crate::exchange::portable::{PortableLayer, named};

/// An activation layer.
pub(super) fn layer(graph: &mut Graph, layer: &PortableLayer, flow: &Flow) -> Result<Flow> {
    match layer.class.as_str() {
        "Activation" => argument(graph, layer, "activation", flow),
        "ReLU" => function(graph, layer, "relu", &layer.arguments, flow),
        "LeakyReLU" => {
            let slope = layer.number("negative_slope", 0.3);
            Ok(flow.with(graph.node("LeakyRelu", &[&flow.name], vec![float("alpha", slope)])))
        }
        "ELU" => function(graph, layer, "elu", &layer.arguments, flow),
        "Softmax" => softmax(graph, layer, "Softmax", layer.argument("axis"), flow),
        _ => {
            let flow = flow.turned_last(graph);
            let alpha = layer.weight("alpha").or(layer.weights.first().map(|(_, w)| w));
            let alpha = alpha.ok_or_else(|| layer.refuse("it has no weight `alpha`"))?;
            let alpha = graph.weight(&format!("{}.alpha", layer.name), alpha)?;
            let positive = graph.node("Relu", &[&flow.name], vec![]);
            let negative = graph.node("Sub", &[&flow.name, &positive], vec![]); // min(x, 0)
            let scaled = graph.node("Mul", &[&negative, &alpha], vec![]);
            Ok(flow.with(graph.node("Add", &[&positive, &scaled], vec![])))
        }
    }
}

/// The function that an argument of a layer names, over the layer's output.
pub(super) fn argument(
    graph: &mut Graph,
    layer: &PortableLayer,
    key: &str,
    flow: &Flow,
) -> Result<Flow> {
    let value = layer.argument(key);
    if value.is_null() {
        return Ok(flow.clone());
    }
    let (name, arguments) =
        named(value).ok_or_else(|| layer.refuse(format!("`{key}` is {value}")))?;
    function(graph, layer, &name, &arguments, flow)
}

/// A function by Keras's name.
pub(super) fn function(
    graph: &mut Graph,
    layer: &PortableLayer,
    name: &str,
    arguments: &Map<String, Value>,
    flow: &Flow,
) -> Result<Flow> {
    let number =
        |key: &str, default: f64| arguments.get(key).and_then(Value::as_f64).unwrap_or(default);
    let x = flow.name.as_str();
    let out = match name {
        "linear" => return Ok(flow.clone()),
        "relu" => {
            let maximum = arguments.get("max_value").and_then(Value::as_f64);
            relu(graph, x, maximum, number("negative_slope", 0.0), number("threshold", 0.0))
        }
        "relu6" => clip(graph, x, 0.0, 6.0),
        "leaky_relu" => {
            graph.node("LeakyRelu", &[x], vec![float("alpha", number("negative_slope", 0.2))])
        }
        "elu" => graph.node("Elu", &[x], vec![float("alpha", number("alpha", 1.0))]),
        "selu" => {
            let attributes = vec![
                float("alpha", 1.673_263_242_354_377_2),
                float("gamma", 1.050_700_987_355_480_5),
            ];
            graph.node("Selu", &[x], attributes)
        }
        "celu" => graph.node("Celu", &[x], vec![float("alpha", number("alpha", 1.0))]),
        "gelu" => {
            let approximate = arguments.get("approximate").and_then(Value::as_bool);
            gelu(graph, x, approximate.unwrap_or(false))
        }
        "silu" | "swish" => {
            let gate = graph.node("Sigmoid", &[x], vec![]);
            graph.node("Mul", &[x, &gate], vec![])
        }
        "hard_silu" | "hard_swish" => {
            let gate = hard_sigmoid(graph, x);
            graph.node("Mul", &[x, &gate], vec![])
        }
        "sigmoid" => graph.node("Sigmoid", &[x], vec![]),
        "hard_sigmoid" => hard_sigmoid(graph, x),
        "log_sigmoid" => {
            let negative = graph.node("Neg", &[x], vec![]);
            let soft = graph.node("Softplus", &[&negative], vec![]);
            graph.node("Neg", &[&soft], vec![])
        }
        "softplus" => graph.node("Softplus", &[x], vec![]),
        "softsign" => graph.node("Softsign", &[x], vec![]),
        "tanh" => graph.node("Tanh", &[x], vec![]),
        "tanh_shrink" => {
            let tanh = graph.node("Tanh", &[x], vec![]);
            graph.node("Sub", &[x, &tanh], vec![])
        }
        "hard_tanh" => clip(graph, x, -1.0, 1.0),
        "exponential" => graph.node("Exp", &[x], vec![]),
        "mish" => {
            let soft = graph.node("Softplus", &[x], vec![]);
            let tanh = graph.node("Tanh", &[&soft], vec![]);
            graph.node("Mul", &[x, &tanh], vec![])
        }
        "squareplus" => {
            let square = graph.node("Mul", &[x, x], vec![]);
            let b = graph.scalar(number("b", 4.0));
            let sum = graph.node("Add", &[&square, &b], vec![]);
            let root = graph.node("Sqrt", &[&sum], vec![]);
            let sum = graph.node("Add", &[x, &root], vec![]);
            let two = graph.scalar(2.0);
            graph.node("Div", &[&sum, &two], vec![])
        }
        "soft_shrink" | "hard_shrink" => {
            let threshold = number("threshold", 0.5);
            let bias = if name == "soft_shrink" { threshold } else { 0.0 };
            graph.node("Shrink", &[x], vec![float("lambd", threshold), float("bias", bias)])
        }
        "sparse_plus" => {
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
        "sparse_sigmoid" => {
            graph.node("HardSigmoid", &[x], vec![float("alpha", 0.5), float("beta", 0.5)])
        }
        "softmax" => {
            let axis = arguments.get("axis").unwrap_or(&Value::Null);
            return softmax(graph, layer, "Softmax", axis, flow);
        }
        "log_softmax" => {
            let axis = arguments.get("axis").unwrap_or(&Value::Null);
            return softmax(graph, layer, "LogSoftmax", axis, flow);
        }
        "sparsemax" => {
            let flow = flow.turned_last(graph);
            return Ok(flow.with(sparsemax(graph, &flow)));
        }
        "glu" => {
            let flow = flow.turned_last(graph);
            let (a, b) = (graph.fresh("half"), graph.fresh("half"));
            let axis = vec![int("axis", -1)];
            graph.nodes_of("", "Split", &[&flow.name], &[&a, &b], axis);
            let gate = graph.node("Sigmoid", &[&b], vec![]);
            return Ok(flow.with(graph.node("Mul", &[&a, &gate], vec![])));
        }
        "threshold" => {
            let threshold = graph.scalar(number("threshold", 0.0));
            let value = graph.scalar(number("default_value", 0.0));
            let above = graph.node("Greater", &[x, &threshold], vec![]);
            graph.node("Where", &[&above, x, &value], vec![])
        }
        other => {
            return Err(layer.refuse(format!("the activation `{other}` can't be written as ONNX")));
        }
    };
    Ok(flow.with(out))
}

fn clip(graph: &mut Graph, x: &str, low: f64, high: f64) -> String {
    let (low, high) = (graph.scalar(low), graph.scalar(high));
    graph.node("Clip", &[x, &low, &high], vec![])
}

fn hard_sigmoid(graph: &mut Graph, x: &str) -> String {
    graph.node("HardSigmoid", &[x], vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)])
}

/// `max_value` where x is above it, x above the threshold, elsewhere `slope · (x - threshold)`.
fn relu(graph: &mut Graph, x: &str, maximum: Option<f64>, slope: f64, threshold: f64) -> String {
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

fn gelu(graph: &mut Graph, x: &str, approximate: bool) -> String {
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
fn sparsemax(graph: &mut Graph, flow: &Flow) -> String {
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

fn softmax(
    graph: &mut Graph,
    layer: &PortableLayer,
    op: &str,
    axis: &Value,
    flow: &Flow,
) -> Result<Flow> {
    let flow = flow.turned_last(graph);
    let axis = match axis {
        Value::Null => -1,
        Value::Number(axis) => axis.as_i64().unwrap_or(-1),
        Value::Array(axes) if axes.len() == 1 => axes[0].as_i64().unwrap_or(-1),
        Value::Array(axes) if op == "Softmax" => {
            let axes: Vec<i64> = axes.iter().filter_map(Value::as_i64).collect();
            return Ok(flow.with(softmax_over(graph, &flow.name, &axes)));
        }
        other => return Err(layer.refuse(format!("{op} over the axes {other} can't be written"))),
    };
    Ok(flow.with(graph.node(op, &[&flow.name], vec![int("axis", axis)])))
}

/// Over several axes together.
fn softmax_over(graph: &mut Graph, x: &str, axes: &[i64]) -> String {
    let most = graph.node("ReduceMax", &[x], vec![int_list("axes", axes), int("keepdims", 1)]);
    let below = graph.node("Sub", &[x, &most], vec![]);
    let parts = graph.node("Exp", &[&below], vec![]);
    let axes = graph.ints(axes);
    let sum = graph.node("ReduceSum", &[&parts, &axes], vec![int("keepdims", 1)]);
    graph.node("Div", &[&parts, &sum], vec![])
}
