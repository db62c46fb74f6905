//! Normalizations as PyTorch's modules.

use candle_core::{DType, Device, Tensor};

use super::modules::Modules;
use super::words::{python, tuple};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::layers::{
    AxisList, BatchNormalization, GroupNormalization, LayerNormalization, Normalization,
    NumberList, RmsNormalization,
};
use crate::shape::Shape;

pub(super) fn normalization(
    modules: &mut Modules,
    layer: &PortableLayer,
    norm: &Normalization,
) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    let names: Vec<&str> = layer.weights.iter().map(|(name, _)| name.as_str()).collect();
    if !names.contains(&"mean") {
        return given_statistics(modules, layer, norm);
    }
    modules.helpers.insert("Normalization");
    let invert = python(norm.invert);
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
fn given_statistics(
    modules: &mut Modules,
    layer: &PortableLayer,
    norm: &Normalization,
) -> Result<()> {
    let (Some(mean), Some(variance)) = (&norm.mean, &norm.variance) else {
        return Err(layer.refuse("it has no statistics"));
    };
    let is_list = [mean, variance].iter().any(|numbers| matches!(numbers, NumberList::Many(_)));
    if is_list && !is_last(layer, &norm.axis) {
        return Err(layer.refuse("over another axis than the last it can't be written for PyTorch"));
    }
    let tensor = |numbers: &NumberList| format!("torch.tensor({})", serde_json::json!(numbers));
    let (mean, variance) = (tensor(mean), tensor(variance));
    let deviation = format!("{variance}.sqrt().clamp(min=1e-7)");
    let body = if norm.invert {
        format!("x * {deviation} + {mean}")
    } else {
        format!("(x - {mean}) / {deviation}")
    };
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
    Ok(())
}

/// An axis counted from 1, as Keras counts those of a sample.
pub(super) fn place(axis: i64, layer: &PortableLayer) -> usize {
    let rank = layer.input.len() as i64;
    (if axis < 0 { rank + 1 + axis } else { axis }).max(0) as usize
}

/// True where the axes are the last one alone.
fn is_last(layer: &PortableLayer, axes: &AxisList) -> bool {
    matches!(axes.all(), [axis] if place(*axis, layer) == layer.input.len())
}

/// Lays the value so that the axis of the channels is PyTorch's, the first; gives their count.
fn channels_to_front(modules: &mut Modules, layer: &PortableLayer, axes: &[i64]) -> Result<usize> {
    let rank = layer.input.len();
    let axis = if let [axis] = axes { place(*axis, layer) } else { 0 };
    match axis {
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
    Ok(layer.input[axis - 1])
}

pub(super) fn batch(
    modules: &mut Modules,
    layer: &PortableLayer,
    norm: &BatchNormalization,
) -> Result<()> {
    let rank = layer.input.len().saturating_sub(1).max(1);
    let channels = channels_to_front(modules, layer, norm.axis.all())?;
    let (epsilon, momentum) = (norm.epsilon, 1.0 - norm.momentum);
    let code = format!("nn.BatchNorm{rank}d({channels}, eps={epsilon:?}, momentum={momentum:.6})");
    modules.push(layer, code);
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

pub(super) fn layer_norm(
    modules: &mut Modules,
    layer: &PortableLayer,
    norm: &LayerNormalization,
) -> Result<()> {
    let shape = last_axes(modules, layer, &norm.axis)?;
    modules.push(layer, format!("nn.LayerNorm({}, eps={:?})", tuple(shape), norm.epsilon));
    affine(modules, layer, shape, true)
}

pub(super) fn rms_norm(
    modules: &mut Modules,
    layer: &PortableLayer,
    norm: &RmsNormalization,
) -> Result<()> {
    let shape = last_axes(modules, layer, &norm.axis)?;
    modules.push(layer, format!("nn.RMSNorm({}, eps={:?})", tuple(shape), norm.epsilon));
    affine(modules, layer, shape, false)
}

/// The sizes of the axes, which must be the last ones; the value is turned channels-last.
fn last_axes<'a>(
    modules: &mut Modules,
    layer: &'a PortableLayer,
    axes: &AxisList,
) -> Result<&'a [usize]> {
    let first = layer.input.len() + 1 - axes.all().len().min(layer.input.len());
    let mut places = axes.all().iter().map(|axis| place(*axis, layer));
    if !(first..=layer.input.len()).all(|wanted| places.next() == Some(wanted)) {
        return Err(layer.refuse("over other axes than the last it can't be written for PyTorch"));
    }
    modules.turn_last();
    Ok(&layer.input[first - 1..])
}

pub(super) fn group(
    modules: &mut Modules,
    layer: &PortableLayer,
    norm: &GroupNormalization,
) -> Result<()> {
    modules.restore_order();
    let channels = channels_to_front(modules, layer, &[norm.axis])?;
    let resolved = norm.resolve(&Shape(layer.input.clone()));
    let (_, groups) = resolved.map_err(|problem| layer.refuse(problem.message))?;
    let epsilon = norm.epsilon;
    modules.push(layer, format!("nn.GroupNorm({groups}, {channels}, eps={epsilon:?})"));
    affine(modules, layer, &[channels], true)
}
