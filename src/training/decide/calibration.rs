//! Calibration: the temperature divides the last layer's kernel and bias, so that every export of the
//! model has it.

use std::sync::Arc;

use crate::activations::Activation;
use crate::data::Dataset;
use crate::decisions::{Truth, fit_temperature};
use crate::error::{Error, Result};
use crate::layers::{Dense, LayerEntry};
use crate::model::artifact::Model;
use crate::model::engine;
use crate::model::network::Network;
use crate::spec::meaning::Meaning;
use crate::threads;

/// Rows of one pass through the model.
const BLOCK: usize = 512;

/// Divides the weights of the last layer by the temperature at which these rows are likeliest, which
/// is given back; None where the model's outputs are not finite.
pub(super) fn calibrate(model: &mut Model, rows: &Dataset) -> Result<Option<f64>> {
    let logits = logits(&model.network, model.spec.seed, rows)?;
    if logits.iter().any(|logit| !logit.is_finite()) {
        return Ok(None);
    }
    let targets = match meaning(model)? {
        Meaning::Classes(classes) => {
            Truth::Classes { width: classes.len(), of_rows: rows.y.class_numbers().collect() }
        }
        Meaning::Second(_) => Truth::Bits(rows.y.class_numbers().map(|c| c as f64).collect()),
        Meaning::Labels(_) | Meaning::Numbers(_) => {
            Truth::Bits(rows.y.values.iter().map(|y| f64::from(*y)).collect())
        }
    };
    let temperature = fit_temperature(&logits, &targets, rows.weights.as_deref());
    divide_last_layer(&model.network, temperature)?;
    Ok(Some(temperature))
}

fn meaning(model: &Model) -> Result<Meaning> {
    let Some(preprocessing) = &model.preprocessing else {
        return Err(Error::Internal("a model without preprocessing is calibrated".to_string()));
    };
    let loss = model.config.compile.as_ref().map(|compile| &compile.loss);
    Meaning::of(preprocessing, model.network.spec(), loss)
        .map_err(|problem| Error::run(problem.message))
}

/// What comes out of the last layer before its activation, row after row.
fn logits(network: &Network, seed: u64, rows: &Dataset) -> Result<Vec<f32>> {
    let mut spec = network.spec().clone();
    if let Some(last) = spec.layers.last_mut()
        && let Some(dense) = last.entry.item.as_any().downcast_ref::<Dense>()
    {
        let item = Arc::new(Dense { activation: Activation::Linear, ..dense.clone() });
        last.entry = LayerEntry { item, ..last.entry.clone() };
    }
    let linear = Network::build(&spec, seed, network.weights().device())?;
    for (to, from) in linear.weights().iter().zip(network.weights().iter()) {
        to.set(from.var.as_tensor())?;
    }
    let mut engine = engine::of(&linear)?;
    let mut logits = Vec::with_capacity(rows.len() * spec.output().elements());
    threads::within(|| {
        for start in (0..rows.len()).step_by(BLOCK) {
            let block = start..rows.len().min(start + BLOCK);
            let count = block.len();
            logits.extend_from_slice(engine.predict(&linear, &rows.inputs(block)?, count)?);
        }
        Ok(logits)
    })
}

fn divide_last_layer(network: &Network, temperature: f64) -> Result<()> {
    let Some(last) = network.spec().layers.last() else { return Ok(()) };
    for weight in network.weights().iter().filter(|weight| weight.layer == last.name) {
        weight.set(&(weight.var.as_tensor() / temperature)?)?;
    }
    Ok(())
}
