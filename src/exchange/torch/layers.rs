//! Layers as PyTorch's modules. What has no twin is refused by name.

use super::modules::Modules;
use super::words::{constant, sequential, tuple};
use super::{activations, convolution, normalization, order, recurrent};
use crate::error::Result;
use crate::exchange::layer_rules::{ChannelLayout, LayerRules};
use crate::exchange::portable::PortableLayer;
use crate::layers::{
    DataFormat, Dense, EinsumDense, Embedding, Interpolation, LayerKind, NumberList, Rescaling,
    UnitNormalization,
};

/// True where the first layer that cares has its channels first in PyTorch.
pub(super) fn starts_first(layers: &[PortableLayer]) -> bool {
    let mut layouts = layers.iter().map(|layer| (LayerRules::of(layer.kind()).layout, layer));
    match layouts.find(|(layout, _)| *layout != ChannelLayout::Any) {
        Some((ChannelLayout::Spatial(format), _)) => format == DataFormat::ChannelsLast,
        Some((ChannelLayout::Flat(format), layer)) => {
            format == DataFormat::ChannelsLast && layer.input.len() > 2 // an image
        }
        Some((ChannelLayout::Channels(axis), layer)) => {
            axis.is_some_and(|axis| normalization::place(axis, layer) == layer.input.len())
        }
        Some((ChannelLayout::FeaturesLast | ChannelLayout::Any, _)) | None => false,
    }
}

/// Names that every nn.Sequential uses for itself.
const TAKEN: &str = "T_destination add_module append apply bfloat16 buffers call_super_init \
    children compile cpu cuda double dump_patches eval extend extra_repr float forward get_buffer \
    get_extra_state get_parameter get_submodule half insert ipu load_state_dict modules mtia \
    named_buffers named_children named_modules named_parameters parameters pop \
    register_backward_hook register_buffer register_forward_hook register_forward_pre_hook \
    register_full_backward_hook register_full_backward_pre_hook \
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module \
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ \
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu \
    zero_grad";

