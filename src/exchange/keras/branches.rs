//! The layers of a functional model: a straight chain, in which residuals may stand: two ways from
//! one layer, and an `Add` where they meet.

use std::collections::BTreeMap;

use serde_json::Value;

/// A layer of a functional model.
pub(super) enum Branch<'a> {
    /// One of Keras's.
    Layer(&'a Value),
    /// An `Add` with its two ways.
    Residual(&'a Value, [Vec<Branch<'a>>; 2]),
}

/// How deep residuals may stand in one another.
const DEPTH: usize = 32;

/// The layers in order; the input's is the first.
pub(super) fn branches(config: &Value) -> Result<Vec<Branch<'_>>, String> {
    let layers: Vec<&Value> = config["layers"].as_array().into_iter().flatten().collect();
    let mut graph = BranchGraph { nodes: Vec::new() };
    let mut places = BTreeMap::new();
    for layer in layers {
        let name = layer["name"].as_str().or_else(|| layer["config"]["name"].as_str());
        let name = name.unwrap_or("?");
        let mut from = Vec::new();
        sources(&layer["inbound_nodes"], &mut from, 0);
        let inputs: Option<Vec<usize>> =
            from.iter().map(|source| places.get(source).copied()).collect();
        let is_sum = layer["class_name"] == "Add";
        let node = match (inputs.as_deref(), graph.nodes.is_empty()) {
            (Some([]), true) => BranchNode { layer, before: None, ways: None },
            (Some([one]), false) if !is_sum => BranchNode { layer, before: Some(*one), ways: None },
            (Some([one, other]), false) if is_sum => {
                let fork = graph.fork(*one, *other).ok_or_else(|| branching(name))?;
                BranchNode { layer, before: Some(fork), ways: Some([*one, *other]) }
            }
            _ => return Err(branching(name)),
        };
        places.insert(name, graph.nodes.len());
        graph.nodes.push(node);
    }
    let Some(last) = graph.nodes.len().checked_sub(1) else { return Ok(Vec::new()) };
    let mut used = 0;
    let chain = graph.chain(last, None, 0, &mut used)?;
    if used == graph.nodes.len() {
        Ok(chain)
    } else {
        Err("the functional model has layers that don't lead to its one output".into())
    }
}

fn branching(name: &str) -> String {
    format!(
        "the functional model branches at layer `{name}`: only a straight chain of layers, and two \
         ways that end in an `Add` of both, are supported"
    )
}

struct BranchGraph<'a> {
    nodes: Vec<BranchNode<'a>>,
}

struct BranchNode<'a> {
    layer: &'a Value,
    /// The node before it; before an `Add`, that where its ways begin.
    before: Option<usize>,
    /// The ends of an `Add`'s ways.
    ways: Option<[usize; 2]>,
}

impl<'a> BranchGraph<'a> {
    /// The last node through which both of these are reached. A node stands after those before it.
    fn fork(&self, mut one: usize, mut other: usize) -> Option<usize> {
        while one != other {
            let later = if one > other { &mut one } else { &mut other };
            *later = self.nodes[*later].before?;
        }
        Some(one)
    }

    /// The layers after `start` up to `end`.
    fn chain(
        &self,
        end: usize,
        start: Option<usize>,
        depth: usize,
        used: &mut usize,
    ) -> Result<Vec<Branch<'a>>, String> {
        if depth > DEPTH {
            return Err(format!("its residuals stand in one another deeper than {DEPTH}"));
        }
        let mut chain = Vec::new();
        let mut place = Some(end);
        while place != start {
            let Some(node) = place.map(|place| &self.nodes[place]) else { break };
            *used += 1;
            if *used > self.nodes.len() {
                return Err("the functional model uses a layer on two ways".into());
            }
            chain.push(match node.ways {
                None => Branch::Layer(node.layer),
                Some([one, other]) => {
                    let one = self.chain(one, node.before, depth + 1, used)?;
                    let other = self.chain(other, node.before, depth + 1, used)?;
                    let ways = if one.is_empty() { [other, one] } else { [one, other] };
                    if ways[0].is_empty() {
                        let name = node.layer["config"]["name"].as_str().unwrap_or("?");
                        return Err(format!("`{name}` adds a value to itself"));
                    }
                    Branch::Residual(node.layer, ways)
                }
            });
            place = node.before;
        }
        chain.reverse();
        Ok(chain)
    }
}

/// The layers that a node's inputs come from: Keras 3's `keras_history`, Keras 2's `["name", 0, 0]`.
fn sources<'a>(node: &'a Value, found: &mut Vec<&'a str>, depth: usize) {
    if depth > 16 {
        return;
    }
    match node {
        Value::Object(map) => match map.get("keras_history") {
            Some(Value::Array(history)) => found.extend(history.first().and_then(Value::as_str)),
            _ => map.values().for_each(|inner| sources(inner, found, depth + 1)),
        },
        Value::Array(items) => match items.as_slice() {
            [Value::String(name), Value::Number(_), Value::Number(_), ..] => found.push(name),
            _ => items.iter().for_each(|inner| sources(inner, found, depth + 1)),
        },
        _ => {}
    }
}
