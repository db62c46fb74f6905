//! Keras's files written.

use candle_core::Tensor;

use super::functional::{is_functional, keyed};
use super::hdf5::{self, Hdf5Tree};
use super::{archive, model_json};
use crate::error::{Error, Result};
use crate::exchange::portable::Portable;
use crate::layers::{LayerEntry, LayerKind};

/// The version whose layout is written.
const KERAS_VERSION: &str = "3.15.1";

/// The bytes of a `.keras` file: architecture, compile settings, weights and the optimizer's state.
pub fn write_keras(portable: &Portable) -> Result<Vec<u8>> {
    let config = model_json::model(portable)?.to_string();
    let weights = write_weights(portable)?;
    archive::write(&config, &weights, KERAS_VERSION).map_err(Error::Internal)
}

/// The bytes of a `.weights.h5` file.
pub fn write_weights(portable: &Portable) -> Result<Vec<u8>> {
    let mut tree = Hdf5Tree::default();
    let mut name_of = |group: &str, name: &str| {
        tree.groups.push(group.to_string());
        tree.attributes.insert((group.to_string(), "name".into()), vec![name.to_string()]);
    };
    name_of("vars", &portable.name);
    let keyed = keyed(portable);
    for (key, layer) in &keyed {
        name_of(&format!("layers/{key}/vars"), &layer.name);
    }
    // in a functional model Keras keeps the variables in another order than ours
    let optimizer = if is_functional(portable) { &[][..] } else { &portable.optimizer };
    if !optimizer.is_empty() {
        name_of("optimizer/vars", "optimizer");
    }
    for (key, layer) in &keyed {
        let tensors: Vec<&Tensor> = layer.weights.iter().map(|(_, tensor)| tensor).collect();
        for (group, tensors) in placed(&layer.entry, &tensors) {
            for (index, tensor) in tensors.iter().enumerate() {
                let path = format!("layers/{key}/{group}vars/{index}");
                tree.datasets.insert(path, (*tensor).clone());
            }
        }
    }
    for (index, (_, tensor)) in optimizer.iter().enumerate() {
        tree.datasets.insert(format!("optimizer/vars/{index}"), tensor.clone());
    }
    hdf5::write(&tree).map_err(Error::Internal)
}

type Placed<'a> = Vec<(String, Vec<&'a Tensor>)>;

/// Which of a layer's groups holds which of its weights.
fn placed<'a>(entry: &LayerEntry, tensors: &[&'a Tensor]) -> Placed<'a> {
    let prefixed = |prefix: &str, placed: Placed<'a>| -> Placed<'a> {
        placed.into_iter().map(|(group, own)| (format!("{prefix}/{group}"), own)).collect()
    };
    match LayerKind::from(&*entry.item) {
        LayerKind::SimpleRnn(_) | LayerKind::Lstm(_) | LayerKind::Gru(_) => {
            vec![("cell/".into(), tensors.to_vec())]
        }
        LayerKind::Bidirectional(both) => {
            let has_bias = both.layer.item.recurrent().is_some_and(|cell| cell.use_bias);
            let own = if has_bias { 3 } else { 2 };
            let (forward, backward) = tensors.split_at(own.min(tensors.len()));
            let mut all = prefixed("forward_layer", placed(&both.layer, forward));
            all.extend(prefixed("backward_layer", placed(&both.layer, backward)));
            all
        }
        LayerKind::TimeDistributed(each) => prefixed("layer", placed(&each.layer, tensors)),
        LayerKind::Dense(_)
        | LayerKind::EinsumDense(_)
        | LayerKind::Embedding(_)
        | LayerKind::Masking(_)
        | LayerKind::ActivationLayer(_)
        | LayerKind::ReLU(_)
        | LayerKind::LeakyReLU(_)
        | LayerKind::Elu(_)
        | LayerKind::PReLU(_)
        | LayerKind::Softmax(_)
        | LayerKind::Flatten(_)
        | LayerKind::Reshape(_)
        | LayerKind::Permute(_)
        | LayerKind::RepeatVector(_)
        | LayerKind::Identity(_)
        | LayerKind::Dropout(_)
        | LayerKind::SpatialDropout1D(_)
        | LayerKind::SpatialDropout2D(_)
        | LayerKind::SpatialDropout3D(_)
        | LayerKind::GaussianNoise(_)
        | LayerKind::GaussianDropout(_)
        | LayerKind::AlphaDropout(_)
        | LayerKind::ActivityRegularization(_)
        | LayerKind::BatchNormalization(_)
        | LayerKind::LayerNormalization(_)
        | LayerKind::GroupNormalization(_)
        | LayerKind::RmsNormalization(_)
        | LayerKind::UnitNormalization(_)
        | LayerKind::Rescaling(_)
        | LayerKind::Normalization(_)
        | LayerKind::Conv1D(_)
        | LayerKind::Conv2D(_)
        | LayerKind::Conv3D(_)
        | LayerKind::DepthwiseConv1D(_)
        | LayerKind::DepthwiseConv2D(_)
        | LayerKind::SeparableConv1D(_)
        | LayerKind::SeparableConv2D(_)
        | LayerKind::Conv1DTranspose(_)
        | LayerKind::Conv2DTranspose(_)
        | LayerKind::Conv3DTranspose(_)
        | LayerKind::MaxPooling1D(_)
        | LayerKind::MaxPooling2D(_)
        | LayerKind::MaxPooling3D(_)
        | LayerKind::AveragePooling1D(_)
        | LayerKind::AveragePooling2D(_)
        | LayerKind::AveragePooling3D(_)
        | LayerKind::GlobalMaxPooling1D(_)
        | LayerKind::GlobalMaxPooling2D(_)
        | LayerKind::GlobalMaxPooling3D(_)
        | LayerKind::GlobalAveragePooling1D(_)
        | LayerKind::GlobalAveragePooling2D(_)
        | LayerKind::GlobalAveragePooling3D(_)
        | LayerKind::AdaptiveMaxPooling1D(_)
        | LayerKind::AdaptiveMaxPooling2D(_)
        | LayerKind::AdaptiveMaxPooling3D(_)
        | LayerKind::AdaptiveAveragePooling1D(_)
        | LayerKind::AdaptiveAveragePooling2D(_)
        | LayerKind::AdaptiveAveragePooling3D(_)
        | LayerKind::ZeroPadding1D(_)
        | LayerKind::ZeroPadding2D(_)
        | LayerKind::ZeroPadding3D(_)
        | LayerKind::Cropping1D(_)
        | LayerKind::Cropping2D(_)
        | LayerKind::Cropping3D(_)
        | LayerKind::UpSampling1D(_)
        | LayerKind::UpSampling2D(_)
        | LayerKind::UpSampling3D(_)
        | LayerKind::RandomFlip(_)
        | LayerKind::RandomRotation(_)
        | LayerKind::RandomZoom(_)
        | LayerKind::RandomTranslation(_)
        | LayerKind::RandomContrast(_)
        | LayerKind::Residual(_)
        | LayerKind::Other(_) => vec![(String::new(), tensors.to_vec())],
    }
}
