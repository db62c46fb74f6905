//! What each layer costs: its parameters, and the multiply-adds of one sample.

use crate::model::network::Network;
use crate::shape::Shape;
use crate::spec::LayerSpec;

/// What one layer costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerCost {
    /// The layer's name.
    pub name: String,
    /// Keras's name of its class.
    pub class_name: &'static str,
    /// The shape of its output.
    pub output: Shape,
    /// The numbers that it holds.
    pub parameters: usize,
    /// Multiplications with an addition for one sample, in matrix products and convolutions; what a
    /// bias, an activation, a pooling or a normalization takes is not counted.
    pub multiply_adds: usize,
}

/// What each layer of a model costs, in order; a residual with all that is inside it.
pub fn layer_costs(model: &Network) -> Vec<LayerCost> {
    model.spec().layers.iter().map(|layer| cost(model, layer)).collect()
}

fn cost(model: &Network, layer: &LayerSpec) -> LayerCost {
    let (mut parameters, mut multiply_adds) = (0, 0usize);
    for part in layer.with_inner() {
        let uses = part.entry.item.kernel_uses(&part.input, &part.output);
        let prefix = format!("{}.", part.name); // of the layer that it wraps
        let own = model
            .weights()
            .iter()
            .filter(|weight| weight.layer == part.name || weight.layer.starts_with(&prefix));
        for weight in own {
            parameters += weight.elements();
            if weight.name.ends_with("kernel") {
                let of_kernel = uses.saturating_mul(weight.elements());
                multiply_adds = multiply_adds.saturating_add(of_kernel);
            }
        }
    }
    LayerCost {
        name: layer.name.clone(),
        class_name: layer.entry.kind.class_name,
        output: layer.output.clone(),
        parameters,
        multiply_adds,
    }
}
