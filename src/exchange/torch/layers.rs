//! Layers as PyTorch's modules. What has no twin is refused by name.

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::convolution::{self, python};
use super::modules::Modules;
use super::{activations, order, recurrent};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;

/// True where the first layer that cares has its channels first in PyTorch.
pub(super) fn starts_first(layers: &[PortableLayer]) -> bool {
    let cares = layers.iter().find(|layer| {
        let shapeless = matches!(
            layer.class.as_str(),
            "Dropout"
                | "GaussianNoise"
                | "GaussianDropout"
                | "AlphaDropout"
                | "Identity"
                | "ReLU"
                | "LeakyReLU"
                | "ELU"
                | "ActivityRegularization"
        );
        let rescales = layer.class == "Rescaling" && layer.argument("scale").is_number();
        !shapeless && !rescales
    });
    cares.is_some_and(|layer| {
        let class = layer.class.as_str();
        class.contains("Conv")
            || class.contains("Pooling")
            || class.starts_with("SpatialDropout")
            || class.starts_with("ZeroPadding")
            || class.starts_with("Cropping")
            || class.starts_with("UpSampling")
            || class == "BatchNormalization"
            || class == "GroupNormalization"
    })
}

/// Adds a layer's modules. `rest` are the layers after it.
pub(super) fn layer(
    modules: &mut Modules,
    layer: &PortableLayer,
    rest: &[PortableLayer],
) -> Result<()> {
    if layer.argument("data_format") == "channels_first" {
        return Err(layer.refuse("`data_format: channels_first` can't be written for PyTorch yet"));
    }
    let class = layer.class.as_str();
    match class {
        "Dense" => dense(modules, layer)?,
        "EinsumDense" => einsum_dense(modules, layer)?,
        "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "Softmax" => activation(modules, layer)?,
        "PReLU" => {
            modules.turn_last();
            modules.restore_order();
            modules.helpers.insert("PReLU");
            let shape = layer.weights.first().map(|(_, alpha)| alpha.dims().to_vec());
            modules
                .push(layer, format!("PReLU({})", convolution::tuple(&shape.unwrap_or_default())));
            modules.keep(layer);
        }
        "Dropout" => modules.push(layer, format!("nn.Dropout({:?})", layer.number("rate", 0.0))),
        "AlphaDropout" => {
            modules.push(layer, format!("nn.AlphaDropout({:?})", layer.number("rate", 0.0)));
        }
        "SpatialDropout1D" | "SpatialDropout2D" | "SpatialDropout3D" => {
            modules.turn_first();
            let rank = layer.input.len() - 1;
            modules.push(layer, format!("nn.Dropout{rank}d({:?})", layer.number("rate", 0.0)));
        }
        "GaussianNoise"
        | "GaussianDropout"
        | "Identity"
        | "ActivityRegularization"
        | "RandomFlip"
        | "RandomRotation"
        | "RandomZoom"
        | "RandomTranslation"
        | "RandomContrast" => {
            modules.push(layer, "nn.Identity()");
        }
        "Flatten" => order::flatten(modules, layer, rest),
        "Reshape" | "Permute" | "RepeatVector" => shape(modules, layer)?,
        "Embedding" => embedding(modules, layer)?,
        "Rescaling" => rescaling(modules, layer)?,
        "Normalization" => normalization(modules, layer)?,
        "BatchNormalization" => batch(modules, layer)?,
        "LayerNormalization" | "RMSNormalization" => layer_norm(modules, layer)?,
        "GroupNormalization" => group(modules, layer)?,
        "UnitNormalization" => {
            modules.turn_last();
            modules.restore_order();
            if *layer.argument("axis") != -1 && layer.argument("axis") != &serde_json::json!([-1]) {
                return Err(
                    layer.refuse("over another axis than the last it can't be written for PyTorch")
                );
            }
            modules.helpers.insert("Function");
            let body = "x * (x * x).sum(-1, keepdim=True).rsqrt().clamp(max=1e12)";
            modules.push(layer, format!("Function(lambda x: {body})"));
        }
        "SimpleRNN" | "LSTM" | "GRU" => recurrent::recurrent(modules, layer, layer, "")?,
        "Bidirectional" => recurrent::bidirectional(modules, layer)?,
        "TimeDistributed" => recurrent::time_distributed(modules, layer)?,
        _ if class.contains("Conv") && !class.starts_with("ConvLSTM") => {
            convolution::convolution(modules, layer)?;
        }
        _ if class.starts_with("Global") => convolution::global(modules, layer),
        _ if class.starts_with("Adaptive") => convolution::adaptive(modules, layer),
        _ if class.contains("Pooling") => convolution::pooling(modules, layer)?,
        _ if class.starts_with("ZeroPadding") || class.starts_with("Cropping") => {
            convolution::margins(modules, layer)?;
        }
        _ if class.starts_with("UpSampling") => convolution::up_sampling(modules, layer)?,
        _ => return Err(layer.refuse("it has no twin in PyTorch")),
    }
    modules.shape.clone_from(&layer.output);
    Ok(())
}

