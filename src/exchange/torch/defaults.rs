//! Where PyTorch's defaults are others than Keras's: a state dict doesn't say which were used.

use crate::layers::LayerKind;
use crate::model::network::Network;

/// PyTorch's `eps` of BatchNorm, LayerNorm and GroupNorm; candle's, too.
const EPSILON: f64 = 1e-5;
/// PyTorch's `negative_slope` of LeakyReLU.
const SLOPE: f64 = 0.01;

/// A line for each layer whose arguments aren't PyTorch's defaults, with both numbers and what to
/// write where the file's model has PyTorch's.
pub fn unlike_defaults(model: &Network) -> Vec<String> {
    let note = |layer: &crate::spec::LayerSpec| {
        let (key, own, default) = match LayerKind::from(&*layer.entry.item) {
            LayerKind::BatchNormalization(own) => ("epsilon", own.epsilon, EPSILON),
            LayerKind::LayerNormalization(own) => ("epsilon", own.epsilon, EPSILON),
            LayerKind::GroupNormalization(own) => ("epsilon", own.epsilon, EPSILON),
            LayerKind::LeakyReLU(own) => ("negative_slope", own.negative_slope, SLOPE),
            _ => return None,
        };
        let (name, kind) = (&layer.name, layer.entry.kind.name);
        let usual = if default < 1e-3 { format!("{default:e}") } else { default.to_string() };
        (own != default).then(|| {
            format!(
                "`{name}` has `{key}: {own}`, PyTorch's default is {usual}: where the file's model \
                 has that, write `{kind}: {{{key}: {usual}}}` in the configuration"
            )
        })
    };
    model.spec().layers.iter().filter_map(note).collect()
}
