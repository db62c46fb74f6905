//! Normalizations as PyTorch's modules.

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::modules::Modules;
use super::words::{python, tuple};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;

pub(super) fn normalization(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    let names: Vec<&str> = layer.weights.iter().map(|(name, _)| name.as_str()).collect();
    if !names.contains(&"mean") {
        return given_statistics(modules, layer);
    }
    modules.helpers.insert("Normalization");
    let invert = python(layer.flag("invert"));
    let weights = modules.weights(layer);
    let shapes: Vec<String> = weights
        .iter()
        .map(|(name, tensor)| match tensor.dims() {
            [] => format!("{name}=()"),
            dims => format!("{name}={}", tuple(dims)),
        })
        .collect();
    modules.push(layer, format!("Normalization(invert={invert}, {})", shapes.join(", ")));
    let prefix = format!("{}.", layer.name);
    modules.state.extend(weights.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    Ok(())
}

/// Statistics that are arguments are written into the code.
fn given_statistics(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let statistic = |name: &str| match layer.argument(name) {
        value @ (Value::Number(_) | Value::Array(_)) => Ok(format!("torch.tensor({value})")),
        other => Err(layer.refuse(format!("`{name}` is {other}"))),
    };
    let (mean, variance) = (statistic("mean")?, statistic("variance")?);
    let is_list = layer.argument("mean").is_array() || layer.argument("variance").is_array();
    if is_list && axis_of(layer) != layer.input.len() {
        return Err(layer.refuse("over another axis than the last it can't be written for PyTorch"));
    }
    let deviation = format!("{variance}.sqrt().clamp(min=1e-7)");
    let body = match layer.flag("invert") {
        true => format!("x * {deviation} + {mean}"),
        false => format!("(x - {mean}) / {deviation}"),
    };
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
    Ok(())
}

/// The one axis that a layer normalizes over, counted from 1; 0 where there are several.
pub(super) fn axis_of(layer: &PortableLayer) -> usize {
    let rank = layer.input.len();
    let axis = match layer.argument("axis") {
        Value::Null => return rank,
        Value::Array(axes) if axes.len() == 1 => axes[0].as_i64(),
        axis => axis.as_i64(),
    };
    match axis {
        Some(axis) if axis < 0 => (rank as i64 + 1 + axis).max(0) as usize,
        Some(axis) => axis as usize,
        None => 0,
    }
}

/// Lays the value so that the axis of the channels is PyTorch's, the first; gives their count.
fn channels_to_front(modules: &mut Modules, layer: &PortableLayer) -> Result<usize> {
    let rank = layer.input.len();
    match axis_of(layer) {
        axis if axis == rank => {
            if rank > 1 {
                modules.turn_first();
            }
        }
        1 => modules.turn_last(),
        _ => {
            let why = "over another axis than the first or last it can't be written for PyTorch";
            return Err(layer.refuse(why));
        }
    }
    Ok(layer.input[axis_of(layer) - 1])
}

pub(super) fn batch(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let rank = layer.input.len();
    let channels = channels_to_front(modules, layer)?;
    let momentum = 1.0 - layer.number("momentum", 0.99);
    modules.push(
        layer,
        format!(
            "nn.BatchNorm{}d({channels}, eps={:?}, momentum={momentum:.6})",
            rank.saturating_sub(1).max(1),
            layer.number("epsilon", 1e-3)
        ),
    );
    affine(modules, layer, &[channels], true)
}

/// Weight and bias in the features' order, ones and zeros where the layer has none; then the rest.
fn affine(
    modules: &mut Modules,
    layer: &PortableLayer,
    shape: &[usize],
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
        let ones = Tensor::ones(shape, DType::F32, &Device::Cpu)?;
        own.insert(0, ("weight".into(), ones));
    }
    if wants_bias && !has(&own, "bias") {
        let zeros = Tensor::zeros(shape, DType::F32, &Device::Cpu)?;
        own.insert(1, ("bias".into(), zeros));
    }
    let prefix = format!("{}.", layer.name);
    modules.state.extend(own.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    Ok(())
}

pub(super) fn layer_norm(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let rank = layer.input.len();
    let first = match layer.argument("axis") {
        Value::Array(axes) if axes.len() > 1 => {
            let axes: Vec<i64> = axes.iter().filter_map(Value::as_i64).collect();
            let first = rank + 1 - axes.len().min(rank);
            let trailing = (first..=rank).zip(&axes).all(|(place, axis)| {
                *axis == place as i64 || *axis == place as i64 - 1 - rank as i64
            });
            if trailing { first } else { 0 }
        }
        _ if axis_of(layer) == rank => rank,
        _ => 0,
    };
    if first == 0 {
        return Err(layer.refuse("over other axes than the last it can't be written for PyTorch"));
    }
    modules.turn_last();
    let shape = &layer.input[first - 1..];
    let is_rms = layer.class == "RMSNormalization";
    let (kind, epsilon) = if is_rms { ("RMSNorm", 1e-6) } else { ("LayerNorm", 1e-3) };
    let epsilon = layer.number("epsilon", epsilon);
    modules.push(layer, format!("nn.{kind}({}, eps={epsilon:?})", tuple(shape)));
    affine(modules, layer, shape, !is_rms)
}

pub(super) fn group(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.restore_order();
    let channels = channels_to_front(modules, layer)?;
    let groups = match layer.number("groups", 32.0) {
        n if n < 0.0 => channels,
        n => n as usize,
    };
    let epsilon = layer.number("epsilon", 1e-3);
    modules.push(layer, format!("nn.GroupNorm({groups}, {channels}, eps={epsilon:?})"));
    affine(modules, layer, &[channels], true)
}
