//! Flatten: PyTorch's order is channel, height, width, ours is height, width, channel. The weights
//! that follow are permuted, so that the value need not be.

use super::modules::Modules;
use crate::exchange::portable::PortableLayer;

pub(super) fn flatten(modules: &mut Modules, layer: &PortableLayer, rest: &[PortableLayer]) {
    let shape = modules.shape.clone();
    let channels = shape.last().copied().unwrap_or(1);
    let places: usize = shape[..shape.len().saturating_sub(1)].iter().product();
    if modules.is_first && channels > 1 && places > 1 {
        if reaches_dense(rest) {
            let places = places as u32;
            let order = (0..channels as u32).flat_map(|channel| {
                (0..places).map(move |place| place * channels as u32 + channel)
            });
            modules.order = Some(order.collect());
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
    for layer in rest {
        match layer.class.as_str() {
            "Dense" => return true,
            "Dropout"
            | "AlphaDropout"
            | "GaussianNoise"
            | "GaussianDropout"
            | "Identity"
            | "ActivityRegularization"
            | "ReLU"
            | "LeakyReLU"
            | "ELU"
            | "BatchNormalization"
            | "LayerNormalization"
            | "RMSNormalization" => {}
            "Activation" if layer.argument("activation") != "glu" => {}
            "Rescaling" if layer.argument("scale").is_number() => {}
            _ => return false,
        }
    }
    false
}
