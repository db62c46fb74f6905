//! A reader and evaluator of ONNX files, by which `export --verify` proves what was written. It is
//! ONNX's definition of each operator in plain loops, made for being read beside the specification
//! and not for speed; it shares nothing with the exporter but the numbers of the file's fields. Only
//! what the exporter writes is known: any other operator or attribute is an error that names it.

mod math;
mod ml;
mod operators;
mod read;
mod recurrent;
mod reduce;
mod tensors;
mod value;
mod windows;

use std::collections::HashMap;

use super::proto::AttributeProto;
pub use value::{ElementType, TensorValue};
use value::{Evaluated, LIMIT};

/// A computation that was read from a file.
#[derive(Debug)]
pub struct Graph {
    /// Name and kind of each input.
    inputs: Vec<(String, ElementType)>,
    outputs: Vec<String>,
    constants: HashMap<String, TensorValue>,
    nodes: Vec<GraphNode>,
}

#[derive(Debug)]
struct GraphNode {
    op: String,
    operator: operators::Operator,
    inputs: Vec<String>,
    outputs: Vec<String>,
    attributes: HashMap<String, AttributeProto>,
    /// The graph that is computed for every step, of a Scan.
    body: Option<Graph>,
    /// Values that no later node needs.
    spent: Vec<String>,
}

impl Graph {
    /// Reads the bytes of an ONNX file.
    pub fn read(bytes: &[u8]) -> Result<Graph, String> {
        read::model(bytes)
    }

    /// Name and kind of each input, in order.
    pub fn inputs(&self) -> &[(String, ElementType)] {
        &self.inputs
    }

    /// The outputs in order, for a value of each input.
    pub fn run(&self, inputs: Vec<TensorValue>) -> Result<Vec<TensorValue>, String> {
        self.run_within(inputs, None)
    }

    /// The same inside another graph, whose values can be named, too.
    fn run_within(
        &self,
        inputs: Vec<TensorValue>,
        outer: Option<&NamedValues<'_>>,
    ) -> Evaluated<Vec<TensorValue>> {
        if inputs.len() != self.inputs.len() {
            let (given, wanted) = (inputs.len(), self.inputs.len());
            return Err(format!("the graph takes {wanted} inputs, got {given}"));
        }
        let used = outer.map_or(0, |outer| outer.used);
        let mut scope = NamedValues { graph: self, values: HashMap::new(), outer, used };
        for ((name, kind), value) in self.inputs.iter().zip(inputs) {
            if value.kind() != *kind {
                return Err(format!("input `{name}` must be {kind:?}, got {:?}", value.kind()));
            }
            scope.insert(name, value)?;
        }
        for node in &self.nodes {
            let outputs = node.run(&scope).map_err(|why| {
                let name = node.outputs.first().map_or("", String::as_str);
                format!("`{}`, which makes `{name}`: {why}", node.op)
            })?;
            if outputs.len() < node.outputs.len() {
                return Err(format!("`{}` has {} outputs too many", node.op, node.outputs.len()));
            }
            for (name, value) in node.outputs.iter().zip(outputs) {
                scope.insert(name, value)?;
            }
            node.spent.iter().for_each(|name| scope.remove(name));
        }
        self.outputs.iter().map(|name| scope.get(name).cloned()).collect()
    }
}

/// The values at one moment of a run.
struct NamedValues<'a> {
    graph: &'a Graph,
    values: HashMap<&'a str, TensorValue>,
    outer: Option<&'a NamedValues<'a>>,
    /// Numbers and texts that are held, those outside included.
    used: usize,
}

impl<'a> NamedValues<'a> {
    fn get(&self, name: &str) -> Evaluated<&TensorValue> {
        let own = self.values.get(name).or_else(|| self.graph.constants.get(name));
        match (own, self.outer) {
            (Some(value), _) => Ok(value),
            (None, Some(outer)) => outer.get(name),
            (None, None) => Err(format!("there is no value `{name}`")),
        }
    }

