//! `lanthorn summary`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use candle_core::Device;
use clap::Args;
use lanthorn::model::Network;
use lanthorn::model::summary;
use lanthorn::optimizers::OptimizerState;
use lanthorn::training::Plan;
use serde_json::json;

use super::common::{CommonArguments, Overrides, load_model};
use super::view;

#[derive(Args)]
pub(crate) struct SummaryArguments {
    /// A configuration, a run folder or a model file
    #[arg(value_name = "CONFIG|MODEL")]
    path: PathBuf,
    /// The table's width in columns [default: the terminal's, as Keras]
    #[arg(long, value_name = "N")]
    line_length: Option<usize>,
    #[command(flatten)]
    overrides: Overrides,
}

pub(crate) fn run(arguments: &SummaryArguments, common: &CommonArguments) -> Result<()> {
    let (model, optimizer) = if is_model(&arguments.path) {
        let model = load_model(&arguments.path, &Device::Cpu, common)?;
        // Keras counts the optimizer's variables once it is built, as it is after training
        let optimizer = match &model.spec.train {
            Some(train) => Some(optimizer_parameters(train, &model.network)?),
            None => None,
        };
        (model.network, optimizer)
    } else {
        let plan = Plan::open(&arguments.path, &arguments.overrides.set)?;
        if let Some(problem) = plan.need()?.problem() {
            view::diagnostic(&problem.as_warning());
        }
        (Network::planned(&plan.spec.model)?, None)
    };
    if common.json {
        return view::json(&as_json(&model, optimizer));
    }
    let line_length = arguments.line_length.unwrap_or_else(view::keras_line_length);
    view::result(&summary(&model, line_length, optimizer))
}

/// True for a run folder or a safetensors file; anything else is a configuration.
pub(crate) fn is_model(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|ext| ext == "safetensors")
}

fn optimizer_parameters(train: &lanthorn::training::TrainSpec, model: &Network) -> Result<usize> {
    let state = OptimizerState::new(&train.optimizer, model.weights())?;
    Ok(state.variables()?.iter().map(|(_, tensor)| tensor.elem_count()).sum())
}

fn as_json(model: &Network, optimizer: Option<usize>) -> serde_json::Value {
    let count = |layer: &str| -> usize {
        model
            .weights()
            .iter()
            .filter(|weight| weight.layer == layer)
            .map(lanthorn::model::Weight::elements)
            .sum()
    };
    let layers: Vec<_> = model
        .spec()
        .layers
        .iter()
        .map(|layer| {
            json!({
                "name": layer.name, "class_name": layer.entry.kind.class_name,
                "output_shape": layer.output, "parameters": count(&layer.name),
            })
        })
        .collect();
    let trainable: usize = model.weights().trainable().map(lanthorn::model::Weight::elements).sum();
    json!({
        "name": model.spec().name, "input_shape": model.spec().input, "layers": layers,
        "parameters": model.weights().count(), "trainable_parameters": trainable,
        "optimizer_parameters": optimizer,
    })
}
