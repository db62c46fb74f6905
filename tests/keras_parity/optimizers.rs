//! Optimizers: the weights after each of ten steps, the learning rate before each, and the state
//! after the last.

use candle_core::Device;
use lanthorn::config::Node;
use lanthorn::exchange::keras_json::translate;
use lanthorn::layers::initializers::Initializer;
use lanthorn::model::{Gradients, Stored, WeightOptions, WeightSpec, Weights};
use lanthorn::optimizers::{OptimizerEntry, OptimizerState};
use lanthorn::runtime::Random;
use serde_json::Value;

use crate::golden::{Golden, Outcome, close, close_numbers, numbers};

pub fn check(golden: &Golden, case: &Value) -> Result<Outcome, String> {
    let text = |e: lanthorn::Error| e.to_string();
    let entry: OptimizerEntry =
        Node::from_json(&translate(case)).read().map_err(|e| e.to_string())?;
    if let Some(config) = case.get("keras_config") {
        let full: Result<OptimizerEntry, _> = Node::from_json(&translate(config)).read();
        full.map_err(|e| format!("keras_config: {e}"))?;
    }
    let names: Vec<&str> = list(&case["variables"]).iter().filter_map(Value::as_str).collect();
    let tensor = |what: &str, name: &str| golden.tensor(&case["tensors"][format!("{what}.{name}")]);
    let mut weights = Weights::new(Random::new(0), &Device::Cpu);
    for name in &names {
        let start = tensor("init", name)?;
        let mut scope = weights.scope("", true);
        let var = scope.weight(WeightSpec {
            name,
            shape: start.dims(),
            options: &WeightOptions::new(Initializer::Zeros),
            stored: Stored::plain(name),
        });
        var.map_err(text)?.set(&start).map_err(|e| e.to_string())?;
    }
    let mut state = OptimizerState::new(&entry, &weights).map_err(text)?;
    // Keras computes these two in another order of sums
    let loose = ["Muon", "Adafactor"].contains(&case["class_name"].as_str().unwrap_or_default());
    let (atol, rtol) = (if loose { 1e-3 } else { 2e-5 }, 1e-4);
    for step in 0..case["steps"].as_u64().unwrap_or_default() as usize {
        if let Some(rate) = case["learning_rate_before_step"][step].as_f64() {
            close_numbers("learning rate", &[state.learning_rate()], &[rate as f32], 1e-7, 1e-6)?;
        }
        let mut gradients = Gradients::new(&weights);
        for (index, name) in names.iter().enumerate() {
            let values = tensor("grads", name)?.get(step).map_err(|e| e.to_string())?;
            gradients.place(index).copy_from_slice(&numbers(&values));
        }
        state.step(&weights, &mut gradients).map_err(text)?;
        for (weight, name) in weights.iter().zip(&names) {
            let keras = tensor("weights_after", name)?.get(step).map_err(|e| e.to_string())?;
            let what = format!("step {step}: {name}");
            close(&what, weight.var.as_tensor(), &keras, atol, rtol)?;
        }
        if let Some(scale) = case["dynamic_scale_after"][step].as_f64() {
            close_numbers("scale", &[state.loss_scale()], &[scale as f32], 0.0, 0.0)?;
        }
    }
    if let Some(keras) = case.get("state") {
        check_state(golden, &state, list(keras), atol)?;
    }
    if case["tensors"].get(format!("finalized.{}", names[0])).is_some() {
        state.finalize(&weights).map_err(text)?;
        for (weight, name) in weights.iter().zip(&names) {
            let keras = tensor("finalized", name)?;
            close(&format!("finalized {name}"), weight.var.as_tensor(), &keras, atol, rtol)?;
        }
    }
    Ok(Outcome::Pass)
}

/// Names, shapes, order and values.
fn check_state(
    golden: &Golden,
    state: &OptimizerState,
    keras: &[Value],
    atol: f32,
) -> Result<(), String> {
    let ours = state.variables().map_err(|e| e.to_string())?;
    let our_names: Vec<&str> = ours.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<&str> = keras.iter().filter_map(|variable| variable["name"].as_str()).collect();
    if our_names != names {
        return Err(format!("variables {our_names:?}, Keras {names:?}"));
    }
    for ((name, ours), keras) in ours.iter().zip(keras) {
        let shape = list(&keras["shape"]).iter().filter_map(Value::as_u64);
        if !shape.eq(ours.dims().iter().map(|dim| *dim as u64)) {
            return Err(format!("{name}: shape {:?}, Keras {}", ours.dims(), keras["shape"]));
        }
        // a file holds a single number as a vector of one
        let keras = golden.tensor(&keras["tensor"])?;
        close_numbers(name, &numbers(ours), &numbers(&keras), atol, 1e-4)?;
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
