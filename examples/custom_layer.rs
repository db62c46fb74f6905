//! A layer of one's own, used in a configuration: `cargo run --release --example custom_layer`.

#![allow(clippy::print_stdout)]

use std::path::Path;

use candle_core::Device;
use lanthorn::config::{Config, Node};
use lanthorn::layers::{Context, Forward, Layer, Signal, register_layer};
use lanthorn::plan::Plan;
use lanthorn::trainer::Quiet;
use lanthorn::weights::Scope;
use lanthorn::{Problem, Result, Shape};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// `x · |x|^(power - 1)`, number by number.
#[derive(Debug, Serialize, Deserialize)]
struct Power {
    power: f64,
}

impl Layer for Power {
    fn output_shape(&self, input: &Shape) -> Result<Shape, Problem> {
        Ok(input.clone())
    }
    fn build(&self, _: &Shape, _: &mut Scope<'_>) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Power { power: self.power }))
    }
}

impl Forward for Power {
    fn forward(&self, input: Signal, _: &mut Context<'_>) -> Result<Signal> {
        let sign = input.tensor.detach().sign()?;
        let y = ((&input.tensor * &sign)? + 1e-6)?.powf(self.power)?.mul(&sign)?;
        Ok(input.with(y))
    }
}

fn main() -> Result<()> {
    register_layer::<Power>("power");
    let text = std::fs::read_to_string("configs/iris.yaml")?;
    let document =
        lanthorn::config::Document::parse(&text, "iris.yaml", lanthorn::config::Format::Yaml)?;
    let mut config: Config = document.config()?;
    config.model.layers.insert(1, Node::from_json(&json!({ "power": { "power": 1.5 } })).read()?);
    let plan = Plan::new(config, Path::new("configs"))?;
    let mut trainer = plan.trainer(&Device::Cpu)?;
    trainer.fit(&plan.training_data()?, &mut Quiet)?;
    println!("val_accuracy {:.3}", trainer.history.last("val_accuracy").unwrap_or_default());
    Ok(())
}
