//! A trained model used from Rust: `cargo run --release --example predict -- runs/loan-001`.

#![allow(clippy::print_stdout)]

use candle_core::Device;
use lanthorn::model::Model;
use lanthorn::model::Predictor;

fn main() -> lanthorn::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "runs/loan-001".to_string());
    let model = Model::load(path.as_ref(), &Device::Cpu)?;
    let Some(preprocessing) = model.preprocessing.clone() else {
        return Err(lanthorn::Error::run("the model has no preprocessing"));
    };
    let row = preprocessing.row(&[("age", "37"), ("area", "rural")])?;
    let predictions = Predictor::new(model)?.predict(&row)?;
    println!("{predictions:?}");
    Ok(())
}
