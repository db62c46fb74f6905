//! Recurrent layers: ONNX's LSTM, GRU and RNN where nothing is masked and the activations are
//! theirs; a Scan elsewhere.

use candle_core::Tensor;

use super::basic::reshaped;
use super::flow::Flow;
use super::graph::{Graph, int, int_list, text_list};
use super::scan;
use crate::error::Result;
use crate::exchange::portable::{PortableLayer, named};
use crate::stored::Stored;

/// A recurrent layer or a Bidirectional.
pub(super) fn layer(graph: &mut Graph, layer: &PortableLayer, flow: &Flow) -> Result<Flow> {
    let x = flow.channels_last(graph);
    if layer.class == "Bidirectional" {
        return bidirectional(graph, layer, flow, &x);
    }
    let direction = Direction { name: &layer.name, backwards: layer.flag("go_backwards") };
    let weights: Vec<&Tensor> = layer.weights.iter().map(|(_, tensor)| tensor).collect();
    let out = direction.write(graph, layer, &weights, &x, flow.mask.as_deref())?;
    let name = match (layer.flag("return_sequences"), layer.flag("zero_output_for_mask"), &out.mask)
    {
        (false, ..) => out.last,
        (true, true, Some(mask)) => zeroed(graph, &out.sequence, mask),
        (true, ..) => out.sequence,
    };
    Ok(Flow::new(name, layer.output.clone()))
}

fn bidirectional(graph: &mut Graph, layer: &PortableLayer, flow: &Flow, x: &str) -> Result<Flow> {
    let forward = layer.inner(layer.argument("layer"))?;
    let backward = match layer.argument("backward_layer") {
        serde_json::Value::Null => forward.clone(),
        entry => layer.inner(entry)?,
    };
    let sequences = forward.flag("return_sequences");
    let backwards = forward.flag("go_backwards");
    let half = layer.weights.iter().take_while(|(name, _)| name.starts_with("forward_")).count();
    let mut outputs = Vec::new();
    for (part, inner, backwards, range) in [
        ("forward", &forward, backwards, 0..half),
        ("backward", &backward, !backwards, half..layer.weights.len()),
    ] {
        let name = format!("{}.{part}", layer.name);
        let weights: Vec<&Tensor> = layer.weights[range].iter().map(|(_, t)| t).collect();
        let direction = Direction { name: &name, backwards };
        let out = direction.write(graph, inner, &weights, x, flow.mask.as_deref())?;
        if !sequences {
            outputs.push(out.last);
            continue;
        }
        let sequence = match &out.mask {
            Some(mask) => zeroed(graph, &out.sequence, mask),
            None => out.sequence,
        };
        outputs.push(if part == "backward" { reversed(graph, &sequence, 1) } else { sequence });
    }
    let (a, b) = (outputs[0].as_str(), outputs[1].as_str());
    let out = match layer.text("merge_mode") {
        "" | "concat" => graph.node("Concat", &[a, b], vec![int("axis", -1)]),
        "sum" => graph.node("Add", &[a, b], vec![]),
        "mul" => graph.node("Mul", &[a, b], vec![]),
        "ave" => {
            let sum = graph.node("Add", &[a, b], vec![]);
            let half = graph.scalar(0.5);
            graph.node("Mul", &[&sum, &half], vec![])
        }
        other => {
            return Err(layer.refuse(format!("`merge_mode: {other}` can't be written as ONNX")));
        }
    };
    Ok(Flow::new(out, layer.output.clone()))
}

/// What one direction gives, in the order in which it is computed.
struct Output {
    /// (batch, time, units)
    sequence: String,
    /// (batch, units)
    last: String,
    /// (batch, time), where there is a mask.
    mask: Option<String>,
}

struct Direction<'a> {
    name: &'a str,
    backwards: bool,
}

