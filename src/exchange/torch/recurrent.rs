//! Recurrent layers and the wrappers.

use serde_json::Value;

use super::activations;
use super::modules::Modules;
use super::words::python;
use crate::error::Result;
use crate::exchange::portable::PortableLayer;

/// `cell` holds the arguments; `layer` is the module's name.
pub(super) fn recurrent(
    modules: &mut Modules,
    layer: &PortableLayer,
    cell: &PortableLayer,
    more: &str,
) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    let function = |key: &str, default: &str| match cell.argument(key) {
        Value::Null => default.to_string(),
        Value::String(name) => name.clone(),
        other => other.to_string(),
    };
    let own = function("activation", "tanh");
    let (kind, nonlinearity) = match cell.class.as_str() {
        "SimpleRNN" if own == "tanh" || own == "relu" => {
            ("RNN", format!(", nonlinearity=\"{own}\""))
        }
        "LSTM" | "GRU"
            if own == "tanh" && function("recurrent_activation", "sigmoid") == "sigmoid" =>
        {
            (if cell.class == "LSTM" { "LSTM" } else { "GRU" }, String::new())
        }
        _ => return Err(layer.refuse("PyTorch's recurrent modules know no such activation")),
    };
    if cell.class == "GRU" && !cell.flag("reset_after") {
        return Err(layer.refuse("PyTorch's GRU resets after the product (`reset_after: true`)"));
    }
    if cell.flag("go_backwards") {
        modules.function(&layer.name, "flip", "x.flip(1)");
    }
    let bias = python(cell.argument("use_bias").as_bool().unwrap_or(true));
    let (features, units) = (layer.input[1], cell.number("units", 1.0) as usize);
    modules.push(
        layer,
        format!(
            "nn.{kind}({features}, {units}, batch_first=True, bias={bias}{nonlinearity}{more})"
        ),
    );
    modules.keep(layer);
    if cell.flag("return_sequences") {
        modules.function(&layer.name, "steps", "x[0]");
    } else {
        modules.helpers.insert("last_state");
        modules.function(&layer.name, "state", "last_state(x[1])");
    }
    Ok(())
}

pub(super) fn bidirectional(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let inner = layer.inner(layer.argument("layer"))?;
    if inner.flag("go_backwards") || !layer.argument("backward_layer").is_null() {
        return Err(layer.refuse("PyTorch's two directions have the same arguments"));
    }
    recurrent(modules, layer, &inner, ", bidirectional=True")?;
    let halves = "torch.stack(x.chunk(2, -1))";
    match layer.text("merge_mode") {
        "" | "concat" => {}
        "sum" => modules.function(&layer.name, "merge", &format!("{halves}.sum(0)")),
        "mul" => modules.function(&layer.name, "merge", &format!("{halves}.prod(0)")),
        "ave" => modules.function(&layer.name, "merge", &format!("{halves}.mean(0)")),
        other => {
            return Err(layer.refuse(format!("`merge_mode: {other}` can't be written for PyTorch")));
        }
    }
    Ok(())
}

/// A Dense over every step is nn.Linear, which takes any rank.
pub(super) fn time_distributed(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let inner = layer.inner(layer.argument("layer"))?;
    modules.turn_last();
    modules.restore_order();
    match inner.class.as_str() {
        "Dense" => {
            modules.linear(layer, layer.input.last().copied().unwrap_or(1), &inner)?;
            let mut named = inner.clone();
            named.name.clone_from(&layer.name);
            modules.shape.clone_from(&layer.output);
            activations::argument(modules, &named)
        }
        "Dropout" => {
            modules.push(layer, format!("nn.Dropout({:?})", inner.number("rate", 0.0)));
            Ok(())
        }
        other => Err(layer.refuse(format!("over a {other} it can't be written for PyTorch"))),
    }
}
