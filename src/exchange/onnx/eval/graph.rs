//! A graph and how it is computed: node by node, each by its operator.

use std::collections::HashMap;

use super::value::{ElementType, Evaluated, LIMIT, TensorValue, broadcast, count, for_each, place};
use crate::exchange::onnx::proto::AttributeProto;

/// A computation that was read from a file.
#[derive(Debug)]
pub struct Graph {
    /// Name and kind of each input.
    pub(super) inputs: Vec<(String, ElementType)>,
    pub(super) outputs: Vec<String>,
    pub(super) constants: HashMap<String, TensorValue>,
    pub(super) nodes: Vec<GraphNode>,
}

#[derive(Debug)]
pub(super) struct GraphNode {
    pub(super) op: String,
    pub(super) operator: Operator,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) attributes: HashMap<String, AttributeProto>,
    /// The graph that is computed for every step, of a Scan.
    pub(super) body: Option<Graph>,
    /// Values that no later node needs.
    pub(super) spent: Vec<String>,
}

impl Graph {
    /// Name and kind of each input, in order.
    pub fn inputs(&self) -> &[(String, ElementType)] {
        &self.inputs
    }

    /// The outputs in order, for a value of each input.
    pub fn run(&self, inputs: Vec<TensorValue>) -> Result<Vec<TensorValue>, String> {
        self.run_within(inputs, None)
    }

    /// The same inside another graph, whose values can be named, too.
    pub(super) fn run_within(
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
            for name in &node.spent {
                scope.remove(name);
            }
        }
        self.outputs.iter().map(|name| scope.get(name).cloned()).collect()
    }
}

/// The values at one moment of a run.
pub(super) struct NamedValues<'a> {
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
        // one without a name is optional and left out
        let input =
            |name: &String| if name.is_empty() { Ok(None) } else { scope.get(name).map(Some) };
        let inputs = self.inputs.iter().map(input).collect::<Evaluated<Vec<_>>>()?;
        self.operator.run(&OperatorCall { node: self, inputs, scope })
    }
}

/// A node at work.
pub(super) struct OperatorCall<'a> {
    pub(super) node: &'a GraphNode,
    pub(super) inputs: Vec<Option<&'a TensorValue>>,
    pub(super) scope: &'a NamedValues<'a>,
}

impl OperatorCall<'_> {
    pub(super) fn optional(&self, place: usize) -> Option<&TensorValue> {
        self.inputs.get(place).copied().flatten()
    }

    pub(super) fn input(&self, place: usize) -> Evaluated<&TensorValue> {
        self.optional(place).ok_or_else(|| format!("input {place} is missing"))
    }

    /// The numbers of an input.
    pub(super) fn numbers(&self, place: usize) -> Evaluated<&[f64]> {
        self.input(place)?.numbers().ok_or_else(|| format!("input {place} must be numbers"))
    }

    /// The whole numbers of an input.
    pub(super) fn ints(&self, place: usize) -> Evaluated<Vec<i64>> {
        if self.input(place)?.kind() != ElementType::Int64 {
            return Err(format!("input {place} must be whole numbers"));
        }
        Ok(self.numbers(place)?.iter().map(|number| *number as i64).collect())
    }

    /// An attribute of the type that has this number in ONNX.
    pub(super) fn attribute(&self, name: &str, kind: i32) -> Evaluated<Option<&AttributeProto>> {
        match self.node.attributes.get(name) {
            Some(attribute) if attribute.r#type != Some(kind) => {
                Err(format!("the attribute `{name}` is of another type"))
            }
            found => Ok(found),
        }
    }

    pub(super) fn float(&self, name: &str, default: f32) -> Evaluated<f64> {
        let attribute = self.attribute(name, 1)?;
        Ok(f64::from(attribute.and_then(|attribute| attribute.f).unwrap_or(default)))
    }

    pub(super) fn int(&self, name: &str, default: i64) -> Evaluated<i64> {
        Ok(self.attribute(name, 2)?.and_then(|attribute| attribute.i).unwrap_or(default))
    }

    pub(super) fn string(&self, name: &str) -> Evaluated<&str> {
        let bytes = self.attribute(name, 3)?.and_then(|attribute| attribute.s.as_deref());
        std::str::from_utf8(bytes.unwrap_or_default()).map_err(|error| error.to_string())
    }

    pub(super) fn int_list(&self, name: &str) -> Evaluated<Option<&[i64]>> {
        Ok(self.attribute(name, 7)?.map(|attribute| attribute.ints.as_slice()))
    }

    pub(super) fn text_list(&self, name: &str) -> Evaluated<Vec<&str>> {
        let attribute = self.attribute(name, 8)?;
        let texts = attribute.map_or(&[] as &[_], |attribute| attribute.strings.as_slice());
        let text = |bytes| std::str::from_utf8(bytes).map_err(|error| error.to_string());
        texts.iter().map(|bytes| text(bytes.as_slice())).collect()
    }
}

/// How an operator computes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    /// Each number by itself.
    Each(fn(f64) -> f64),
    /// Each number by itself, with up to two attributes: their names and defaults.
    With([(&'static str, f32); 2], fn(f64, f64, f64) -> f64),
    /// Each number with one of another tensor.
    Two(fn(f64, f64) -> f64),
    /// The same, giving yes or no.
    Compare(fn(f64, f64) -> bool),
    /// Any way; its outputs in order.
    Any(fn(&OperatorCall<'_>) -> Evaluated<Vec<TensorValue>>),
}

impl Operator {
    fn run(self, call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
        let outputs = match self {
            Operator::Each(function) => call.each(function),
            Operator::With([(a, default_a), (b, default_b)], function) => {
                let (a, b) = (call.float(a, default_a)?, call.float(b, default_b)?);
                call.each(|x| function(x, a, b))
            }
            Operator::Two(function) => call.two(function),
            Operator::Compare(function) => call.compare(function),
            Operator::Any(function) => return function(call),
        };
        outputs.map(|output| vec![output])
    }
}

/// What most operators do: a function of each number, or of each pair.
impl OperatorCall<'_> {
    pub(super) fn each(&self, function: impl Fn(f64) -> f64) -> Evaluated<TensorValue> {
        let x = self.input(0)?;
        let numbers = self.numbers(0)?.iter().map(|x| function(*x)).collect();
        TensorValue::new(x.kind(), x.dims.clone(), numbers)
    }

    fn two(&self, function: fn(f64, f64) -> f64) -> Evaluated<TensorValue> {
        let (kind, dims, numbers) = self.pairs(function)?;
        TensorValue::new(kind, dims, numbers)
    }

    fn compare(&self, function: fn(f64, f64) -> bool) -> Evaluated<TensorValue> {
        let (_, dims, numbers) = self.pairs(|a, b| f64::from(u8::from(function(a, b))))?;
        TensorValue::new(ElementType::Bool, dims, numbers)
    }

    fn pairs(
        &self,
        function: impl Fn(f64, f64) -> f64,
    ) -> Evaluated<(ElementType, Vec<usize>, Vec<f64>)> {
        let (a, b) = (self.input(0)?, self.input(1)?);
        if a.kind() != b.kind() || self.inputs.len() != 2 {
            return Err(format!("its inputs are {:?} and {:?}", a.kind(), b.kind()));
        }
        let (x, y) = (self.numbers(0)?, self.numbers(1)?);
        let dims = broadcast(&a.dims, &b.dims)?;
        let mut numbers = Vec::with_capacity(count(&dims)?);
        for_each(&dims, |at| numbers.push(function(x[place(&a.dims, at)], y[place(&b.dims, at)])));
        Ok((a.kind(), dims, numbers))
    }
}