impl Direction<'_> {
    /// `weights`: kernel, recurrent kernel, bias where there is one.
    fn write(
        &self,
        graph: &mut Graph,
        layer: &PortableLayer,
        weights: &[&Tensor],
        x: &str,
        mask: Option<&str>,
    ) -> Result<Output> {
        let [kernel, recurrent, rest @ ..] = weights else {
            return Err(layer.refuse("it has no kernels"));
        };
        let bias = rest.first().copied();
        let mut x = graph.node("Transpose", &[x], vec![int_list("perm", &[1, 0, 2])]); // (time, batch, features)
        if self.backwards {
            x = reversed(graph, &x, 0);
        }
        let mask = match (mask, self.backwards) {
            (Some(mask), true) => Some(reversed(graph, mask, 1)),
            (mask, _) => mask.map(str::to_string),
        };
        let functions = functions(layer);
        let (sequence, last) = match functions.filter(|_| mask.is_none()) {
            Some(functions) => {
                self.operator(graph, layer, [kernel, recurrent], bias, &x, &functions)?
            }
            None => {
                let weights = scan::Weights { kernel, recurrent, bias };
                scan::scan(graph, layer, self.name, &weights, &x, mask.as_deref())?
            }
        };
        let sequence = graph.node("Transpose", &[&sequence], vec![int_list("perm", &[1, 0, 2])]);
        Ok(Output { sequence, last, mask })
    }

    /// ONNX's own operator: (time, batch, units) and (batch, units).
    fn operator(
        &self,
        graph: &mut Graph,
        layer: &PortableLayer,
        [kernel, recurrent]: [&Tensor; 2],
        bias: Option<&Tensor>,
        x: &str,
        functions: &[String],
    ) -> Result<(String, String)> {
        let (op, gates) = match layer.class.as_str() {
            "LSTM" => ("LSTM", vec![0, 3, 1, 2]), // i, f, c, o → i, o, f, c
            "GRU" => ("GRU", vec![0, 1, 2]),      // z, r, h in both
            _ => ("RNN", vec![0]),
        };
        let units = recurrent.dim(0)?;
        let blocks = |tensor: &Tensor| -> Result<Tensor> {
            let stored = Stored::Gates { name: String::new(), gates: gates.clone() };
            Ok(stored.to_file(tensor)?.remove(0).unsqueeze(0)?)
        };
        let w = graph.weight(&format!("{}.kernel", self.name), &blocks(kernel)?)?;
        let r = graph.weight(&format!("{}.recurrent_kernel", self.name), &blocks(recurrent)?)?;
        let b = match bias {
            Some(bias) => {
                let (input, hidden) = (String::new(), String::new());
                let stored = Stored::GateBias { input, recurrent: hidden, gates };
                let both = Tensor::cat(&stored.to_file(bias)?, 0)?.unsqueeze(0)?; // (1, 2·g·u)
                graph.weight(&format!("{}.bias", self.name), &both)?
            }
            None => String::new(),
        };
        let mut attributes =
            vec![int("hidden_size", units as i64), text_list("activations", functions)];
        if op == "GRU" {
            attributes.push(int("linear_before_reset", i64::from(layer.flag("reset_after"))));
        }
        let (sequence, last) = (graph.fresh("sequence"), graph.fresh("last"));
        graph.nodes_of("", op, &[x, &w, &r, &b], &[&sequence, &last], attributes);
        let axis = graph.ints(&[1]);
        let sequence = graph.node("Squeeze", &[&sequence, &axis], vec![]);
        let axis = graph.ints(&[0]);
        Ok((sequence, graph.node("Squeeze", &[&last, &axis], vec![])))
    }
}

/// The activations by ONNX's names; None where one isn't among those that it has everywhere.
fn functions(layer: &PortableLayer) -> Option<Vec<String>> {
    let function = |key: &str, default: &str| {
        let value = layer.argument(key);
        let name = match value {
            serde_json::Value::Null => default.to_string(),
            _ => {
                let (name, arguments) = named(value)?;
                if !arguments.values().all(serde_json::Value::is_null) {
                    return None;
                }
                name
            }
        };
        Some(match name.as_str() {
            "tanh" => "Tanh".to_string(),
            "sigmoid" => "Sigmoid".to_string(),
            "relu" => "Relu".to_string(),
            _ => return None,
        })
    };
    let own = function("activation", "tanh")?;
    Some(match layer.class.as_str() {
        "LSTM" => vec![function("recurrent_activation", "sigmoid")?, own.clone(), own],
        "GRU" => vec![function("recurrent_activation", "sigmoid")?, own],
        _ => vec![own],
    })
}

/// An axis in the reverse order.
fn reversed(graph: &mut Graph, x: &str, axis: i64) -> String {
    let (start, end) = (graph.ints(&[-1]), graph.ints(&[i64::MIN + 1]));
    let (axis, step) = (graph.ints(&[axis]), graph.ints(&[-1]));
    graph.node("Slice", &[x, &start, &end, &axis, &step], vec![])
}

/// A sequence whose masked steps are 0.
fn zeroed(graph: &mut Graph, sequence: &str, mask: &str) -> String {
    let mask = reshaped(graph, mask, &[0, 0, 1]);
    graph.node("Mul", &[sequence, &mask], vec![])
}
