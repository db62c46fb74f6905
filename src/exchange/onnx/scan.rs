//! Recurrent layers as a Scan over basic operators: any activation, and a mask by which a step's
//! state is kept.

use candle_core::Tensor;

use super::activations;
use super::flow::GraphValue;
use super::graph::{Dim, FLOAT, GraphBuilder, graph as graph_attribute, int, int_list, value};
use super::proto::ValueInfoProto;
use crate::activations::Activation;
use crate::error::Result;
use crate::kernels::recurrent::Cell;
use crate::layers::Recurrent;

/// The weights of one direction in Keras's layout.
pub(super) struct DirectionWeights<'a> {
    pub(super) kernel: &'a Tensor,
    pub(super) recurrent: &'a Tensor,
    pub(super) bias: Option<&'a Tensor>,
}

/// `x`: (time, batch, features), `mask`: (batch, time). Gives (time, batch, units), (batch, units).
pub(super) fn scan(
    graph: &mut GraphBuilder,
    cell: &Recurrent,
    name: &str,
    weights: &DirectionWeights<'_>,
    x: &str,
    mask: Option<&str>,
) -> Result<(String, String)> {
    let (units, width) = weights.recurrent.dims2()?;
    let kernel = graph.weight(&format!("{name}.kernel"), weights.kernel)?;
    let mut inputs = graph.node("MatMul", &[x, &kernel], vec![]); // (time, batch, gates · units)
    let mut recurrent_bias = None;
    if let Some(bias) = weights.bias {
        let first = if bias.rank() == 2 { bias.get(0)? } else { bias.clone() };
        let first = graph.weight(&format!("{name}.bias"), &first)?;
        inputs = graph.node("Add", &[&inputs, &first], vec![]);
        if bias.rank() == 2 {
            recurrent_bias = Some(graph.weight(&format!("{name}.recurrent_bias"), &bias.get(1)?)?);
        }
    }
    let body =
        Body { cell, units, recurrent: weights.recurrent, recurrent_bias, masked: mask.is_some() };
    let states = if cell.cell == Cell::Lstm { 2 } else { 1 };
    let zeros = zeros(graph, x, units);
    let mut arguments = vec![zeros.as_str(); states];
    arguments.push(&inputs);
    let mask = mask.map(|mask| {
        let turned = graph.node("Transpose", &[mask], vec![int_list("perm", &[1, 0])]);
        let axis = graph.ints(&[2]);
        graph.node("Unsqueeze", &[&turned, &axis], vec![]) // (time, batch, 1)
    });
    arguments.extend(mask.as_deref());
    let (body, scanned) = body.write(name, width)?;
    let outputs: Vec<String> = (0..=states).map(|_| graph.fresh("scan")).collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let attributes = vec![graph_attribute("body", body), int("num_scan_inputs", scanned)];
    graph.nodes_of("", "Scan", &arguments, &outputs, attributes);
    Ok((outputs[states].to_string(), outputs[0].to_string()))
}

/// (batch, units) of zeros, for the batch of `x`.
fn zeros(graph: &mut GraphBuilder, x: &str, units: usize) -> String {
    let shape = graph.node("Shape", &[x], vec![]);
    let (one, two) = (graph.ints(&[1]), graph.ints(&[2]));
    let batch = graph.node("Slice", &[&shape, &one, &two], vec![]);
    let units = graph.ints(&[units as i64]);
    let shape = graph.node("Concat", &[&batch, &units], vec![int("axis", 0)]);
    graph.node("ConstantOfShape", &[&shape], vec![])
}

/// One step.
struct Body<'a> {
    cell: &'a Recurrent,
    units: usize,
    recurrent: &'a Tensor,
    recurrent_bias: Option<String>,
    masked: bool,
}

