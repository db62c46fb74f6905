//! Metrics: the result after each of three batches, and what `accuracy` resolves to.

use candle_core::Tensor;
use lanthorn::Shape;
use lanthorn::config::Node;
use lanthorn::metrics::{Accumulator, MetricBatch, MetricEntry};
use lanthorn::model::{Output, Target};
use serde_json::{Map, Value};

use crate::golden::{Golden, Outcome, close_numbers, numbers};

pub fn check(golden: &Golden, case: &Value) -> Result<Outcome, String> {
    let class = case["class_name"].as_str().unwrap_or_default();
    if class == "accuracy-resolution" {
        return resolution(case);
    }
    let config = case["config"].as_object().cloned().unwrap_or_default();
    let entry = Value::Object(Map::from_iter([(class.to_string(), Value::Object(config))]));
    let metric: MetricEntry = Node::from_json(&entry).read().map_err(|e| e.to_string())?;
    default_name(&metric, case)?;
    for (tag, results) in case["results"].as_object().ok_or("no results")? {
        let mut state: Option<Box<dyn Accumulator>> = None;
        for (batch, keras) in case["batches"].as_array().into_iter().flatten().zip(list(results)) {
            let target = golden.tensor(&batch["y_true"])?;
            let prediction = golden.tensor(&batch["y_pred"])?;
            let weight = numbers(&golden.tensor(&batch["sample_weight"])?);
            let weight = (tag == "weighted").then_some(weight.as_slice());
            // an accumulator that is resumed at every batch goes on alike
            let mut fresh = accumulator(&metric, &target, &prediction)?;
            if let Some(before) = state.take() {
                fresh.set_state(&before.state());
            }
            let state = state.insert(fresh);
            update(state.as_mut(), &target, &prediction, weight);
            let ours: Vec<f32> = state.result().iter().map(|x| *x as f32).collect();
            let keras: Vec<f32> =
                list(keras).iter().map(|x| x.as_f64().unwrap_or(f64::NAN) as f32).collect();
            close_numbers(tag, &ours, &keras, 1e-5, 1e-4)?;
        }
    }
    Ok(Outcome::Pass)
}

/// Keras's name of the object; the recordings number some (`auc_2`).
fn default_name(metric: &MetricEntry, case: &Value) -> Result<(), String> {
    let keras = case["default_name"].as_str().unwrap_or_default();
    let unnumbered = keras.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    if metric.kind.name == keras || metric.kind.name == unnumbered {
        Ok(())
    } else {
        Err(format!("name `{}`, Keras `{keras}`", metric.kind.name))
    }
}

fn accumulator(
    metric: &MetricEntry,
    target: &Tensor,
    prediction: &Tensor,
) -> Result<Box<dyn Accumulator>, String> {
    let shape = Shape(prediction.dims()[1..].to_vec());
    let target = Target::Numbers(target.dims()[1..].iter().product());
    let output = Output { shape: &shape, activation: None, target };
    metric.item.accumulator(&output).map_err(|problem| problem.message)
}

fn update(
    state: &mut dyn Accumulator,
    target: &Tensor,
    prediction: &Tensor,
    weight: Option<&[f32]>,
) {
    state.update(&MetricBatch {
        target: &numbers(target),
        target_shape: target.dims(),
        prediction: &numbers(prediction),
        prediction_shape: prediction.dims(),
        weight,
    });
}

/// `accuracy` gives what the metric gives that Keras resolves it to, on these shapes.
fn resolution(case: &Value) -> Result<Outcome, String> {
    let dims = |key: &str| -> Vec<usize> {
        list(&case[key]).iter().map(|d| d.as_u64().unwrap_or_default() as usize).collect()
    };
    let (target_dims, prediction_dims) = (dims("y_true_shape"), dims("y_pred_shape"));
    let filled = |dims: &[usize], classes: usize, scale: f32| {
        let count: usize = dims.iter().product();
        let all: Vec<f32> =
            (0..count).map(|i| (i * 7 % 11 % classes.max(2)) as f32 * scale).collect();
        Tensor::from_vec(all, dims, &candle_core::Device::Cpu).map_err(|e| e.to_string())
    };
    let target = filled(&target_dims, *prediction_dims.last().unwrap_or(&1), 1.0)?;
    let prediction = filled(&prediction_dims, 7, 0.3)?;
    let mut results = Vec::new();
    for name in ["accuracy", case["resolves_to"].as_str().unwrap_or_default()] {
        let name = Value::String(name.to_string());
        let metric: MetricEntry = Node::from_json(&name).read().map_err(|e| e.to_string())?;
        let mut state = accumulator(&metric, &target, &prediction)?;
        update(state.as_mut(), &target, &prediction, None);
        results.push(state.result()[0] as f32);
    }
    close_numbers("accuracy", &results[..1], &results[1..], 0.0, 0.0)?;
    Ok(Outcome::Pass)
}

/// A list's items, or the one value.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}
