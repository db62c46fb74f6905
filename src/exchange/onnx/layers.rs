//! Which file writes which layer.

use super::flow::{Flow, signed};
use super::graph::Graph;
use super::{activations, basic, convolution, normalization, pooling, recurrent};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;

/// Adds a layer to the graph.
pub(super) fn layer(graph: &mut Graph, layer: &PortableLayer, flow: Flow) -> Result<Flow> {
    if layer.is_channels_first() {
        return channels_first(graph, layer, &flow);
    }
    let mask = flow.mask.clone();
    let mut out = match layer.class.as_str() {
        "Dropout"
        | "SpatialDropout1D"
        | "SpatialDropout2D"
        | "SpatialDropout3D"
        | "GaussianNoise"
        | "GaussianDropout"
        | "AlphaDropout"
        | "Identity"
        | "ActivityRegularization"
        | "RandomFlip"
        | "RandomRotation"
        | "RandomZoom"
        | "RandomTranslation"
        | "RandomContrast"
        | "RandomBrightness" => return Ok(flow),
        "Dense" => basic::dense(graph, layer, &flow)?,
        "EinsumDense" => basic::einsum_dense(graph, layer, &flow)?,
        "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "PReLU" | "Softmax" => {
            activations::layer(graph, layer, &flow)?
        }
        "Flatten" => basic::flatten(graph, &flow),
        "Reshape" => basic::reshape(graph, layer, &flow),
        "Permute" => basic::permute(graph, layer, &flow)?,
        "RepeatVector" => basic::repeat_vector(graph, layer, &flow),
        "Embedding" => return basic::embedding(graph, layer, &flow),
        "Masking" => return Ok(basic::masking(graph, layer, &flow)),
        "Rescaling" | "Normalization" | "BatchNormalization" | "LayerNormalization"
        | "GroupNormalization" | "RMSNormalization" | "UnitNormalization" => {
            normalization::layer(graph, layer, &flow)?
        }
        "Conv1D" | "Conv2D" | "Conv3D" | "DepthwiseConv1D" | "DepthwiseConv2D"
        | "SeparableConv1D" | "SeparableConv2D" | "Conv1DTranspose" | "Conv2DTranspose"
        | "Conv3DTranspose" => convolution::layer(graph, layer, &flow)?,
        "SimpleRNN" | "LSTM" | "GRU" | "Bidirectional" => recurrent::layer(graph, layer, &flow)?,
        "TimeDistributed" => time_distributed(graph, layer, &flow)?,
        _ => pooling::layer(graph, layer, &flow)?,
    };
    out.shape.clone_from(&layer.output);
    out.mask = mask.filter(|_| passes_mask(layer));
    Ok(out)
}

/// A layer whose channels come first: what it is of channels-last, on a value that lies
/// channels-first already.
fn channels_first(graph: &mut Graph, outer: &PortableLayer, flow: &Flow) -> Result<Flow> {
    let moved = |shape: &[usize]| {
        let channels = shape.len().min(1);
        [&shape[channels..], &shape[..channels]].concat()
    };
    let mut inner = outer.clone();
    inner.arguments.remove("data_format");
    (inner.input, inner.output) = (moved(&outer.input), moved(&outer.output));
    let name = flow.channels_last(graph); // as the model has it: (batch, channels, …)
    let start = Flow { name, shape: inner.input.clone(), is_first: true, mask: flow.mask.clone() };
    let out = layer(graph, &inner, start)?;
    let name = out.channels_first(graph);
    Ok(Flow { name, shape: outer.output.clone(), is_first: false, mask: out.mask })
}

/// Keras's rule for which layers pass a mask on.
fn passes_mask(layer: &PortableLayer) -> bool {
    match layer.class.as_str() {
        "Dense" | "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "PReLU" | "Softmax"
        | "BatchNormalization" | "LayerNormalization" | "GroupNormalization"
        | "UnitNormalization" | "Rescaling" | "Normalization" | "TimeDistributed" => true,
        "SimpleRNN" | "LSTM" | "GRU" => layer.flag("return_sequences"),
        "Bidirectional" => {
            layer.inner(layer.argument("layer")).is_ok_and(|inner| inner.flag("return_sequences"))
        }
        _ => false,
    }
}

/// The inner layer over every step: time goes into the batch and back.
fn time_distributed(graph: &mut Graph, outer: &PortableLayer, flow: &Flow) -> Result<Flow> {
    let mut inner = outer.inner(outer.argument("layer"))?;
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
    let end = layer(graph, &inner, Flow::new(start, inner.input.clone()))?;
    let end = end.channels_last(graph);
    let mut shape = vec![-1, steps];
    shape.extend(inner.output.iter().map(|dim| *dim as i64));
    Ok(Flow::new(basic::reshaped(graph, &end, &shape), outer.output.clone()))
}
