//! Recurrent layers and the wrappers.

use super::activations;
use super::modules::Modules;
use super::words::python;
use crate::activations::Activation;
use crate::error::Result;
use crate::exchange::portable::PortableLayer;
use crate::kernels::recurrent::Cell;
use crate::layers::{Bidirectional, LayerKind, MergeMode, Recurrent, TimeDistributed};

/// `cell` holds the arguments; `layer` is the module's name.
pub(super) fn recurrent(
    modules: &mut Modules,
    layer: &PortableLayer,
    cell: &Recurrent,
    more: &str,
) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    let is_usual =
        cell.activation == Activation::Tanh && cell.recurrent_activation == Activation::Sigmoid;
    let (kind, nonlinearity) = match cell.cell {
        Cell::SimpleRnn if cell.activation == Activation::Tanh => {
            ("RNN", ", nonlinearity=\"tanh\"")
        }
        Cell::SimpleRnn if cell.activation == Activation::relu() => {
            ("RNN", ", nonlinearity=\"relu\"")
        }
        Cell::Lstm if is_usual => ("LSTM", ""),
        Cell::Gru { .. } if is_usual => ("GRU", ""),
        _ => return Err(layer.refuse("PyTorch's recurrent modules know no such activation")),
    };
    if cell.cell == (Cell::Gru { reset_after: false }) {
        return Err(layer.refuse("PyTorch's GRU resets after the product (`reset_after: true`)"));
    }
    if cell.go_backwards {
        modules.function(&layer.name, "flip", "x.flip(1)");
    }
    let bias = python(cell.use_bias);
    let (features, units) = (layer.input[1], cell.units);
    modules.push(
        layer,
        format!(
            "nn.{kind}({features}, {units}, batch_first=True, bias={bias}{nonlinearity}{more})"
        ),
    );
    modules.keep(layer);
    if cell.return_sequences {
        modules.function(&layer.name, "steps", "x[0]");
    } else {
        modules.helpers.insert("last_state");
        modules.function(&layer.name, "state", "last_state(x[1])");
    }
    Ok(())
}

pub(super) fn bidirectional(
    modules: &mut Modules,
    layer: &PortableLayer,
    both: &Bidirectional,
) -> Result<()> {
    let problem = |problem: crate::error::Problem| layer.refuse(problem.message);
    let [forward, _] = both.halves().map_err(problem)?;
    if forward.go_backwards || both.backward_layer.is_some() {
        return Err(layer.refuse("PyTorch's two directions have the same arguments"));
    }
    recurrent(modules, layer, &forward, ", bidirectional=True")?;
    let reduction = match both.merge_mode().map_err(problem)? {
        MergeMode::Concat => return Ok(()),
        MergeMode::Sum => "sum",
        MergeMode::Mul => "prod",
        MergeMode::Ave => "mean",
    };
    let body = format!("torch.stack(x.chunk(2, -1)).{reduction}(0)");
    modules.function(&layer.name, "merge", &body);
    Ok(())
}

/// A Dense over every step is nn.Linear, which takes any rank.
pub(super) fn time_distributed(
    modules: &mut Modules,
    layer: &PortableLayer,
    each: &TimeDistributed,
) -> Result<()> {
    let inner = layer.inner(&each.layer);
    modules.turn_last();
    modules.restore_order();
    match inner.kind() {
        LayerKind::Dense(dense) => {
            modules.linear(layer, layer.input.last().copied().unwrap_or(1), dense)?;
            modules.shape.clone_from(&layer.output);
            activations::beside(modules, layer, &dense.activation)
        }
        LayerKind::Dropout(dropout) => {
            modules.push(layer, format!("nn.Dropout({:?})", dropout.rate));
            Ok(())
        }
        _ => {
            let class = inner.class();
            Err(layer.refuse(format!("over a {class} it can't be written for PyTorch")))
        }
    }
}
