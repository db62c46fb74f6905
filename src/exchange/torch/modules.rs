//! The modules of an `nn.Sequential` as they are gathered, and how the value between them lies.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{Device, Tensor};

use super::words::python;
use crate::error::Result;
use crate::exchange::portable::{Portable, PortableLayer};
use crate::layers::Dense;

/// The modules so far.
pub(super) struct Modules {
    /// Name and constructor, in order.
    pub(super) list: Vec<(String, String)>,
    /// The state dict so far.
    pub(super) state: Vec<(String, Tensor)>,
    /// Helpers of model.py that are in use.
    pub(super) helpers: BTreeSet<&'static str>,
    /// True where the model takes its input channels-first.
    pub(super) input_is_first: bool,
    /// True where the value lies channels-first.
    pub(super) is_first: bool,
    /// The value's shape without the batch axis, channels last.
    pub(super) shape: Vec<usize>,
    /// After the flattening of a channels-first value: which of our features stands at each place.
    pub(super) order: Option<Vec<u32>>,
    /// The orders that layers met, by their names.
    pub(super) orders: BTreeMap<String, Vec<u32>>,
    weights: BTreeMap<String, Vec<(String, Tensor)>>,
    names: BTreeSet<String>,
}

impl Modules {
    /// `starts_first`: the first layer that cares has its channels first.
    pub(super) fn new(
        portable: &Portable,
        weights: BTreeMap<String, Vec<(String, Tensor)>>,
        starts_first: bool,
    ) -> Modules {
        let is_first = starts_first && portable.input.len() > 1;
        Modules {
            list: Vec::new(),
            state: Vec::new(),
            helpers: BTreeSet::new(),
            input_is_first: is_first,
            is_first,
            shape: portable.input.clone(),
            order: None,
            orders: BTreeMap::new(),
            weights,
            names: portable.every_layer().iter().map(|layer| layer.name.clone()).collect(),
        }
    }

    /// For layers inside another, which get a value of this shape that lies as ours does.
    pub(super) fn inside(&mut self, shape: &[usize]) -> Modules {
        Modules {
            list: Vec::new(),
            state: Vec::new(),
            helpers: BTreeSet::new(),
            input_is_first: self.is_first,
            is_first: self.is_first,
            shape: shape.to_vec(),
            order: None,
            orders: BTreeMap::new(),
            weights: std::mem::take(&mut self.weights),
            names: std::mem::take(&mut self.names),
        }
    }

    /// Takes over what those layers left; their weights stand under `prefix`.
    pub(super) fn join(&mut self, inside: Modules, prefix: &str) {
        let state = inside.state.into_iter();
        self.state.extend(state.map(|(name, tensor)| (format!("{prefix}.{name}"), tensor)));
        self.helpers.extend(inside.helpers);
        self.orders.extend(inside.orders);
        self.weights = inside.weights;
        self.names = inside.names;
    }

    /// Adds the module that has a layer's own name.
    pub(super) fn push(&mut self, layer: &PortableLayer, code: impl Into<String>) {
        self.list.push((layer.name.clone(), code.into()));
    }

    /// Adds a module beside a layer's own: `conv2d_pad`.
    pub(super) fn beside(&mut self, name: &str, what: &str, code: impl Into<String>) {
        let mut full = format!("{name}_{what}");
        while !self.names.insert(full.clone()) {
            full.push('_');
        }
        self.list.push((full, code.into()));
    }

    /// A function of the value as a module beside a layer's own.
    pub(super) fn function(&mut self, name: &str, what: &str, body: &str) {
        self.helpers.insert("Function");
        self.beside(name, what, format!("Function(lambda x: {body})"));
    }

    /// The layer's weights as they stand in model.safetensors.
    pub(super) fn weights(&mut self, layer: &PortableLayer) -> Vec<(String, Tensor)> {
        self.weights.remove(&layer.name).unwrap_or_default()
    }

    /// Keeps a layer's weights as they are.
    pub(super) fn keep(&mut self, layer: &PortableLayer) {
        for (name, tensor) in self.weights(layer) {
            self.state.push((format!("{}.{name}", layer.name), tensor));
        }
    }

    /// Turns the value channels-last, where it isn't.
    pub(super) fn turn_last(&mut self) {
        if self.is_first && self.shape.len() > 1 {
            let rank = self.shape.len();
            let axes: Vec<String> = (2..=rank).chain([1]).map(|axis| axis.to_string()).collect();
            let name = self.last_name();
            self.function(&name, "last", &format!("x.permute(0, {})", axes.join(", ")));
        }
        self.is_first = false;
    }

    /// Turns the value channels-first, where it isn't.
    pub(super) fn turn_first(&mut self) {
        if !self.is_first && self.shape.len() > 1 {
            let rank = self.shape.len();
            let axes: Vec<String> =
                [rank].into_iter().chain(1..rank).map(|a| a.to_string()).collect();
            let name = self.last_name();
            self.function(&name, "first", &format!("x.permute(0, {})", axes.join(", ")));
        }
        self.is_first = true;
    }

    /// Puts the features back in our order, where they aren't.
    pub(super) fn restore_order(&mut self) {
        if let Some(order) = self.order.take() {
            let mut back = vec![0; order.len()];
            for (place, feature) in order.iter().enumerate() {
                back[*feature as usize] = place;
            }
            let name = self.last_name();
            self.function(&name, "order", &format!("x[:, {back:?}]"));
        }
    }

    /// Remembers that a layer's features come in another order, where they do.
    pub(super) fn meets_order(&mut self, layer: &PortableLayer) {
        if let Some(order) = &self.order {
            self.orders.insert(layer.name.clone(), order.clone());
        }
    }

    /// A vector, or a matrix along its last axis, with the features in the order of the value.
    pub(super) fn ordered(&self, tensor: &Tensor) -> Result<Tensor> {
        let Some(order) = &self.order else { return Ok(tensor.clone()) };
        let index = Tensor::new(order.as_slice(), &Device::Cpu)?;
        Ok(tensor.index_select(&index, tensor.rank() - 1)?)
    }

    fn last_name(&self) -> String {
        self.list.last().map_or_else(|| "input".to_string(), |(name, _)| name.clone())
    }

    /// nn.Linear, of a Dense or of one inside `layer`.
    pub(super) fn linear(
        &mut self,
        layer: &PortableLayer,
        features: usize,
        dense: &Dense,
    ) -> Result<()> {
        let (units, bias) = (dense.units, python(dense.use_bias));
        self.push(layer, format!("nn.Linear({features}, {units}, bias={bias})"));
        self.meets_order(layer);
        for (name, tensor) in self.weights(layer) {
            let tensor = if name == "weight" { self.ordered(&tensor)? } else { tensor };
            self.state.push((format!("{}.{name}", layer.name), tensor));
        }
        self.order = None;
        Ok(())
    }
}
