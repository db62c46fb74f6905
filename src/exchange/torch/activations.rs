//! Activations as PyTorch's modules.

use super::modules::Modules;
use super::words::tuple;
use crate::activations::Activation;
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::layers::AxisList;

/// The activation at a layer's end, as a module beside it.
pub(super) fn beside(
    modules: &mut Modules,
    layer: &PortableLayer,
    activation: &Activation,
) -> Result<()> {
    if let Some(code) = module(modules, layer, activation)? {
        modules.beside(&layer.name, "activation", code);
    }
    Ok(())
}

/// A layer that is an activation by itself.
pub(super) fn layer(
    modules: &mut Modules,
    layer: &PortableLayer,
    activation: &Activation,
) -> Result<()> {
    if *activation == Activation::Glu {
        modules.restore_order();
    }
    let code = module(modules, layer, activation)?;
    modules.push(layer, code.unwrap_or_else(|| "nn.Identity()".into()));
    Ok(())
}

/// Softmax over one axis.
pub(super) fn softmax(modules: &mut Modules, layer: &PortableLayer, axes: &AxisList) -> Result<()> {
    let [axis] = axes.all() else {
        let axes = serde_json::json!(axes);
        return Err(layer.refuse(format!("softmax over the axes {axes} is not in PyTorch")));
    };
    modules.turn_last();
    modules.push(layer, format!("nn.Softmax(dim={axis})"));
    Ok(())
}

/// One slope for each channel is PyTorch's PReLU; one for each feature is a module of model.py.
pub(super) fn p_re_lu(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let shape = match layer.weights.first() {
        Some((_, alpha)) => alpha.dims().to_vec(),
        None => return Err(layer.refuse("its slopes are missing")),
    };
    let (channels, shared) = shape.split_last().unwrap_or((&1, &[]));
    if *channels == layer.input.last().copied().unwrap_or(1) && shared.iter().all(|n| *n == 1) {
        if layer.input.len() > 1 {
            modules.turn_first();
        }
        modules.meets_order(layer);
        modules.push(layer, format!("nn.PReLU({channels})"));
        for (_, alpha) in modules.weights(layer) {
            let alpha = modules.ordered(&alpha.flatten_all()?)?;
            modules.state.push((format!("{}.weight", layer.name), alpha));
        }
        return Ok(());
    }
    modules.turn_last();
    modules.restore_order();
    modules.helpers.insert("PReLU");
    modules.push(layer, format!("PReLU({})", tuple(&shape)));
    modules.keep(layer);
    Ok(())
}

/// An activation as a module's constructor; None for `linear`. Those over the last axis turn the
/// value channels-last.
fn module(
    modules: &mut Modules,
    layer: &PortableLayer,
    activation: &Activation,
) -> Result<Option<String>> {
    let mut function = |body: String| {
        modules.helpers.insert("Function");
        format!("Function(lambda x: {body})")
    };
    Ok(Some(match activation {
        Activation::Linear => return Ok(None),
        Activation::Relu { .. } if *activation == Activation::relu() => "nn.ReLU()".into(),
        Activation::Relu { max_value, negative_slope: slope, threshold } => {
            let kept = match max_value {
                Some(maximum) => format!("x.clamp(max={maximum:?})"),
                None => "x".to_string(),
            };
            let below = format!("{slope:?} * (x - {threshold:?})");
            function(format!("torch.where(x > {threshold:?}, {kept}, {below})"))
        }
        Activation::Relu6 => "nn.ReLU6()".into(),
        Activation::LeakyRelu { negative_slope } => format!("nn.LeakyReLU({negative_slope:?})"),
        Activation::Elu { alpha } => format!("nn.ELU({alpha:?})"),
        Activation::Selu => "nn.SELU()".into(),
        Activation::Celu { alpha } => format!("nn.CELU({alpha:?})"),
        Activation::Gelu { approximate: true } => "nn.GELU(approximate=\"tanh\")".into(),
        Activation::Gelu { approximate: false } => "nn.GELU()".into(),
        Activation::Silu => "nn.SiLU()".into(),
        Activation::HardSilu => "nn.Hardswish()".into(),
        Activation::Sigmoid => "nn.Sigmoid()".into(),
        Activation::HardSigmoid => "nn.Hardsigmoid()".into(),
        Activation::LogSigmoid => "nn.LogSigmoid()".into(),
        Activation::Softplus => "nn.Softplus()".into(),
        Activation::Softsign => "nn.Softsign()".into(),
        Activation::Tanh => "nn.Tanh()".into(),
        Activation::TanhShrink => "nn.Tanhshrink()".into(),
        Activation::HardTanh => "nn.Hardtanh()".into(),
        Activation::Exponential => function("x.exp()".into()),
        Activation::Mish => "nn.Mish()".into(),
        Activation::Squareplus { b } => function(format!("(x + (x * x + {b:?}).sqrt()) / 2")),
        Activation::SoftShrink { threshold } => format!("nn.Softshrink({threshold:?})"),
        Activation::HardShrink { threshold } => format!("nn.Hardshrink({threshold:?})"),
        Activation::SparsePlus => {
            function("(x.clamp(-1, 1) + 1) ** 2 / 4 + (x - 1).clamp(min=0)".into())
        }
        Activation::SparseSigmoid => function("((x + 1) / 2).clamp(0, 1)".into()),
        Activation::Threshold { threshold, default_value } => {
            format!("nn.Threshold({threshold:?}, {default_value:?})")
        }
        Activation::Softmax => last(modules, "nn.Softmax(dim=-1)"),
        Activation::LogSoftmax => last(modules, "nn.LogSoftmax(dim=-1)"),
        Activation::Glu => last(modules, "nn.GLU(dim=-1)"),
        Activation::Sparsemax => {
            return Err(layer.refuse("PyTorch has no activation `sparsemax`"));
        }
    }))
}

/// A module over the last axis.
fn last(modules: &mut Modules, code: &str) -> String {
    modules.turn_last();
    code.to_string()
}
