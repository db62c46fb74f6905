//! What the exporters must know of every kind of layer beside its arguments: how its channels lie,
//! whether a mask goes on, what becomes of the order of its features. One table for all formats.

use crate::activations::Activation;
use crate::layers::{AxisList, DataFormat, Layer, LayerKind, MaskRule, NumberList};

/// What holds for a layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerRules {
    /// How it takes its input.
    pub(super) layout: ChannelLayout,
    /// What becomes of the order of the features.
    pub(super) order: FeatureOrder,
    /// Keras's rule: whether a mask goes on to the next layer.
    #[cfg_attr(not(feature = "onnx"), allow(dead_code))]
    pub(super) passes_mask: bool,
    /// Whether its steps follow upon steps, so that roundings add up.
    pub(super) is_recurrent: bool,
}

/// How a layer takes its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChannelLayout {
    /// Each number by itself: as it lies.
    Any,
    /// With the features last.
    FeaturesLast,
    /// As an image, a volume or a sequence of this format.
    Spatial(DataFormat),
    /// It flattens a value of this format.
    Flat(DataFormat),
    /// Normalized with statistics for each place of one axis, if it is one; the batch is axis 0.
    Channels(Option<i64>),
}

/// What becomes of the order of the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeatureOrder {
    /// Every feature is by itself: any order will do, its weights follow.
    Kept,
    /// Its weights mix the features: they can be put in any order.
    Ended,
    /// It depends on the order.
    Fixed,
}

use ChannelLayout::{Any, Channels, FeaturesLast, Flat, Spatial};
use FeatureOrder::{Ended, Fixed, Kept};

