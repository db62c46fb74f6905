//! A model with residuals as one of Keras's functional models: a graph in which an `Add` ends each.

use crate::exchange::portable::{Portable, PortableLayer, file_keys};
use crate::layers::LayerKind;

/// A layer of the graph.
pub(crate) struct KerasNode<'a> {
    pub(crate) layer: &'a PortableLayer,
    /// The places in the graph of those whose outputs it takes; None stands for the model's input.
    pub(super) inputs: Vec<Option<usize>>,
    /// How many layers come after it, at most.
    depth: usize,
    /// When Keras meets it on its way back from the output.
    met: usize,
}

impl KerasNode<'_> {
    pub(super) fn is_sum(&self) -> bool {
        matches!(self.layer.kind(), LayerKind::Residual(_))
    }

    /// Keras's class.
    fn class(&self) -> &'static str {
        if self.is_sum() { "Add" } else { self.layer.class() }
    }
}

/// True where a model can't be written as a Sequential.
pub(crate) fn is_functional(portable: &Portable) -> bool {
    portable.layers.iter().any(|layer| matches!(layer.kind(), LayerKind::Residual(_)))
}

/// Every layer with its key in Keras's weights files, in Keras's order. A residual is its `Add`.
pub(crate) fn keyed(portable: &Portable) -> Vec<(String, &PortableLayer)> {
    if !is_functional(portable) {
        return portable.file_keys().into_iter().zip(&portable.layers).collect();
    }
    let nodes = graph(portable);
    let keys = file_keys(nodes.iter().map(KerasNode::class));
    keys.into_iter().zip(nodes.iter().map(|node| node.layer)).collect()
}

/// The layers in the order in which Keras keeps them: those with the most layers after them first,
/// and of as many those that it meets first on its way back from the output.
pub(super) fn graph(portable: &Portable) -> Vec<KerasNode<'_>> {
    let mut nodes = Vec::new();
    chain(&portable.layers, None, &mut nodes);
    for place in (0..nodes.len()).rev() {
        let depth = nodes[place].depth + 1;
        for input in nodes[place].inputs.clone().into_iter().flatten() {
            nodes[input].depth = nodes[input].depth.max(depth);
        }
    }
    let mut met = 0;
    let mut ahead: Vec<usize> = nodes.len().checked_sub(1).into_iter().collect();
    while let Some(place) = ahead.pop() {
        if nodes[place].met == usize::MAX {
            nodes[place].met = met;
            met += 1;
            ahead.extend(nodes[place].inputs.iter().rev().flatten());
        }
    }
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|place| (std::cmp::Reverse(nodes[*place].depth), nodes[*place].met));
    let mut places = vec![0; nodes.len()];
    for (new, old) in order.iter().enumerate() {
        places[*old] = new;
    }
    for input in nodes.iter_mut().flat_map(|node| &mut node.inputs).flatten() {
        *input = places[*input];
    }
    let mut sorted: Vec<(usize, KerasNode<'_>)> = places.into_iter().zip(nodes).collect();
    sorted.sort_by_key(|(place, _)| *place);
    sorted.into_iter().map(|(_, node)| node).collect()
}

/// Adds layers, one after the other, and gives the place of the last.
fn chain<'a>(
    layers: &'a [PortableLayer],
    mut before: Option<usize>,
    nodes: &mut Vec<KerasNode<'a>>,
) -> Option<usize> {
    for layer in layers {
        let inputs = match layer.kind() {
            LayerKind::Residual(_) => {
                layer.ways.iter().map(|way| chain(way, before, nodes)).collect()
            }
            _ => vec![before],
        };
        nodes.push(KerasNode { layer, inputs, depth: 0, met: usize::MAX });
        before = Some(nodes.len() - 1);
    }
    before
}
