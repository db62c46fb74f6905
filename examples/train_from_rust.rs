//! A model described, trained, evaluated, saved and loaded without a configuration file:
//! `cargo run --release --example train_from_rust`.

#![allow(clippy::print_stdout)]

use std::path::Path;

use candle_core::Device;
use lanthorn::artifact::Model;
use lanthorn::config::{Config, Node};
use lanthorn::plan::Plan;
use lanthorn::run::model_of;
use lanthorn::trainer::Quiet;
use serde_json::json;

fn main() -> lanthorn::Result<()> {
    let config: Config = Node::from_json(&json!({
        "seed": 42,
        "data": {
            "train": "loan.csv",
            "features": [
                { "column": "age", "scale": "min_max" },
                { "column": "area", "encode": "label" },
            ],
            "target": { "column": "application_outcome", "encode": "label" },
        },
        "model": { "layers": [
            { "dense": { "units": 8, "activation": "relu" } },
            { "dense": { "units": 16, "activation": "relu" } },
            { "dense": { "units": 2, "activation": "softmax" } },
        ] },
        "compile": {
            "optimizer": { "adam": { "learning_rate": 0.001 } },
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
        },
        "fit": { "batch_size": 10, "epochs": 5, "validation_split": 0.1 },
    }))
    .read()?;
    let plan = Plan::new(config, Path::new("examples/data"))?;
    let mut trainer = plan.trainer(&Device::Cpu)?;
    trainer.fit(&plan.training_data()?, &mut Quiet)?;
    println!("{}", trainer.history.to_csv());
    let path = std::env::temp_dir().join("loan.safetensors");
    model_of(&plan, trainer)?.save(&path)?;
    let model = Model::load(&path, &Device::Cpu)?;
    println!("{} weights came back", model.network.weights().count());
    Ok(())
}
