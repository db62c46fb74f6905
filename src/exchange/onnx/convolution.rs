//! Convolutions. Kernels are permuted from Keras's layout to ONNX's, (out, in/groups, k…).

use candle_core::Tensor;

use super::activations;
use super::flow::Flow;
use super::graph::{Graph, int, int_list};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::stored::Stored;

pub(super) fn layer(graph: &mut Graph, layer: &PortableLayer, flow: &Flow) -> Result<Flow> {
    let rank = layer.input.len().saturating_sub(1);
    let x = flow.channels_first(graph);
    let class = layer.class.as_str();
    let out = if class.starts_with("Separable") {
        let depthwise = Depthwise { kernel: "depthwise_kernel", bias: None };
        let inner = depthwise.write(graph, layer, rank, &x)?;
        let pointwise = tensor(layer, "pointwise_kernel")?;
        let weight = kernel(graph, layer, "pointwise_kernel", &file(layer, pointwise)?)?;
        let bias = bias(graph, layer)?;
        let inputs: Vec<&str> =
            [inner.as_str(), &weight].into_iter().chain(bias.as_deref()).collect();
        graph.node("Conv", &inputs, vec![])
    } else if class.starts_with("Depthwise") {
        let name =
            if layer.weight("depthwise_kernel").is_some() { "depthwise_kernel" } else { "kernel" };
        let bias = bias(graph, layer)?;
        Depthwise { kernel: name, bias }.write(graph, layer, rank, &x)?
    } else {
        let weight = kernel(graph, layer, "kernel", &file(layer, tensor(layer, "kernel")?)?)?;
        let bias = bias(graph, layer)?;
        let inputs: Vec<&str> = [x.as_str(), &weight].into_iter().chain(bias.as_deref()).collect();
        if class.ends_with("Transpose") {
            graph.node("ConvTranspose", &inputs, transposed(layer, rank)?)
        } else {
            let groups = layer.number("groups", 1.0) as i64;
            let mut attributes = attributes(layer, rank)?;
            attributes.push(int("group", groups));
            graph.node("Conv", &inputs, attributes)
        }
    };
    let out = Flow { name: out, shape: layer.output.clone(), is_first: true, mask: None };
    activations::argument(graph, layer, "activation", &out)
}

struct Depthwise {
    kernel: &'static str,
    bias: Option<String>,
}

impl Depthwise {
    fn write(
        self,
        graph: &mut Graph,
        layer: &PortableLayer,
        rank: usize,
        x: &str,
    ) -> Result<String> {
        let tensor = tensor(layer, self.kernel)?;
        let weight = Stored::Depthwise(String::new()).to_file(tensor)?;
        let weight = kernel(graph, layer, self.kernel, &weight[0])?;
        let mut attributes = attributes(layer, rank)?;
        let channels = layer.input.last().copied().unwrap_or(1) as i64;
        attributes.push(int("group", channels));
        let inputs: Vec<&str> = [x, &weight].into_iter().chain(self.bias.as_deref()).collect();
        Ok(graph.node("Conv", &inputs, attributes))
    }
}

fn tensor<'a>(layer: &'a PortableLayer, name: &str) -> Result<&'a Tensor> {
    layer.weight(name).ok_or_else(|| layer.refuse(format!("it has no weight `{name}`")))
}

/// (k…, in, out) → (out, in, k…); for a transposed convolution (k…, out, in) → (in, out, k…).
fn file(layer: &PortableLayer, kernel: &Tensor) -> Result<Tensor> {
    let mut file = Stored::kernel("", kernel.rank()).to_file(kernel)?;
    file.pop().ok_or_else(|| layer.refuse("its kernel is empty"))
}

fn kernel(graph: &mut Graph, layer: &PortableLayer, name: &str, tensor: &Tensor) -> Result<String> {
    graph.weight(&format!("{}.{name}", layer.name), tensor)
}

fn bias(graph: &mut Graph, layer: &PortableLayer) -> Result<Option<String>> {
    match layer.weight("bias") {
        Some(bias) => Ok(Some(graph.weight(&format!("{}.bias", layer.name), bias)?)),
        None => Ok(None),
    }
}

fn attributes(layer: &PortableLayer, rank: usize) -> Result<Vec<super::proto::AttributeProto>> {
    let size = layer.sizes("kernel_size", rank, 1)?;
    let strides = layer.sizes("strides", rank, 1)?;
    let dilation = layer.sizes("dilation_rate", rank, 1)?;
    let effective: Vec<usize> =
        size.iter().zip(&dilation).map(|(k, d)| (k.saturating_sub(1)) * d + 1).collect();
    let pads = pads(layer.text("padding"), &layer.input[..rank], &effective, &strides);
    Ok(vec![
        int_list("kernel_shape", &signed(&size)),
        int_list("strides", &signed(&strides)),
        int_list("dilations", &signed(&dilation)),
        int_list("pads", &pads),
    ])
}

fn signed(sizes: &[usize]) -> Vec<i64> {
    sizes.iter().map(|size| *size as i64).collect()
}

/// Keras's padding, all starts and then all ends: the odd pixel of `same` goes to the end.
pub(super) fn pads(
    padding: &str,
    sizes: &[usize],
    window: &[usize],
    strides: &[usize],
) -> Vec<i64> {
    let mut starts = Vec::new();
    let mut ends = Vec::new();
    for ((n, k), s) in sizes.iter().zip(window).zip(strides) {
        let (start, end) = match padding {
            "same" => {
                let out = n.div_ceil(*s);
                let total = ((out.saturating_sub(1)) * s + k).saturating_sub(*n);
                (total / 2, total - total / 2)
            }
            "causal" => (k - 1, 0),
            _ => (0, 0),
        };
        starts.push(start as i64);
        ends.push(end as i64);
    }
    starts.extend(ends);
    starts
}

/// The full scatter of n inputs is (n-1)·s + ke long; Keras cuts it at both ends to its output.
fn transposed(layer: &PortableLayer, rank: usize) -> Result<Vec<super::proto::AttributeProto>> {
    let size = layer.sizes("kernel_size", rank, 1)?;
    let strides = layer.sizes("strides", rank, 1)?;
    let dilation = layer.sizes("dilation_rate", rank, 1)?;
    let given = !layer.argument("output_padding").is_null();
    let output_padding = layer.sizes("output_padding", rank, 0)?;
    let (mut starts, mut ends, mut extra) = (Vec::new(), Vec::new(), Vec::new());
    for axis in 0..rank {
        let (s, n) = (strides[axis] as i64, layer.input[axis] as i64);
        let ke = (size[axis] as i64 - 1) * dilation[axis] as i64 + 1;
        let out = layer.output[axis] as i64;
        let start = if layer.text("padding") == "same" {
            let total = match given {
                false => s + ke - 2,
                true => ke + ke % 2 - 2 + output_padding[axis] as i64,
            };
            let left = ((total + 1).div_euclid(2)).min(ke - 1);
            ke - 1 - left
        } else {
            0
        };
        let end = (n - 1) * s + ke - start - out;
        starts.push(start);
        ends.push(end.max(0));
        extra.push((-end).max(0));
    }
    starts.extend(ends);
    Ok(vec![
        int_list("kernel_shape", &signed(&size)),
        int_list("strides", &signed(&strides)),
        int_list("dilations", &signed(&dilation)),
        int_list("pads", &starts),
        int_list("output_padding", &extra),
    ])
}
