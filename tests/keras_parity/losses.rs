//! Losses: value and gradient for every reduction, with and without sample weights.

use candle_core::Var;
use lanthorn::config::Node;
use lanthorn::losses::LossEntry;
use serde_json::{Map, Value, json};

use crate::golden::{Golden, Outcome, close, close_numbers, numbers};

pub fn check(golden: &Golden, case: &Value) -> Result<Outcome, String> {
    let text = |e: lanthorn::Error| e.to_string();
    let target = golden.tensor(&case["tensors"]["y_true"])?;
    let prediction = golden.tensor(&case["tensors"]["y_pred"])?;
    let weight = golden.tensor(&case["tensors"]["sample_weight"])?;
    for value in case["values"].as_array().ok_or("no values")? {
        let mut config = case["config"].as_object().cloned().unwrap_or_default();
        config.insert("reduction".into(), value["reduction"].clone());
        let class = case["class_name"].as_str().unwrap_or_default().to_string();
        let entry = Value::Object(Map::from_iter([(class, Value::Object(config))]));
        let loss: LossEntry = Node::from_json(&entry).read().map_err(|e| e.to_string())?;

        let what = format!("{} weighted {}", value["reduction"], value["weighted"]);
        let weight = (value["weighted"] == json!(true)).then_some(&weight);
        let var = Var::from_tensor(&prediction).map_err(|e| e.to_string())?;
        let ours = loss.compute(&target, var.as_tensor(), None, weight).map_err(text)?;
        let keras = value["value"].as_f64().ok_or("no value")? as f32;
        close_numbers(&what, &numbers(&ours), &[keras], 1e-5, 1e-4)?;

        let gradients = ours.backward().map_err(|e| e.to_string())?;
        let gradient = gradients.get(&var).ok_or_else(|| format!("{what}: no gradient"))?;
        let keras = golden.tensor(&value["grad"])?;
        close(&format!("{what}: gradient"), gradient, &keras, 1e-4, 1e-3)?;
    }
    Ok(Outcome::Pass)
}