    fn insert(&mut self, name: &'a str, value: TensorValue) -> Evaluated<()> {
        self.used += value.len();
        if self.used > LIMIT {
            return Err(format!("more than {LIMIT} numbers at once"));
        }
        if self.values.insert(name, value).is_some() || self.graph.constants.contains_key(name) {
            return Err(format!("the name `{name}` is given twice"));
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        if let Some(value) = self.values.remove(name) {
            self.used -= value.len();
        }
    }
}

impl GraphNode {
    fn run(&self, scope: &NamedValues<'_>) -> Evaluated<Vec<TensorValue>> {
        let input = |name: &String| match name.is_empty() {
            true => Ok(None), // an optional one that is left out
            false => scope.get(name).map(Some),
        };
        let inputs = self.inputs.iter().map(input).collect::<Evaluated<Vec<_>>>()?;
        self.operator.run(&OperatorCall { node: self, inputs, scope })
    }
}

/// A node at work.
struct OperatorCall<'a> {
    node: &'a GraphNode,
    inputs: Vec<Option<&'a TensorValue>>,
    scope: &'a NamedValues<'a>,
}

impl OperatorCall<'_> {
    fn optional(&self, place: usize) -> Option<&TensorValue> {
        self.inputs.get(place).copied().flatten()
    }

    fn input(&self, place: usize) -> Evaluated<&TensorValue> {
        self.optional(place).ok_or_else(|| format!("input {place} is missing"))
    }

    /// The numbers of an input.
    fn numbers(&self, place: usize) -> Evaluated<&[f64]> {
        self.input(place)?.numbers().ok_or_else(|| format!("input {place} must be numbers"))
    }

    /// The whole numbers of an input.
    fn ints(&self, place: usize) -> Evaluated<Vec<i64>> {
        if self.input(place)?.kind() != ElementType::Int64 {
            return Err(format!("input {place} must be whole numbers"));
        }
        Ok(self.numbers(place)?.iter().map(|number| *number as i64).collect())
    }

    /// An attribute of the type that has this number in ONNX.
    fn attribute(&self, name: &str, kind: i32) -> Evaluated<Option<&AttributeProto>> {
        match self.node.attributes.get(name) {
            Some(attribute) if attribute.r#type != Some(kind) => {
                Err(format!("the attribute `{name}` is of another type"))
            }
            found => Ok(found),
        }
    }

    fn float(&self, name: &str, default: f32) -> Evaluated<f64> {
        let attribute = self.attribute(name, 1)?;
        Ok(f64::from(attribute.and_then(|attribute| attribute.f).unwrap_or(default)))
    }

    fn int(&self, name: &str, default: i64) -> Evaluated<i64> {
        Ok(self.attribute(name, 2)?.and_then(|attribute| attribute.i).unwrap_or(default))
    }

    fn string(&self, name: &str) -> Evaluated<&str> {
        let bytes = self.attribute(name, 3)?.and_then(|attribute| attribute.s.as_deref());
        std::str::from_utf8(bytes.unwrap_or_default()).map_err(|error| error.to_string())
    }

    fn int_list(&self, name: &str) -> Evaluated<Option<&[i64]>> {
        Ok(self.attribute(name, 7)?.map(|attribute| attribute.ints.as_slice()))
    }

    fn text_list(&self, name: &str) -> Evaluated<Vec<&str>> {
        let attribute = self.attribute(name, 8)?;
        let texts = attribute.map_or(&[] as &[_], |attribute| attribute.strings.as_slice());
        let text = |bytes| std::str::from_utf8(bytes).map_err(|error| error.to_string());
        texts.iter().map(|bytes| text(bytes.as_slice())).collect()
    }
}

/// The axis that a number means for a value of this rank; negative ones count from the end.
fn axis_of(axis: i64, rank: usize) -> Evaluated<usize> {
    let place = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let place = usize::try_from(place).ok().filter(|place| *place < rank);
    place.ok_or_else(|| format!("axis {axis} of a value of {rank} axes"))
}