impl Body<'_> {
    /// The graph of one step, and how many of its inputs are steps of a sequence.
    fn write(&self, name: &str, width: usize) -> Result<(super::proto::GraphProto, i64)> {
        let mut graph = GraphBuilder::inner(name);
        let own = |what: &str| format!("{name}/{what}");
        let (h, c, x, mask) = (own("h"), own("c"), own("x"), own("mask"));
        let info = |name: &str, size: usize| -> ValueInfoProto {
            value(name, FLOAT, &[Dim::Named("batch"), Dim::Of(size)])
        };
        let (new_h, new_c) = match self.cell.cell {
            Cell::Lstm => {
                let (new_h, new_c) = self.lstm(&mut graph, &x, &h, &c)?;
                (new_h, Some(new_c))
            }
            Cell::Gru { reset_after } => (self.gru(&mut graph, &x, &h, reset_after)?, None),
            Cell::SimpleRnn => {
                let sum = self.sum(&mut graph, &x, &h)?;
                (self.function(&mut graph, &self.cell.activation, &sum), None)
            }
        };
        let mut kept = |new: String, old: &str| {
            if !self.masked {
                return new;
            }
            let one = graph.scalar(1.0);
            let rest = graph.node("Sub", &[&one, &mask], vec![]);
            let new = graph.node("Mul", &[&new, &mask], vec![]);
            let old = graph.node("Mul", &[old, &rest], vec![]);
            graph.node("Add", &[&new, &old], vec![])
        };
        let new_h = kept(new_h, &h);
        let new_c = new_c.map(|new_c| kept(new_c, &c));
        let out = graph.node("Identity", &[&new_h], vec![]);
        let (mut inputs, mut outputs) =
            (vec![info(&h, self.units)], vec![info(&new_h, self.units)]);
        if let Some(new_c) = new_c {
            inputs.push(info(&c, self.units));
            outputs.push(info(&new_c, self.units));
        }
        inputs.push(info(&x, width));
        if self.masked {
            inputs.push(info(&mask, 1));
        }
        outputs.push(info(&out, self.units));
        let scanned = if self.masked { 2 } else { 1 };
        Ok((graph.finish(&own("step"), inputs, outputs), scanned))
    }

    /// `x + h · U`
    fn sum(&self, graph: &mut GraphBuilder, x: &str, h: &str) -> Result<String> {
        let name = graph.fresh("recurrent_kernel");
        let recurrent = graph.weight(&name, self.recurrent)?;
        let product = graph.node("MatMul", &[h, &recurrent], vec![]);
        Ok(graph.node("Add", &[x, &product], vec![]))
    }

    /// `c' = f·c + i·g`, `h' = o · activation(c')`.
    fn lstm(
        &self,
        graph: &mut GraphBuilder,
        x: &str,
        h: &str,
        c: &str,
    ) -> Result<(String, String)> {
        let sum = self.sum(graph, x, h)?;
        let gates = split(graph, &sum, 4);
        let i = self.function(graph, &self.cell.recurrent_activation, &gates[0]);
        let f = self.function(graph, &self.cell.recurrent_activation, &gates[1]);
        let g = self.function(graph, &self.cell.activation, &gates[2]);
        let o = self.function(graph, &self.cell.recurrent_activation, &gates[3]);
        let old = graph.node("Mul", &[&f, c], vec![]);
        let new = graph.node("Mul", &[&i, &g], vec![]);
        let c = graph.node("Add", &[&old, &new], vec![]);
        let shown = self.function(graph, &self.cell.activation, &c);
        Ok((graph.node("Mul", &[&o, &shown], vec![]), c))
    }

    /// `h' = z·h + (1-z)·ĥ`.
    fn gru(&self, graph: &mut GraphBuilder, x: &str, h: &str, reset_after: bool) -> Result<String> {
        let inputs = split(graph, x, 3);
        let name = graph.fresh("recurrent_kernel");
        let (gates, candidate) = if reset_after {
            let recurrent = graph.weight(&name, self.recurrent)?;
            let mut product = graph.node("MatMul", &[h, &recurrent], vec![]);
            if let Some(bias) = &self.recurrent_bias {
                product = graph.node("Add", &[&product, bias], vec![]);
            }
            let mut parts = split(graph, &product, 3);
            let last = parts.pop().unwrap_or_default();
            (parts, Some(last))
        } else {
            let gates = self.recurrent.narrow(1, 0, 2 * self.units)?;
            let recurrent = graph.weight(&name, &gates)?;
            let product = graph.node("MatMul", &[h, &recurrent], vec![]);
            (split(graph, &product, 2), None)
        };
        let z = graph.node("Add", &[&inputs[0], &gates[0]], vec![]);
        let z = self.function(graph, &self.cell.recurrent_activation, &z);
        let r = graph.node("Add", &[&inputs[1], &gates[1]], vec![]);
        let r = self.function(graph, &self.cell.recurrent_activation, &r);
        let recurrent = match candidate {
            Some(product) => graph.node("Mul", &[&r, &product], vec![]),
            None => {
                let reset = graph.node("Mul", &[&r, h], vec![]);
                let last = self.recurrent.narrow(1, 2 * self.units, self.units)?.contiguous()?;
                let name = graph.fresh("recurrent_kernel");
                let last = graph.weight(&name, &last)?;
                graph.node("MatMul", &[&reset, &last], vec![])
            }
        };
        let sum = graph.node("Add", &[&inputs[2], &recurrent], vec![]);
        let new = self.function(graph, &self.cell.activation, &sum);
        let one = graph.scalar(1.0);
        let rest = graph.node("Sub", &[&one, &z], vec![]);
        let old = graph.node("Mul", &[&z, h], vec![]);
        let new = graph.node("Mul", &[&rest, &new], vec![]);
        Ok(graph.node("Add", &[&old, &new], vec![]))
    }

    /// An activation, which is a node even where it is linear.
    fn function(&self, graph: &mut GraphBuilder, activation: &Activation, x: &str) -> String {
        let flow = GraphValue::new(x.to_string(), vec![self.units]);
        match activation {
            Activation::Linear => graph.node("Identity", &[x], vec![]),
            _ => activations::function(graph, activation, &flow).name,
        }
    }
}

/// Equal parts of the last axis.
fn split(graph: &mut GraphBuilder, x: &str, parts: usize) -> Vec<String> {
    let names: Vec<String> = (0..parts).map(|_| graph.fresh("part")).collect();
    let outputs: Vec<&str> = names.iter().map(String::as_str).collect();
    graph.nodes_of("", "Split", &[x], &outputs, vec![int("axis", -1)]);
    names
}
