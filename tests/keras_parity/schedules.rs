//! Schedules: the learning rate at each of the first steps.

use lanthorn::config::Node;
use lanthorn::exchange::keras_json::translate;
use lanthorn::optimizers::schedules::LearningRate;
use serde_json::Value;

use crate::golden::{Golden, Outcome, close_numbers};

pub fn check(_: &Golden, case: &Value) -> Result<Outcome, String> {
    let rate: LearningRate = Node::from_json(&translate(case)).read().map_err(|e| e.to_string())?;
    rate.check().map_err(|problem| problem.message)?;
    let keras = case["values"].as_array().ok_or("no values")?;
    let keras: Vec<f32> = keras.iter().filter_map(|v| v.as_f64().map(|v| v as f32)).collect();
    let ours: Vec<f32> = (0..keras.len() as u64).map(|step| rate.at(step)).collect();
    close_numbers("rate", &ours, &keras, 1e-7, 1e-5)?;
    Ok(Outcome::Pass)
}
