//! Regularizers: the penalty and its gradient, over tensors and over slices. Constraints: the
//! projection.

use candle_core::Var;
use lanthorn::config::Node;
use lanthorn::exchange::keras_json::translate;
use lanthorn::layers::constraints::Constraint;
use lanthorn::layers::regularizers::Regularizer;
use serde_json::Value;

use crate::golden::{Golden, Outcome, close, close_numbers, numbers};

pub fn check(golden: &Golden, case: &Value) -> Result<Outcome, String> {
    let node = Node::from_json(&translate(case));
    let w = golden.tensor(&case["tensors"]["w"])?;
    let mut values = numbers(&w);
    if case["type"] == "constraint" {
        let constraint: Constraint = node.read().map_err(|e| e.to_string())?;
        constraint.check_shape(w.dims()).map_err(|problem| problem.message)?;
        constraint.project(&mut values, w.dims(), &mut Vec::new());
        let keras = numbers(&golden.tensor(&case["tensors"]["out"])?);
        close_numbers("projection", &values, &keras, 1e-6, 1e-5)?;
        return Ok(Outcome::Pass);
    }
    let regularizer: Regularizer = node.read().map_err(|e| e.to_string())?;
    regularizer.check_shape(w.dims()).map_err(|problem| problem.message)?;
    let value = case["value"].as_f64().ok_or("no value")? as f32;
    let keras = golden.tensor(&case["tensors"]["grad"])?;

    let var = Var::from_tensor(&w).map_err(|e| e.to_string())?;
    let penalty = regularizer.penalty(var.as_tensor()).map_err(|e| e.to_string())?;
    close_numbers("penalty", &numbers(&penalty), &[value], 1e-5, 1e-4)?;
    let gradients = penalty.backward().map_err(|e| e.to_string())?;
    // where every factor is 0, autograd finds no gradient at all
    let none = w.zeros_like().map_err(|e| e.to_string())?;
    close("gradient", gradients.get(&var).unwrap_or(&none), &keras, 1e-5, 1e-4)?;

    let mut gradient = vec![0.0; values.len()];
    let penalty = regularizer.penalty_and_gradient(&values, w.dims(), &mut gradient);
    close_numbers("penalty of slices", &[penalty], &[value], 1e-5, 1e-4)?;
    close_numbers("gradient of slices", &gradient, &numbers(&keras), 1e-5, 1e-4)?;
    Ok(Outcome::Pass)
}
