//! Which file writes which layer.

use super::flow::{GraphValue, signed};
use super::graph::GraphBuilder;
use super::{activations, basic, convolution, normalization, pooling, recurrent};
use crate::error::Result;
use crate::exchange::layer_rules::LayerRules;
use crate::exchange::portable::PortableLayer;
use crate::layers::{Interpolation, LayerEntry, LayerKind};

/// Adds a layer to the graph.
pub(super) fn layer(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    flow: GraphValue,
) -> Result<GraphValue> {
    if let LayerKind::Residual(_) = layer.kind() {
        return residual(graph, layer, flow);
    }
    if LayerRules::of(layer.kind()).is_channels_first() {
        channels_first(graph, layer, &flow)
    } else {
        channels_last(graph, layer, flow)
    }
}

/// A layer whose channels come first: the same with its channels last, on a value that lies
/// channels-first already.
fn channels_first(
    graph: &mut GraphBuilder,
    outer: &PortableLayer,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let moved = |shape: &[usize]| {
        let channels = shape.len().min(1);
        [&shape[channels..], &shape[..channels]].concat()
    };
    let mut inner = outer.clone();
    (inner.input, inner.output) = (moved(&outer.input), moved(&outer.output));
    let name = flow.channels_last(graph); // as the model has it: (batch, channels, …)
    let start =
        GraphValue { name, shape: inner.input.clone(), is_first: true, mask: flow.mask.clone() };
    let out = channels_last(graph, &inner, start)?;
    let name = out.channels_first(graph);
    Ok(GraphValue { name, shape: outer.output.clone(), is_first: false, mask: out.mask })
}

