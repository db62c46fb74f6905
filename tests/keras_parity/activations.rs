//! Activations: value and gradient, over candle tensors and, where they have them, over slices.

use candle_core::{Tensor, Var};
use lanthorn::config::Node;
use lanthorn::layers::activations::{Activation, softmax};
use serde_json::{Value, json};

use crate::golden::{Golden, Outcome, close, close_numbers, numbers};

pub fn check(golden: &Golden, case: &Value) -> Result<Outcome, String> {
    let text = |e: candle_core::Error| e.to_string();
    let tensor = |name: &str| golden.tensor(&case["tensors"][name]);
    let (input, cotangent) = (tensor("input")?, tensor("cotangent")?);
    let (output, gradient) = (tensor("output")?, tensor("grad_input")?);

    let var = Var::from_tensor(&input).map_err(text)?;
    let axis = &case["kwargs"]["axis"];
    let (ours, activation) = match axis.as_u64() {
        // another axis than the last is the softmax layer's, which calls this
        Some(axis) => (softmax(&var, axis as usize), None),
        None => {
            let activation = read(case)?;
            (activation.forward(&var), Some(activation))
        }
    };
    let ours = ours.map_err(|e| e.to_string())?;
    close("output", &ours, &output, 1e-5, 1e-4)?;
    let total = (&ours * &cotangent).and_then(|y| y.sum_all()).map_err(text)?;
    let gradients = total.backward().map_err(text)?;
    let ours = gradients.get(&var).ok_or("no gradient")?;
    close("gradient", ours, &gradient, 1e-4, 1e-3)?;

    let Some(activation) = activation.filter(Activation::has_slices) else {
        return Ok(Outcome::Pass);
    };
    let width = input.dims().last().copied().unwrap_or(1);
    let x = numbers(&input);
    let mut y = x.clone();
    activation.apply(&mut y, width);
    close_numbers("output of slices", &y, &numbers(&output), 1e-5, 1e-4)?;
    let mut dx = numbers(&cotangent);
    // what the gradient doesn't need is not given
    let x = if activation.needs_input() { x } else { y.clone() };
    activation.gradient(&x, &y, &mut dx, width);
    close_numbers("gradient of slices", &dx, &numbers(&gradient), 1e-4, 1e-3)?;
    Ok(Outcome::Pass)
}

fn read(case: &Value) -> Result<Activation, String> {
    let entry = match case["function"].as_str() {
        Some(name) => json!({ name: case["kwargs"] }),
        None => case["id"].clone(),
    };
    let activation: Activation = Node::from_json(&entry).read().map_err(|e| e.to_string())?;
    if let Some(name) = case["serialized_name"].as_str() {
        let written = serde_json::to_value(&activation).map_err(|e| e.to_string())?;
        let ours = match &written {
            Value::String(ours) => ours.clone(),
            other => {
                other.as_object().and_then(|map| map.keys().next().cloned()).unwrap_or_default()
            }
        };
        if ours != name {
            return Err(format!("written as `{ours}`, by Keras as `{name}`"));
        }
    }
    Ok(activation)
}

/// A gradient where a function has a corner is Keras's.
#[test]
fn gradients_at_corners_are_kerass() {
    for (name, x, expected) in [
        ("relu", 0.0, 0.0),
        ("relu6", 0.0, 0.0),
        ("relu6", 6.0, 0.0),
        ("leaky_relu", 0.0, 1.0),
        ("elu", 0.0, 1.0),
        ("hard_tanh", 1.0, 1.0),
        ("softplus", 0.0, 0.5),
        ("log_sigmoid", 0.0, 0.5),
        ("softsign", 0.0, 1.0),
        ("soft_shrink", 0.5, 0.0),
        ("hard_shrink", 0.5, 0.0),
        ("sparse_plus", 1.0, 1.0),
    ] {
        let activation: Activation = Node::from_json(&json!(name)).read().unwrap();
        let var = Var::new(&[x as f32], &candle_core::Device::Cpu).unwrap();
        let y: Tensor = activation.forward(&var).unwrap();
        let gradients = y.sum_all().unwrap().backward().unwrap();
        assert_eq!(numbers(gradients.get(&var).unwrap()), [expected], "{name} at {x}");
        let mut slice = [x as f32];
        activation.apply(&mut slice, 1);
        assert_eq!(slice.to_vec(), numbers(&y), "{name} at {x}");
        let mut dy = [1.0];
        activation.gradient(&[x as f32], &slice, &mut dy, 1);
        assert_eq!(dy, [expected], "{name} at {x}, slices");
    }
}
