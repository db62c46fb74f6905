//! Layers: output, gradients and moving statistics in both modes; each layer as composed of candle
//! ops and, where it has one, as a kernel.

use candle_core::{Tensor, Var};
use lanthorn::Shape;
use lanthorn::config::Node;
use lanthorn::exchange::keras_json::translate;
use lanthorn::layers;
use lanthorn::layers::{Context, Forward, LayerEntry, Signal};
use lanthorn::model::Weights;
use lanthorn::runtime::Random;
use serde_json::{Value, json};

use crate::golden::{Golden, Outcome, close};

/// Cases that are left out, and why.
const SKIPPED: &[(&str, &str)] =
    &[("convlstm2d", "ConvLSTM is refused by name: it is outside of the vocabulary")];

type Layers = Vec<(Box<dyn Forward>, Shape)>;

pub fn check(golden: &Golden, case: &Value) -> Result<Outcome, String> {
    let id = case["id"].as_str().unwrap_or_default();
    if let Some((_, reason)) = SKIPPED.iter().find(|(skipped, _)| *skipped == id) {
        return Ok(Outcome::Skip(reason));
    }
    let random = Random::new(1);
    let mut weights = Weights::new(random, &golden.device());
    let layers = build(case, &mut weights)?;
    let shape = layers.last().map(|(_, shape)| shape.dims().to_vec()).unwrap_or_default();
    if json!(shape) != json!(case["output_shape"].as_array().map_or(&[][..], |dims| &dims[1..])) {
        return Err(format!("output shape {shape:?}, Keras {}", case["output_shape"]));
    }
    if json!(weights.count()) != case["param_count"] {
        return Err(format!("{} parameters, Keras {}", weights.count(), case["param_count"]));
    }
    for mode in ["infer", "train"] {
        if case["tensors"][format!("output_{mode}")].is_null() {
            continue;
        }
        for kernels in [false, true] {
            if kernels && !golden.device().is_cpu() {
                continue;
            }
            set_weights(golden, case, &weights)?;
            let what = format!("{mode}, {}", if kernels { "kernels" } else { "candle ops" });
            run(golden, case, &layers, &weights, mode, kernels)
                .map_err(|error| format!("{what}: {error}"))?;
        }
    }
    Ok(Outcome::Pass)
}

fn build(case: &Value, weights: &mut Weights) -> Result<Layers, String> {
    let dims = case["input_shape"].as_array().ok_or("no input_shape")?;
    let dims = dims[1..].iter().map(|d| d.as_u64().unwrap_or_default() as usize);
    let mut shape = Shape(dims.collect());
    let mut layers = Layers::new();
    for (index, keras) in case["layers"].as_array().into_iter().flatten().enumerate() {
        let entry: LayerEntry =
            Node::from_json(&translate(keras)).read().map_err(|e| e.to_string())?;
        let output = entry.item.output_shape(&shape).map_err(|problem| problem.message)?;
        let trainable = entry.common.trainable.unwrap_or(true);
        let mut scope = weights.scope(&format!("layer_{index}"), trainable);
        let layer = entry.item.build(&shape, &mut scope).map_err(|e| e.to_string())?;
        layers.push((layer, output.clone()));
        shape = output;
    }
    Ok(layers)
}

fn set_weights(golden: &Golden, case: &Value, weights: &Weights) -> Result<(), String> {
    let keras = case["weights"].as_array().map_or(&[][..], Vec::as_slice);
    if keras.len() != weights.iter().count() {
        return Err(format!("{} weights, Keras {}", weights.iter().count(), keras.len()));
    }
    for (weight, keras) in weights.iter().zip(keras) {
        if json!(weight.shape()) != keras["shape"] || json!(weight.trainable) != keras["trainable"]
        {
            return Err(format!("weight {} {:?}, Keras {keras}", weight.path(), weight.shape()));
        }
        weight.set(&golden.tensor(&keras["tensor"])?).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn run(
    golden: &Golden,
    case: &Value,
    layers: &Layers,
    weights: &Weights,
    mode: &str,
    kernels: bool,
) -> Result<(), String> {
    let text = |e: lanthorn::Error| e.to_string();
    let random = Random::new(1);
    let mut context = match mode {
        "train" => Context::training(0, &random),
        _ => Context::inference(&random),
    };
    let tensors = &case["tensors"];
    let x = golden.tensor(&tensors["input"])?;
    let x = Var::from_tensor(&x).map_err(|e| e.to_string())?;
    let mut signal = Signal::new(x.as_tensor().clone());
    for (layer, output) in layers {
        signal = match layer.to_kernel() {
            Some(bound) if kernels => {
                layers::apply_kernel(&bound, output, signal, &mut context).map_err(text)?
            }
            _ => layer.forward(signal, &mut context).map_err(text)?,
        };
    }
    close(
        "output",
        &signal.tensor,
        &golden.tensor(&tensors[format!("output_{mode}")])?,
        1e-5,
        1e-4,
    )?;
    let cotangent = golden.tensor(&tensors["cotangent"])?;
    let total =
        (&signal.tensor * cotangent).and_then(|y| y.sum_all()).map_err(|e| e.to_string())?;
    let gradients = total.backward().map_err(|e| e.to_string())?;
    let check = |what: &str, var: &Tensor, keras: &Value| -> Result<(), String> {
        if keras.is_null() {
            return Ok(());
        }
        let zeros = var.zeros_like().map_err(|e| e.to_string())?;
        let ours = gradients.get(var).unwrap_or(&zeros);
        close(what, ours, &golden.tensor(keras)?, 1e-4, 1e-3)
    };
    check("gradient of the input", &x, &tensors[format!("grad_input_{mode}")])?;
    for (index, weight) in weights.iter().enumerate() {
        if weight.trainable {
            let keras = &tensors[format!("grad_weight_{mode}.{index}")];
            check(&format!("gradient of {}", weight.path()), &weight.var, keras)?;
        }
    }
    for (var, value) in &context.updates {
        var.set(&value.detach()).map_err(|e| e.to_string())?;
    }
    for (index, weight) in weights.iter().enumerate() {
        let keras = &tensors[format!("weight_after_train.{index}")];
        if mode == "train" && !keras.is_null() {
            let keras = golden.tensor(keras)?;
            close(&format!("{} after", weight.path()), &weight.var, &keras, 1e-5, 1e-4)?;
        }
    }
    Ok(())
}
