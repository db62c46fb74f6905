//! Recurrent layers: ONNX's LSTM, GRU and RNN where nothing is masked and the activations are
//! theirs; a Scan elsewhere.

use candle_core::Tensor;

use super::basic::reshaped;
use super::flow::GraphValue;
use super::graph::{GraphBuilder, int, int_list, text_list};
use super::scan;
use crate::activations::Activation;
use crate::error::{Error, Result};
use crate::exchange::portable::PortableLayer;
use crate::kernels::recurrent::Cell;
use crate::layers::{Bidirectional, MergeMode, Recurrent};
use crate::weights::stored::Stored;

/// A SimpleRNN, LSTM or GRU.
pub(super) fn layer(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let x = flow.channels_last(graph);
    let cell = layer.cell()?;
    let weights: Vec<&Tensor> = layer.weights.iter().map(|(_, tensor)| tensor).collect();
    let direction = Direction { layer, name: &layer.name, cell: &cell };
    let out = direction.write(graph, &weights, &x, flow.mask.as_deref())?;
    Ok(GraphValue::new(out.shown(graph, &cell), layer.output.clone()))
}

pub(super) fn bidirectional(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    both: &Bidirectional,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let x = flow.channels_last(graph);
    let problem = |problem: crate::error::Problem| layer.refuse(problem.message);
    let (merge_mode, [forward, backward]) =
        (both.merge_mode().map_err(problem)?, both.halves().map_err(problem)?);
    let half = layer.weights.iter().take_while(|(name, _)| name.starts_with("forward_")).count();
    let direction =
        |graph: &mut GraphBuilder, part: &str, cell: &Recurrent, weights: &[(String, Tensor)]| {
            let name = format!("{}.{part}", layer.name);
            let weights: Vec<&Tensor> = weights.iter().map(|(_, tensor)| tensor).collect();
            let direction = Direction { layer, name: &name, cell };
            let out = direction.write(graph, &weights, &x, flow.mask.as_deref())?;
            Ok::<_, Error>(out.shown(graph, cell))
        };
    let a = direction(graph, "forward", &forward, &layer.weights[..half])?;
    let mut b = direction(graph, "backward", &backward, &layer.weights[half..])?;
    if backward.return_sequences {
        b = reversed(graph, &b, 1);
    }
    let out = match merge_mode {
        MergeMode::Concat => graph.node("Concat", &[&a, &b], vec![int("axis", -1)]),
        MergeMode::Sum => graph.node("Add", &[&a, &b], vec![]),
        MergeMode::Mul => graph.node("Mul", &[&a, &b], vec![]),
        MergeMode::Ave => {
            let sum = graph.node("Add", &[&a, &b], vec![]);
            let half = graph.scalar(0.5);
            graph.node("Mul", &[&sum, &half], vec![])
        }
    };
    Ok(GraphValue::new(out, layer.output.clone()))
}

/// What one direction gives, in the order in which it is computed.
struct Steps {
    /// (batch, time, units)
    sequence: String,
    /// (batch, units)
    last: String,
    /// (batch, time), where there is a mask.
    mask: Option<String>,
}

impl Steps {
    /// What the layer gives of it.
    fn shown(self, graph: &mut GraphBuilder, cell: &Recurrent) -> String {
        match (cell.return_sequences, cell.zero_output_for_mask, &self.mask) {
            (false, ..) => self.last,
            (true, true, Some(mask)) => zeroed(graph, &self.sequence, mask),
            (true, ..) => self.sequence,
        }
    }
}

struct Direction<'a> {
    layer: &'a PortableLayer,
    name: &'a str,
    cell: &'a Recurrent,
}

impl Direction<'_> {
    /// `weights`: kernel, recurrent kernel, bias where there is one.
    fn write(
        &self,
        graph: &mut GraphBuilder,
        weights: &[&Tensor],
        x: &str,
        mask: Option<&str>,
    ) -> Result<Steps> {
        let [kernel, recurrent, rest @ ..] = weights else {
            return Err(self.layer.refuse("it has no kernels"));
        };
        let bias = rest.first().copied();
        let mut x = graph.node("Transpose", &[x], vec![int_list("perm", &[1, 0, 2])]); // (time, batch, features)
        if self.cell.go_backwards {
            x = reversed(graph, &x, 0);
        }
        let mask = match (mask, self.cell.go_backwards) {
            (Some(mask), true) => Some(reversed(graph, mask, 1)),
            (mask, _) => mask.map(str::to_string),
        };
        let functions = functions(self.cell);
        let (sequence, last) = match functions.filter(|_| mask.is_none()) {
            Some(functions) => self.operator(graph, [kernel, recurrent], bias, &x, &functions)?,
            None => {
                let weights = scan::DirectionWeights { kernel, recurrent, bias };
                scan::scan(graph, self.cell, self.name, &weights, &x, mask.as_deref())?
            }
        };
        let sequence = graph.node("Transpose", &[&sequence], vec![int_list("perm", &[1, 0, 2])]);
        Ok(Steps { sequence, last, mask })
    }

    /// ONNX's own operator: (time, batch, units) and (batch, units).
    fn operator(
        &self,
        graph: &mut GraphBuilder,
        [kernel, recurrent]: [&Tensor; 2],
        bias: Option<&Tensor>,
        x: &str,
        functions: &[&str],
    ) -> Result<(String, String)> {
        let (op, gates) = match self.cell.cell {
            Cell::Lstm => ("LSTM", vec![0, 3, 1, 2]), // i, f, c, o → i, o, f, c
            Cell::Gru { .. } => ("GRU", vec![0, 1, 2]), // z, r, h in both
            Cell::SimpleRnn => ("RNN", vec![0]),
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
        let functions: Vec<String> = functions.iter().map(ToString::to_string).collect();
        let mut attributes =
            vec![int("hidden_size", units as i64), text_list("activations", &functions)];
        if let Cell::Gru { reset_after } = self.cell.cell {
            attributes.push(int("linear_before_reset", i64::from(reset_after)));
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
fn functions(cell: &Recurrent) -> Option<Vec<&'static str>> {
    let function = |activation: &Activation| match activation {
        Activation::Tanh => Some("Tanh"),
        Activation::Sigmoid => Some("Sigmoid"),
        relu if *relu == Activation::relu() => Some("Relu"),
        _ => None,
    };
    let own = function(&cell.activation)?;
    Some(match cell.cell {
        Cell::Lstm => vec![function(&cell.recurrent_activation)?, own, own],
        Cell::Gru { .. } => vec![function(&cell.recurrent_activation)?, own],
        Cell::SimpleRnn => vec![own],
    })
}

/// An axis in the reverse order.
fn reversed(graph: &mut GraphBuilder, x: &str, axis: i64) -> String {
    let (start, end) = (graph.ints(&[-1]), graph.ints(&[i64::MIN + 1]));
    let (axis, step) = (graph.ints(&[axis]), graph.ints(&[-1]));
    graph.node("Slice", &[x, &start, &end, &axis, &step], vec![])
}

/// A sequence whose masked steps are 0.
fn zeroed(graph: &mut GraphBuilder, sequence: &str, mask: &str) -> String {
    let mask = reshaped(graph, mask, &[0, 0, 1]);
    graph.node("Mul", &[sequence, &mask], vec![])
}