/// A layer, its channels last; the mask goes on where Keras's does.
fn channels_last(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    flow: GraphValue,
) -> Result<GraphValue> {
    let x = &flow;
    let mut out = match layer.kind() {
        // what is done in training alone
        LayerKind::Identity(_)
        | LayerKind::Dropout(_)
        | LayerKind::SpatialDropout1D(_)
        | LayerKind::SpatialDropout2D(_)
        | LayerKind::SpatialDropout3D(_)
        | LayerKind::GaussianNoise(_)
        | LayerKind::GaussianDropout(_)
        | LayerKind::AlphaDropout(_)
        | LayerKind::ActivityRegularization(_)
        | LayerKind::RandomFlip(_)
        | LayerKind::RandomRotation(_)
        | LayerKind::RandomZoom(_)
        | LayerKind::RandomTranslation(_)
        | LayerKind::RandomContrast(_) => return Ok(flow),
        LayerKind::Embedding(embedding) => return basic::embedding(graph, layer, embedding, x),
        LayerKind::Masking(masking) => return Ok(basic::masking(graph, masking, x)),
        LayerKind::Dense(dense) => basic::dense(graph, layer, &dense.activation, x)?,
        LayerKind::EinsumDense(dense) => basic::einsum_dense(graph, layer, dense, x)?,
        LayerKind::ActivationLayer(own) => activations::function(graph, &own.activation, x),
        LayerKind::ReLU(own) => activations::function(graph, &own.function(), x),
        LayerKind::LeakyReLU(own) => activations::function(graph, &own.function(), x),
        LayerKind::Elu(own) => activations::function(graph, &own.function(), x),
        LayerKind::PReLU(_) => activations::p_re_lu(graph, layer, x)?,
        LayerKind::Softmax(softmax) => activations::softmax(graph, &softmax.axis, x),
        LayerKind::Flatten(_) => basic::flatten(graph, x),
        LayerKind::Reshape(_) => basic::reshape(graph, layer, x),
        LayerKind::Permute(permute) => basic::permute(graph, &permute.dims, x),
        LayerKind::RepeatVector(repeat) => basic::repeat_vector(graph, repeat.n, x),
        LayerKind::BatchNormalization(norm) => normalization::batch(graph, layer, norm, x)?,
        LayerKind::LayerNormalization(norm) => normalization::layer_norm(graph, layer, norm, x)?,
        LayerKind::GroupNormalization(norm) => normalization::group(graph, layer, norm, x)?,
        LayerKind::RmsNormalization(norm) => normalization::rms(graph, layer, norm, x)?,
        LayerKind::UnitNormalization(norm) => normalization::unit(graph, layer, norm, x)?,
        LayerKind::Rescaling(rescaling) => normalization::rescaling(graph, rescaling, x),
        LayerKind::Normalization(norm) => normalization::normalization(graph, layer, norm, x)?,
        LayerKind::Conv1D(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::Conv2D(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::Conv3D(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::DepthwiseConv1D(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::DepthwiseConv2D(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::SeparableConv1D(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::SeparableConv2D(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::Conv1DTranspose(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::Conv2DTranspose(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::Conv3DTranspose(conv) => convolution::layer(graph, layer, &conv.into(), x)?,
        LayerKind::MaxPooling1D(pool) => pooling::window(graph, layer, &pool.into(), x),
        LayerKind::MaxPooling2D(pool) => pooling::window(graph, layer, &pool.into(), x),
        LayerKind::MaxPooling3D(pool) => pooling::window(graph, layer, &pool.into(), x),
        LayerKind::AveragePooling1D(pool) => pooling::window(graph, layer, &pool.into(), x),
        LayerKind::AveragePooling2D(pool) => pooling::window(graph, layer, &pool.into(), x),
        LayerKind::AveragePooling3D(pool) => pooling::window(graph, layer, &pool.into(), x),
        LayerKind::GlobalMaxPooling1D(pool) => pooling::global_max(graph, layer, pool.keepdims, x),
        LayerKind::GlobalMaxPooling2D(pool) => pooling::global_max(graph, layer, pool.keepdims, x),
        LayerKind::GlobalMaxPooling3D(pool) => pooling::global_max(graph, layer, pool.keepdims, x),
        LayerKind::GlobalAveragePooling1D(pool) => {
            pooling::global_average(graph, layer, pool.keepdims, x)
        }
        LayerKind::GlobalAveragePooling2D(pool) => {
            pooling::global_average(graph, layer, pool.keepdims, x)
        }
        LayerKind::GlobalAveragePooling3D(pool) => {
            pooling::global_average(graph, layer, pool.keepdims, x)
        }
        LayerKind::AdaptiveMaxPooling1D(_)
        | LayerKind::AdaptiveMaxPooling2D(_)
        | LayerKind::AdaptiveMaxPooling3D(_) => pooling::adaptive(graph, layer, "ReduceMax", x),
        LayerKind::AdaptiveAveragePooling1D(_)
        | LayerKind::AdaptiveAveragePooling2D(_)
        | LayerKind::AdaptiveAveragePooling3D(_) => {
            pooling::adaptive(graph, layer, "ReduceMean", x)
        }
        LayerKind::ZeroPadding1D(pad) => pooling::zero_padding(graph, layer, &pad.padding, x)?,
        LayerKind::ZeroPadding2D(pad) => pooling::zero_padding(graph, layer, &pad.padding, x)?,
        LayerKind::ZeroPadding3D(pad) => pooling::zero_padding(graph, layer, &pad.padding, x)?,
        LayerKind::Cropping1D(crop) => pooling::cropping(graph, layer, &crop.cropping, x)?,
        LayerKind::Cropping2D(crop) => pooling::cropping(graph, layer, &crop.cropping, x)?,
        LayerKind::Cropping3D(crop) => pooling::cropping(graph, layer, &crop.cropping, x)?,
        LayerKind::UpSampling1D(up) => {
            pooling::up_sampling(graph, layer, &up.size, Interpolation::Nearest, x)?
        }
        LayerKind::UpSampling2D(up) => {
            pooling::up_sampling(graph, layer, &up.size, up.interpolation, x)?
        }
        LayerKind::UpSampling3D(up) => {
            pooling::up_sampling(graph, layer, &up.size, Interpolation::Nearest, x)?
        }
        LayerKind::SimpleRnn(_) | LayerKind::Lstm(_) | LayerKind::Gru(_) => {
            recurrent::layer(graph, layer, x)?
        }
        LayerKind::Bidirectional(both) => recurrent::bidirectional(graph, layer, both, x)?,
        LayerKind::TimeDistributed(each) => time_distributed(graph, layer, &each.layer, x)?,
        LayerKind::Residual(_) => return residual(graph, layer, flow),
        LayerKind::Other(_) => return Err(layer.refuse("the layer can't be written as ONNX")),
    };
    out.shape.clone_from(&layer.output);
    out.mask = flow.mask.filter(|_| LayerRules::of(layer.kind()).passes_mask);
    Ok(out)
}

/// Both ways, and their sum.
fn residual(
    graph: &mut GraphBuilder,
    outer: &PortableLayer,
    flow: GraphValue,
) -> Result<GraphValue> {
    let mut way = |layers: &[PortableLayer]| {
        layers.iter().try_fold(flow.clone(), |flow, inner| layer(graph, inner, flow))
    };
    let (ours, theirs) = (way(&outer.ways[0])?, way(&outer.ways[1])?);
    let (ours, theirs) = if ours.is_first == theirs.is_first {
        (ours, theirs)
    } else {
        (ours.turned_last(graph), theirs.turned_last(graph))
    };
    let mut out = ours.with(graph.node("Add", &[&ours.name, &theirs.name], vec![]));
    out.shape.clone_from(&outer.output);
    Ok(out)
}

/// The inner layer over every step: time goes into the batch and back.
fn time_distributed(
    graph: &mut GraphBuilder,
    outer: &PortableLayer,
    inner: &LayerEntry,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let mut inner = outer.inner(inner);
    inner.name.clone_from(&outer.name);
    // `layer.kernel` → `kernel`, `layer.forward_lstm.kernel` → `forward_lstm.kernel`
    let own = |name: &String| name.split_once('.').map_or(name.clone(), |(_, own)| own.to_string());
    inner.weights = outer.weights.iter().map(|(name, w)| (own(name), w.clone())).collect();
    let steps = outer.input.first().copied().unwrap_or(1) as i64;
    inner.input = outer.input[1..].to_vec();
    inner.output = outer.output[1..].to_vec();
    let start = flow.channels_last(graph);
    let shape = signed(-1, &inner.input);
    let start = basic::reshaped(graph, &start, &shape);
    let end = layer(graph, &inner, GraphValue::new(start, inner.input.clone()))?;
    let end = end.channels_last(graph);
    let mut shape = vec![-1, steps];
    shape.extend(inner.output.iter().map(|dim| *dim as i64));
    Ok(GraphValue::new(basic::reshaped(graph, &end, &shape), outer.output.clone()))
}