impl LayerRules {
    pub(super) fn of(kind: LayerKind<'_>) -> LayerRules {
        let rules =
            |layout, order| LayerRules { layout, order, passes_mask: false, is_recurrent: false };
        let masked = |layout, order| LayerRules { passes_mask: true, ..rules(layout, order) };
        let spatial = |format| rules(Spatial(format), Fixed);
        let last = DataFormat::ChannelsLast;
        let recurrent = |passes_mask| LayerRules {
            passes_mask,
            is_recurrent: true,
            ..rules(FeaturesLast, Fixed)
        };
        match kind {
            LayerKind::Dense(_) => masked(FeaturesLast, Ended),
            LayerKind::EinsumDense(_)
            | LayerKind::Embedding(_)
            | LayerKind::Masking(_)
            | LayerKind::Reshape(_)
            | LayerKind::Permute(_)
            | LayerKind::RepeatVector(_)
            | LayerKind::Other(_) => rules(FeaturesLast, Fixed),
            LayerKind::ActivationLayer(layer) => match layer.activation {
                Activation::Glu => masked(FeaturesLast, Fixed),
                _ => masked(FeaturesLast, Kept),
            },
            LayerKind::ReLU(_) | LayerKind::LeakyReLU(_) | LayerKind::Elu(_) => masked(Any, Kept),
            LayerKind::PReLU(_) => masked(FeaturesLast, Kept),
            LayerKind::Softmax(_) => masked(FeaturesLast, Fixed),
            LayerKind::Flatten(flatten) => rules(Flat(flatten.data_format), Fixed),
            LayerKind::Identity(_)
            | LayerKind::Dropout(_)
            | LayerKind::GaussianNoise(_)
            | LayerKind::GaussianDropout(_)
            | LayerKind::AlphaDropout(_)
            | LayerKind::ActivityRegularization(_) => masked(Any, Kept),
            LayerKind::SpatialDropout1D(_) => masked(Spatial(last), Fixed),
            LayerKind::SpatialDropout2D(drop) => masked(Spatial(drop.data_format), Fixed),
            LayerKind::SpatialDropout3D(drop) => masked(Spatial(drop.data_format), Fixed),
            LayerKind::RandomFlip(_)
            | LayerKind::RandomRotation(_)
            | LayerKind::RandomZoom(_)
            | LayerKind::RandomTranslation(_)
            | LayerKind::RandomContrast(_) => masked(FeaturesLast, Fixed),
            LayerKind::BatchNormalization(norm) => masked(Channels(one(&norm.axis)), Kept),
            LayerKind::GroupNormalization(norm) => masked(Channels(Some(norm.axis)), Fixed),
            LayerKind::LayerNormalization(_) => masked(FeaturesLast, Kept),
            LayerKind::RmsNormalization(_) => rules(FeaturesLast, Kept),
            LayerKind::UnitNormalization(_) | LayerKind::Normalization(_) => {
                masked(FeaturesLast, Fixed)
            }
            LayerKind::Rescaling(rescaling) => {
                let is_one = |numbers: &NumberList| matches!(numbers, NumberList::One(_));
                let layout = if is_one(&rescaling.scale) { Any } else { FeaturesLast };
                let both = is_one(&rescaling.scale) && is_one(&rescaling.offset);
                masked(layout, if both { Kept } else { Fixed })
            }
            LayerKind::Conv1D(conv) => spatial(conv.data_format),
            LayerKind::Conv2D(conv) => spatial(conv.data_format),
            LayerKind::Conv3D(conv) => spatial(conv.data_format),
            LayerKind::DepthwiseConv1D(conv) => spatial(conv.data_format),
            LayerKind::DepthwiseConv2D(conv) => spatial(conv.data_format),
            LayerKind::SeparableConv1D(conv) => spatial(conv.data_format),
            LayerKind::SeparableConv2D(conv) => spatial(conv.data_format),
            LayerKind::Conv1DTranspose(conv) => spatial(conv.data_format),
            LayerKind::Conv2DTranspose(conv) => spatial(conv.data_format),
            LayerKind::Conv3DTranspose(conv) => spatial(conv.data_format),
            LayerKind::MaxPooling1D(pool) => spatial(pool.data_format),
            LayerKind::MaxPooling2D(pool) => spatial(pool.data_format),
            LayerKind::MaxPooling3D(pool) => spatial(pool.data_format),
            LayerKind::AveragePooling1D(pool) => spatial(pool.data_format),
            LayerKind::AveragePooling2D(pool) => spatial(pool.data_format),
            LayerKind::AveragePooling3D(pool) => spatial(pool.data_format),
            LayerKind::GlobalMaxPooling1D(pool) => spatial(pool.data_format),
            LayerKind::GlobalMaxPooling2D(pool) => spatial(pool.data_format),
            LayerKind::GlobalMaxPooling3D(pool) => spatial(pool.data_format),
            LayerKind::GlobalAveragePooling1D(pool) => spatial(pool.data_format),
            LayerKind::GlobalAveragePooling2D(pool) => spatial(pool.data_format),
            LayerKind::GlobalAveragePooling3D(pool) => spatial(pool.data_format),
            LayerKind::AdaptiveMaxPooling1D(pool) => spatial(pool.data_format),
            LayerKind::AdaptiveMaxPooling2D(pool) => spatial(pool.data_format),
            LayerKind::AdaptiveMaxPooling3D(pool) => spatial(pool.data_format),
            LayerKind::AdaptiveAveragePooling1D(pool) => spatial(pool.data_format),
            LayerKind::AdaptiveAveragePooling2D(pool) => spatial(pool.data_format),
            LayerKind::AdaptiveAveragePooling3D(pool) => spatial(pool.data_format),
            LayerKind::ZeroPadding1D(pad) => spatial(pad.data_format),
            LayerKind::ZeroPadding2D(pad) => spatial(pad.data_format),
            LayerKind::ZeroPadding3D(pad) => spatial(pad.data_format),
            LayerKind::Cropping1D(_) | LayerKind::UpSampling1D(_) => spatial(last),
            LayerKind::Cropping2D(crop) => spatial(crop.data_format),
            LayerKind::Cropping3D(crop) => spatial(crop.data_format),
            LayerKind::UpSampling2D(up) => spatial(up.data_format),
            LayerKind::UpSampling3D(up) => spatial(up.data_format),
            LayerKind::SimpleRnn(rnn) => recurrent(rnn.return_sequences),
            LayerKind::Lstm(lstm) => recurrent(lstm.return_sequences),
            LayerKind::Gru(gru) => recurrent(gru.return_sequences),
            LayerKind::Bidirectional(both) => {
                let inner = both.layer.item.recurrent();
                recurrent(inner.is_some_and(|inner| inner.return_sequences))
            }
            LayerKind::TimeDistributed(_) => masked(FeaturesLast, Fixed),
            LayerKind::Residual(residual) => {
                let inner = residual.layers.iter().chain(&residual.shortcut);
                let inner: Vec<LayerRules> =
                    inner.map(|entry| LayerRules::of(LayerKind::from(&*entry.item))).collect();
                let layout = inner.iter().map(|rules| rules.layout).find(|layout| *layout != Any);
                LayerRules {
                    layout: layout.unwrap_or(Any),
                    order: Fixed,
                    passes_mask: residual.mask_rule() == MaskRule::Passes,
                    is_recurrent: inner.iter().any(|rules| rules.is_recurrent),
                }
            }
        }
    }

    /// True where the channels come before the space.
    pub(super) fn is_channels_first(&self) -> bool {
        matches!(self.layout, Spatial(format) | Flat(format) if format == DataFormat::ChannelsFirst)
    }
}

/// The axis, where it is one.
fn one(axes: &AxisList) -> Option<i64> {
    match axes {
        AxisList::One(axis) => Some(*axis),
        AxisList::Many(axes) => match axes[..] {
            [axis] => Some(axis),
            _ => None,
        },
    }
}