/// Adds a layer's modules. `rest` are the layers after it.
pub(super) fn layer(
    modules: &mut Modules,
    layer: &PortableLayer,
    rest: &[PortableLayer],
) -> Result<()> {
    if TAKEN.split(' ').any(|name| name == layer.name) {
        return Err(layer.refuse("PyTorch's nn.Sequential has no place for a module of this name"));
    }
    match layer.kind() {
        LayerKind::Dense(own) => dense(modules, layer, own)?,
        LayerKind::EinsumDense(own) => einsum_dense(modules, layer, own)?,
        LayerKind::Embedding(own) => embedding(modules, layer, own)?,
        LayerKind::ActivationLayer(own) => activations::layer(modules, layer, &own.activation)?,
        LayerKind::ReLU(own) => activations::layer(modules, layer, &own.function())?,
        LayerKind::LeakyReLU(own) => activations::layer(modules, layer, &own.function())?,
        LayerKind::Elu(own) => activations::layer(modules, layer, &own.function())?,
        LayerKind::PReLU(_) => activations::p_re_lu(modules, layer)?,
        LayerKind::Softmax(own) => activations::softmax(modules, layer, &own.axis)?,
        LayerKind::Flatten(_) => order::flatten(modules, layer, rest),
        LayerKind::Reshape(_) if layer.output.len() == 1 => order::flatten(modules, layer, rest),
        LayerKind::Reshape(_) => {
            shape(modules, layer, &format!("x.reshape(-1, {})", list(&layer.output)));
        }
        LayerKind::Permute(own) => {
            shape(modules, layer, &format!("x.permute(0, {})", list(&own.dims)));
        }
        LayerKind::RepeatVector(own) => {
            shape(modules, layer, &format!("x.unsqueeze(1).repeat(1, {}, 1)", own.n));
        }
        LayerKind::Dropout(own) => modules.push(layer, format!("nn.Dropout({:?})", own.rate)),
        LayerKind::AlphaDropout(own) => {
            modules.push(layer, format!("nn.AlphaDropout({:?})", own.rate));
        }
        LayerKind::SpatialDropout1D(own) => spatial_dropout(modules, layer, own.rate),
        LayerKind::SpatialDropout2D(own) => spatial_dropout(modules, layer, own.rate),
        LayerKind::SpatialDropout3D(own) => spatial_dropout(modules, layer, own.rate),
        // what is done in training alone, and PyTorch lacks
        LayerKind::Identity(_)
        | LayerKind::GaussianNoise(_)
        | LayerKind::GaussianDropout(_)
        | LayerKind::ActivityRegularization(_)
        | LayerKind::RandomFlip(_)
        | LayerKind::RandomRotation(_)
        | LayerKind::RandomZoom(_)
        | LayerKind::RandomTranslation(_)
        | LayerKind::RandomContrast(_) => modules.push(layer, "nn.Identity()"),
        LayerKind::Rescaling(own) => rescaling(modules, layer, own),
        LayerKind::Normalization(own) => normalization::normalization(modules, layer, own)?,
        LayerKind::BatchNormalization(own) => normalization::batch(modules, layer, own)?,
        LayerKind::LayerNormalization(own) => normalization::layer_norm(modules, layer, own)?,
        LayerKind::RmsNormalization(own) => normalization::rms_norm(modules, layer, own)?,
        LayerKind::GroupNormalization(own) => normalization::group(modules, layer, own)?,
        LayerKind::UnitNormalization(own) => unit_normalization(modules, layer, own)?,
        LayerKind::Conv1D(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::Conv2D(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::Conv3D(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::DepthwiseConv1D(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::DepthwiseConv2D(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::SeparableConv1D(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::SeparableConv2D(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::Conv1DTranspose(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::Conv2DTranspose(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::Conv3DTranspose(own) => convolution::convolution(modules, layer, &own.into())?,
        LayerKind::MaxPooling1D(own) => convolution::pooling(modules, layer, &own.into()),
        LayerKind::MaxPooling2D(own) => convolution::pooling(modules, layer, &own.into()),
        LayerKind::MaxPooling3D(own) => convolution::pooling(modules, layer, &own.into()),
        LayerKind::AveragePooling1D(own) => convolution::pooling(modules, layer, &own.into()),
        LayerKind::AveragePooling2D(own) => convolution::pooling(modules, layer, &own.into()),
        LayerKind::AveragePooling3D(own) => convolution::pooling(modules, layer, &own.into()),
        LayerKind::GlobalMaxPooling1D(own) => {
            convolution::global(modules, layer, "amax", own.keepdims);
        }
        LayerKind::GlobalMaxPooling2D(own) => {
            convolution::global(modules, layer, "amax", own.keepdims);
        }
        LayerKind::GlobalMaxPooling3D(own) => {
            convolution::global(modules, layer, "amax", own.keepdims);
        }
        LayerKind::GlobalAveragePooling1D(own) => {
            convolution::global(modules, layer, "mean", own.keepdims);
        }
        LayerKind::GlobalAveragePooling2D(own) => {
            convolution::global(modules, layer, "mean", own.keepdims);
        }
        LayerKind::GlobalAveragePooling3D(own) => {
            convolution::global(modules, layer, "mean", own.keepdims);
        }
        LayerKind::AdaptiveMaxPooling1D(_)
        | LayerKind::AdaptiveMaxPooling2D(_)
        | LayerKind::AdaptiveMaxPooling3D(_) => convolution::adaptive(modules, layer, "Max"),
        LayerKind::AdaptiveAveragePooling1D(_)
        | LayerKind::AdaptiveAveragePooling2D(_)
        | LayerKind::AdaptiveAveragePooling3D(_) => convolution::adaptive(modules, layer, "Avg"),
        LayerKind::ZeroPadding1D(own) => convolution::padding(modules, layer, &own.padding)?,
        LayerKind::ZeroPadding2D(own) => convolution::padding(modules, layer, &own.padding)?,
        LayerKind::ZeroPadding3D(own) => convolution::padding(modules, layer, &own.padding)?,
        LayerKind::Cropping1D(own) => convolution::cropping(modules, layer, &own.cropping)?,
        LayerKind::Cropping2D(own) => convolution::cropping(modules, layer, &own.cropping)?,
        LayerKind::Cropping3D(own) => convolution::cropping(modules, layer, &own.cropping)?,
        LayerKind::UpSampling1D(own) => {
            convolution::up_sampling(modules, layer, &own.size, Interpolation::Nearest)?;
        }
        LayerKind::UpSampling2D(own) => {
            convolution::up_sampling(modules, layer, &own.size, own.interpolation)?;
        }
        LayerKind::UpSampling3D(own) => {
            convolution::up_sampling(modules, layer, &own.size, Interpolation::Nearest)?;
        }
        LayerKind::SimpleRnn(_) | LayerKind::Lstm(_) | LayerKind::Gru(_) => {
            recurrent::recurrent(modules, layer, &layer.cell()?, "")?;
        }
        LayerKind::Bidirectional(own) => recurrent::bidirectional(modules, layer, own)?,
        LayerKind::TimeDistributed(own) => recurrent::time_distributed(modules, layer, own)?,
        LayerKind::Residual(_) => residual(modules, layer)?,
        LayerKind::Masking(_) | LayerKind::Other(_) => {
            return Err(layer.refuse("it has no twin in PyTorch"));
        }
    }
    modules.shape.clone_from(&layer.output);
    Ok(())
}

/// A small module with its two ways as `nn.Sequential`s.
fn residual(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.restore_order();
    let mut ways = Vec::new();
    for (way, key) in layer.ways.iter().zip(["layers", "shortcut"]) {
        let mut inside = modules.inside(&layer.input);
        for (index, inner) in way.iter().enumerate() {
            self::layer(&mut inside, inner, &way[index + 1..])?;
        }
        // both ways end as they began
        inside.restore_order();
        if modules.is_first {
            inside.turn_first();
        } else {
            inside.turn_last();
        }
        ways.push(match inside.list.as_slice() {
            [] => "nn.Identity()".to_string(),
            list => sequential(list, 4),
        });
        modules.join(inside, &format!("{}.{key}", layer.name));
    }
    modules.helpers.insert("Residual");
    modules.push(layer, format!("Residual({})", ways.join(", ")));
    Ok(())
}

fn dense(modules: &mut Modules, layer: &PortableLayer, dense: &Dense) -> Result<()> {
    modules.turn_last();
    modules.linear(layer, layer.input.last().copied().unwrap_or(1), dense)?;
    modules.shape.clone_from(&layer.output);
    activations::beside(modules, layer, &dense.activation)
}

fn einsum_dense(modules: &mut Modules, layer: &PortableLayer, dense: &EinsumDense) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    modules.helpers.insert("EinsumDense");
    let weights = modules.weights(layer);
    let shapes: Vec<String> =
        weights.iter().map(|(name, tensor)| format!("{name}={}", tuple(tensor.dims()))).collect();
    modules.push(layer, format!("EinsumDense({:?}, {})", dense.equation, shapes.join(", ")));
    let prefix = format!("{}.", layer.name);
    modules.state.extend(weights.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    modules.shape.clone_from(&layer.output);
    activations::beside(modules, layer, &dense.activation)
}

/// A layer that gives its value another shape.
fn shape(modules: &mut Modules, layer: &PortableLayer, body: &str) {
    modules.turn_last();
    modules.restore_order();
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
}

fn list(items: &[usize]) -> String {
    items.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

fn spatial_dropout(modules: &mut Modules, layer: &PortableLayer, rate: f64) {
    let rank = convolution::spatial(modules, layer).rank;
    modules.push(layer, format!("nn.Dropout{rank}d({rate:?})"));
}

fn embedding(modules: &mut Modules, layer: &PortableLayer, embedding: &Embedding) -> Result<()> {
    if embedding.mask_zero {
        return Err(layer.refuse("PyTorch's modules know no mask (`mask_zero`)"));
    }
    modules.turn_last();
    modules.function(&layer.name, "ids", "x.long()");
    let n = embedding.input_dim.size().unwrap_or_default();
    let width = embedding.output_dim;
    modules.push(layer, format!("nn.Embedding({n}, {width})"));
    modules.keep(layer);
    Ok(())
}

fn rescaling(modules: &mut Modules, layer: &PortableLayer, rescaling: &Rescaling) {
    let Rescaling { scale, offset } = rescaling;
    if [scale, offset].iter().any(|numbers| matches!(numbers, NumberList::Many(_))) {
        modules.turn_last();
        modules.restore_order();
    }
    let body = format!("x * {} + {}", constant(scale), constant(offset));
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
}

fn unit_normalization(
    modules: &mut Modules,
    layer: &PortableLayer,
    norm: &UnitNormalization,
) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    if norm.axis.all() != [-1] {
        return Err(layer.refuse("over another axis than the last it can't be written for PyTorch"));
    }
    modules.helpers.insert("Function");
    let body = "x * (x * x).sum(-1, keepdim=True).rsqrt().clamp(max=1e12)";
    modules.push(layer, format!("Function(lambda x: {body})"));
    Ok(())
}
