//! Convolutions. Kernels are permuted from Keras's layout to ONNX's, (out, in/groups, k…).

use candle_core::Tensor;

use super::activations;
use super::flow::GraphValue;
use super::graph::{GraphBuilder, int, int_list};
use super::proto::AttributeProto;
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::exchange::spatial::{ConvolutionVariant, ConvolutionView, Slides};
use crate::weights::stored::Stored;

pub(super) fn layer(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    conv: &ConvolutionView<'_>,
    flow: &GraphValue,
) -> Result<GraphValue> {
    let rank = layer.input.len().saturating_sub(1);
    let slides = conv.slides(rank);
    let x = flow.channels_first(graph);
    let name = match conv.kind {
        ConvolutionVariant::Full { groups } => {
            let weight = kernel(graph, layer, "kernel")?;
            let bias = bias(graph, layer)?;
            let mut attributes = attributes(&slides, &slides.pads(&layer.input[..rank]));
            attributes.push(int("group", groups as i64));
            node(graph, "Conv", [&x, &weight], bias, attributes)
        }
        ConvolutionVariant::Transposed { .. } => {
            let weight = kernel(graph, layer, "kernel")?;
            let bias = bias(graph, layer)?;
            let cuts = conv.cuts(&slides, &layer.input[..rank], &layer.output[..rank]);
            node(graph, "ConvTranspose", [&x, &weight], bias, transposed(&slides, &cuts))
        }
        ConvolutionVariant::Depthwise => {
            let bias = bias(graph, layer)?;
            depthwise(graph, layer, &slides, "kernel", bias, &x)?
        }
        ConvolutionVariant::Separable { .. } => {
            let x = depthwise(graph, layer, &slides, "depthwise_kernel", None, &x)?;
            let weight = kernel(graph, layer, "pointwise_kernel")?;
            let bias = bias(graph, layer)?;
            node(graph, "Conv", [&x, &weight], bias, vec![])
        }
    };
    let out = GraphValue { name, shape: layer.output.clone(), is_first: true, mask: None };
    Ok(activations::function(graph, conv.activation, &out))
}

/// Every channel by itself.
fn depthwise(
    graph: &mut GraphBuilder,
    layer: &PortableLayer,
    slides: &Slides,
    name: &str,
    bias: Option<String>,
    x: &str,
) -> Result<String> {
    let (channels, axes) = layer.input.split_last().unwrap_or((&1, &[]));
    let weight = Stored::Depthwise(String::new()).to_file(tensor(layer, name)?)?;
    let weight = graph.weight(&format!("{}.{name}", layer.name), &weight[0])?;
    let mut attributes = attributes(slides, &slides.pads(axes));
    attributes.push(int("group", *channels as i64));
    Ok(node(graph, "Conv", [x, &weight], bias, attributes))
}

fn node(
    graph: &mut GraphBuilder,
    op: &str,
    [x, weight]: [&str; 2],
    bias: Option<String>,
    attributes: Vec<AttributeProto>,
) -> String {
    let inputs: Vec<&str> = [x, weight].into_iter().chain(bias.as_deref()).collect();
    graph.node(op, &inputs, attributes)
}

fn tensor<'a>(layer: &'a PortableLayer, name: &str) -> Result<&'a Tensor> {
    layer.weight(name).ok_or_else(|| layer.refuse(format!("it has no weight `{name}`")))
}

/// (k…, in, out) → (out, in, k…); for a transposed convolution (k…, out, in) → (in, out, k…).
fn kernel(graph: &mut GraphBuilder, layer: &PortableLayer, name: &str) -> Result<String> {
    let kernel = tensor(layer, name)?;
    let mut file = Stored::kernel("", kernel.rank()).to_file(kernel)?;
    let file = file.pop().ok_or_else(|| layer.refuse("its kernel is empty"))?;
    graph.weight(&format!("{}.{name}", layer.name), &file)
}

fn bias(graph: &mut GraphBuilder, layer: &PortableLayer) -> Result<Option<String>> {
    let bias = layer.weight("bias");
    bias.map(|bias| graph.weight(&format!("{}.bias", layer.name), bias)).transpose()
}

fn attributes(slides: &Slides, pads: &[(i64, i64)]) -> Vec<AttributeProto> {
    vec![
        int_list("kernel_shape", &signed(&slides.size)),
        int_list("strides", &signed(&slides.strides)),
        int_list("dilations", &signed(&slides.dilation)),
        int_list("pads", &starts_and_ends(pads)),
    ]
}

/// What is cut where ONNX would give more than Keras, and added where it would give less.
fn transposed(slides: &Slides, cuts: &[(i64, i64)]) -> Vec<AttributeProto> {
    let pads: Vec<(i64, i64)> = cuts.iter().map(|(start, end)| (*start, *end.max(&0))).collect();
    let extra: Vec<i64> = cuts.iter().map(|(_, end)| (-end).max(0)).collect();
    let mut attributes = attributes(slides, &pads);
    attributes.push(int_list("output_padding", &extra));
    attributes
}

pub(super) fn signed(sizes: &[usize]) -> Vec<i64> {
    sizes.iter().map(|size| *size as i64).collect()
}

/// ONNX's order: all starts, then all ends.
pub(super) fn starts_and_ends(pads: &[(i64, i64)]) -> Vec<i64> {
    let (mut all, ends): (Vec<i64>, Vec<i64>) = pads.iter().copied().unzip();
    all.extend(ends);
    all
}
