//! Activations as PyTorch's modules.

use serde_json::{Map, Value};

use super::modules::Modules;
use super::words::tuple;
use crate::error::Result;
use crate::exchange::portable::{PortableLayer, named};

/// The function that a layer's argument names, as a module beside it.
pub(super) fn argument(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let value = layer.argument("activation");
    if value.is_null() {
        return Ok(());
    }
    let (name, arguments) =
        named(value).ok_or_else(|| layer.refuse(format!("`activation` is {value}")))?;
    if let Some(code) = module(modules, layer, &name, &arguments)? {
        modules.beside(&layer.name, "activation", code);
    }
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

/// A function by Keras's name as a module's constructor; None for `linear`. Those over the last
/// axis turn the value channels-last.
pub(super) fn module(
    modules: &mut Modules,
    layer: &PortableLayer,
    name: &str,
    arguments: &Map<String, Value>,
) -> Result<Option<String>> {
    let number =
        |key: &str, default: f64| arguments.get(key).and_then(Value::as_f64).unwrap_or(default);
    let mut function = |body: String| {
        modules.helpers.insert("Function");
        format!("Function(lambda x: {body})")
    };
    let code = match name {
        "linear" => return Ok(None),
        "relu" => {
            let maximum = arguments.get("max_value").and_then(Value::as_f64);
            let (slope, threshold) = (number("negative_slope", 0.0), number("threshold", 0.0));
            if maximum.is_none() && slope == 0.0 && threshold == 0.0 {
                "nn.ReLU()".into()
            } else {
                let kept = match maximum {
                    Some(maximum) => format!("x.clamp(max={maximum:?})"),
                    None => "x".to_string(),
                };
                function(format!(
                    "torch.where(x > {threshold:?}, {kept}, {slope:?} * (x - {threshold:?}))"
                ))
            }
        }
        "relu6" => "nn.ReLU6()".into(),
        "leaky_relu" => format!("nn.LeakyReLU({:?})", number("negative_slope", 0.2)),
        "elu" => format!("nn.ELU({:?})", number("alpha", 1.0)),
        "selu" => "nn.SELU()".into(),
        "celu" => format!("nn.CELU({:?})", number("alpha", 1.0)),
        "gelu" => match arguments.get("approximate").and_then(Value::as_bool) {
            Some(true) => "nn.GELU(approximate=\"tanh\")".into(),
            _ => "nn.GELU()".into(),
        },
        "silu" | "swish" => "nn.SiLU()".into(),
        "hard_silu" | "hard_swish" => "nn.Hardswish()".into(),
        "sigmoid" => "nn.Sigmoid()".into(),
        "hard_sigmoid" => "nn.Hardsigmoid()".into(),
        "log_sigmoid" => "nn.LogSigmoid()".into(),
        "softplus" => "nn.Softplus()".into(),
        "softsign" => "nn.Softsign()".into(),
        "tanh" => "nn.Tanh()".into(),
        "tanh_shrink" => "nn.Tanhshrink()".into(),
        "hard_tanh" => "nn.Hardtanh()".into(),
        "exponential" => function("x.exp()".into()),
        "mish" => "nn.Mish()".into(),
        "squareplus" => function(format!("(x + (x * x + {:?}).sqrt()) / 2", number("b", 4.0))),
        "soft_shrink" => format!("nn.Softshrink({:?})", number("threshold", 0.5)),
        "hard_shrink" => format!("nn.Hardshrink({:?})", number("threshold", 0.5)),
        "sparse_plus" => function("(x.clamp(-1, 1) + 1) ** 2 / 4 + (x - 1).clamp(min=0)".into()),
        "sparse_sigmoid" => function("((x + 1) / 2).clamp(0, 1)".into()),
        "threshold" => format!(
            "nn.Threshold({:?}, {:?})",
            number("threshold", 0.0),
            number("default_value", 0.0)
        ),
        "softmax" | "log_softmax" | "glu" => {
            let axis = match arguments.get("axis") {
                None | Some(Value::Null) => -1,
                Some(Value::Number(axis)) => axis.as_i64().unwrap_or(-1),
                Some(Value::Array(axes)) if axes.len() == 1 => axes[0].as_i64().unwrap_or(-1),
                Some(axes) => {
                    return Err(
                        layer.refuse(format!("{name} over the axes {axes} is not in PyTorch"))
                    );
                }
            };
            modules.turn_last();
            match name {
                "softmax" => format!("nn.Softmax(dim={axis})"),
                "log_softmax" => format!("nn.LogSoftmax(dim={axis})"),
                _ => "nn.GLU(dim=-1)".into(),
            }
        }
        other => return Err(layer.refuse(format!("PyTorch has no activation `{other}`"))),
    };
    Ok(Some(code))
}