fn dense(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    linear(modules, layer, layer.input.last().copied().unwrap_or(1), layer)?;
    modules.shape.clone_from(&layer.output);
    activations::argument(modules, layer)
}

fn einsum_dense(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    modules.helpers.insert("EinsumDense");
    let weights = modules.weights(layer);
    let shapes: Vec<String> = weights
        .iter()
        .map(|(name, tensor)| format!("{name}={}", convolution::tuple(tensor.dims())))
        .collect();
    modules
        .push(layer, format!("EinsumDense({:?}, {})", layer.text("equation"), shapes.join(", ")));
    let prefix = format!("{}.", layer.name);
    modules.state.extend(weights.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    modules.shape.clone_from(&layer.output);
    activations::argument(modules, layer)
}

pub(super) fn linear(
    modules: &mut Modules,
    layer: &PortableLayer,
    features: usize,
    dense: &PortableLayer,
) -> Result<()> {
    let units = dense.number("units", 1.0) as usize;
    let bias = dense.argument("use_bias").as_bool().unwrap_or(true);
    modules.push(layer, format!("nn.Linear({features}, {units}, bias={})", python(bias)));
    modules.meets_order(layer);
    for (name, tensor) in modules.weights(layer) {
        let tensor = if name == "weight" { modules.ordered(&tensor)? } else { tensor };
        modules.state.push((format!("{}.{name}", layer.name), tensor));
    }
    modules.order = None;
    Ok(())
}

fn activation(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let (name, arguments) = match layer.class.as_str() {
        "Activation" => crate::exchange::portable::named(layer.argument("activation"))
            .ok_or_else(|| layer.refuse("its activation can't be read"))?,
        "ReLU" => ("relu".to_string(), layer.arguments.clone()),
        "LeakyReLU" => {
            let mut arguments = layer.arguments.clone();
            arguments.entry("negative_slope").or_insert(0.3.into());
            ("leaky_relu".to_string(), arguments)
        }
        "ELU" => ("elu".to_string(), layer.arguments.clone()),
        _ => ("softmax".to_string(), layer.arguments.clone()),
    };
    if name == "glu" {
        modules.restore_order();
    }
    let code = activations::module(modules, layer, &name, &arguments)?;
    modules.push(layer, code.unwrap_or_else(|| "nn.Identity()".into()));
    Ok(())
}

fn shape(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    let list = |items: &[usize]| items.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let body = match layer.class.as_str() {
        "Reshape" => format!("x.reshape(-1, {})", list(&layer.output)),
        "Permute" => format!("x.permute(0, {})", list(&layer.sizes("dims", layer.input.len(), 1)?)),
        _ => format!("x.unsqueeze(1).repeat(1, {}, 1)", layer.output.first().copied().unwrap_or(1)),
    };
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
    Ok(())
}

fn embedding(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    if layer.flag("mask_zero") {
        return Err(layer.refuse("PyTorch's modules know no mask (`mask_zero`)"));
    }
    modules.turn_last();
    modules.function(&layer.name, "ids", "x.long()");
    let (n, width) = (layer.number("input_dim", 1.0), layer.number("output_dim", 1.0));
    modules.push(layer, format!("nn.Embedding({n}, {width})"));
    modules.keep(layer);
    Ok(())
}

fn rescaling(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let numbers = |key: &str, default: &str| match layer.argument(key) {
        Value::Null => default.to_string(),
        Value::Number(number) => number.to_string(),
        list => format!("torch.tensor({list})"),
    };
    if !layer.argument("scale").is_number() {
        modules.turn_last();
        modules.restore_order();
    }
    let body = format!("x * {} + {}", numbers("scale", "1.0"), numbers("offset", "0.0"));
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
    Ok(())
}

fn normalization(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    let names: Vec<&str> = layer.weights.iter().map(|(name, _)| name.as_str()).collect();
    if !names.contains(&"mean") {
        return Err(layer.refuse("with given statistics it can't be written for PyTorch yet"));
    }
    modules.helpers.insert("Normalization");
    let invert = python(layer.flag("invert"));
    let weights = modules.weights(layer);
    let shapes: Vec<String> = weights
        .iter()
        .map(|(name, tensor)| match tensor.dims() {
            [] => format!("{name}=()"),
            dims => format!("{name}={}", convolution::tuple(dims)),
        })
        .collect();
    modules.push(layer, format!("Normalization(invert={invert}, {})", shapes.join(", ")));
    let prefix = format!("{}.", layer.name);
    modules.state.extend(weights.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    Ok(())
}

fn batch(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let rank = layer.input.len();
    let axis = layer.argument("axis");
    if !axis.is_null() && *axis != -1 && *axis != serde_json::json!(rank) {
        return Err(layer.refuse("over another axis than the last it can't be written for PyTorch"));
    }
    if rank > 1 {
        modules.turn_first();
    }
    let channels = layer.input.last().copied().unwrap_or(1);
    let momentum = 1.0 - layer.number("momentum", 0.99);
    modules.push(
        layer,
        format!(
            "nn.BatchNorm{}d({channels}, eps={:?}, momentum={momentum:.6})",
            rank.saturating_sub(1).max(1),
            layer.number("epsilon", 1e-3)
        ),
    );
    affine(modules, layer, channels, true)
}

/// Weight and bias in the features' order, ones and zeros where the layer has none; then the rest.
fn affine(
    modules: &mut Modules,
    layer: &PortableLayer,
    channels: usize,
    wants_bias: bool,
) -> Result<()> {
    modules.meets_order(layer);
    let mut own = modules.weights(layer);
    for (name, tensor) in &mut own {
        let plain = match name.as_str() {
            "gamma" | "scale" => "weight".to_string(),
            "beta" => "bias".to_string(),
            other => other.to_string(),
        };
        *name = plain;
        *tensor = modules.ordered(tensor)?;
    }
    let has = |own: &[(String, Tensor)], wanted: &str| own.iter().any(|(name, _)| name == wanted);
    if !has(&own, "weight") {
        let ones = Tensor::ones(channels, DType::F32, &Device::Cpu)?;
        own.insert(0, ("weight".into(), ones));
    }
    if wants_bias && !has(&own, "bias") {
        let zeros = Tensor::zeros(channels, DType::F32, &Device::Cpu)?;
        own.insert(1, ("bias".into(), zeros));
    }
    let prefix = format!("{}.", layer.name);
    modules.state.extend(own.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    Ok(())
}

fn layer_norm(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let axis = layer.argument("axis");
    let last = axis.is_null()
        || *axis == -1
        || *axis == serde_json::json!([-1])
        || *axis == serde_json::json!(layer.input.len());
    if !last {
        return Err(layer.refuse("over another axis than the last it can't be written for PyTorch"));
    }
    modules.turn_last();
    let channels = layer.input.last().copied().unwrap_or(1);
    let is_rms = layer.class == "RMSNormalization";
    let (kind, epsilon) = if is_rms { ("RMSNorm", 1e-6) } else { ("LayerNorm", 1e-3) };
    let epsilon = layer.number("epsilon", epsilon);
    modules.push(layer, format!("nn.{kind}({channels}, eps={epsilon:?})"));
    affine(modules, layer, channels, !is_rms)
}

fn group(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.restore_order();
    if layer.input.len() > 1 {
        modules.turn_first();
    }
    let channels = layer.input.last().copied().unwrap_or(1);
    let groups = match layer.number("groups", 32.0) {
        n if n < 0.0 => channels,
        n => n as usize,
    };
    let epsilon = layer.number("epsilon", 1e-3);
    modules.push(layer, format!("nn.GroupNorm({groups}, {channels}, eps={epsilon:?})"));
    affine(modules, layer, channels, true)
}
