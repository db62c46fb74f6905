//! Flatten: PyTorch's order is channel, height, width, ours is height, width, channel. The weights
//! that follow are permuted, so that the value need not be.

use super::modules::Modules;
use crate::exchange::layer_rules::{FeatureOrder, LayerRules};
use crate::exchange::portable::PortableLayer;

pub(super) fn flatten(modules: &mut Modules, layer: &PortableLayer, rest: &[PortableLayer]) {
    let rank = modules.shape.len();
    let turns = LayerRules::of(layer.kind()).is_channels_first() && rank > 1;
    if turns {
        modules.turn_last();
    }
    // where the channels stand in the value that we flatten, and where PyTorch's Flatten finds them
    let channels_at = if turns { 0 } else { rank.saturating_sub(1) };
    let channels = modules.shape.get(channels_at).copied().unwrap_or(1);
    let places = modules.shape.iter().product::<usize>() / channels.max(1);
    if (modules.is_first || turns) && channels > 1 && places > 1 {
        if reaches_dense(rest) {
            let places = places as u32;
            let order = (0..channels as u32).flat_map(|channel| {
                (0..places).map(move |place| place * channels as u32 + channel)
            });
            modules.order = Some(order.collect());
        } else if turns {
            let axes: Vec<String> = (2..=rank).chain([1]).map(|axis| axis.to_string()).collect();
            let body = format!("x.permute(0, {})", axes.join(", "));
            modules.function(&layer.name, "turned", &body);
        } else {
            modules.turn_last();
        }
    }
    modules.is_first = false;
    modules.push(layer, "nn.Flatten()");
}

/// True where only layers that see each feature alone, and weights that can be permuted, stand
/// before the next Dense.
fn reaches_dense(rest: &[PortableLayer]) -> bool {
    let mut orders = rest.iter().map(|layer| LayerRules::of(layer.kind()).order);
    orders.find(|order| *order != FeatureOrder::Kept) == Some(FeatureOrder::Ended)
}
