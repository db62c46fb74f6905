//! What flows from layer to layer.

use super::graph::{GraphBuilder, int_list};

/// The value that a layer gets or gives.
#[derive(Clone)]
pub(super) struct GraphValue {
    /// Its name in the graph.
    pub(super) name: String,
    /// Its shape without the batch axis, channels last, whatever its layout.
    pub(super) shape: Vec<usize>,
    /// True where it lies channels-first in the graph.
    pub(super) is_first: bool,
    /// The mask, (batch, time) of f32, where there is one.
    pub(super) mask: Option<String>,
}

impl GraphValue {
    pub(super) fn new(name: String, shape: Vec<usize>) -> GraphValue {
        GraphValue { name, shape, is_first: false, mask: None }
    }

    /// Another value in the same layout and with the same mask.
    pub(super) fn with(&self, name: String) -> GraphValue {
        GraphValue { name, ..self.clone() }
    }

    /// The value's name once it lies channels-last.
    pub(super) fn channels_last(&self, graph: &mut GraphBuilder) -> String {
        if !self.is_first {
            return self.name.clone();
        }
        let rank = self.shape.len() as i64;
        let mut axes = vec![0];
        axes.extend(2..=rank);
        axes.push(1);
        graph.node("Transpose", &[&self.name], vec![int_list("perm", &axes)])
    }

    /// The value's name once it lies channels-first.
    pub(super) fn channels_first(&self, graph: &mut GraphBuilder) -> String {
        if self.is_first || self.shape.len() < 2 {
            return self.name.clone();
        }
        let rank = self.shape.len() as i64;
        let mut axes = vec![0, rank];
        axes.extend(1..rank);
        graph.node("Transpose", &[&self.name], vec![int_list("perm", &axes)])
    }

    /// The same value, channels-last.
    pub(super) fn turned_last(&self, graph: &mut GraphBuilder) -> GraphValue {
        GraphValue { name: self.channels_last(graph), is_first: false, ..self.clone() }
    }
}

/// A shape with a batch axis before it.
pub(super) fn signed(batch: i64, shape: &[usize]) -> Vec<i64> {
    std::iter::once(batch).chain(shape.iter().map(|dim| *dim as i64)).collect()
}
