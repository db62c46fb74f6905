//! A layer of one's own: `cargo run --release --example custom_layer`.

#![allow(clippy::print_stdout)]

use candle_core::{Device, Tensor};
use lanthorn::layers::activations::Activation;
use lanthorn::layers::{Context, Dense, Forward, Layer, LayerEntry, Signal, register_layer};
use lanthorn::losses::MeanSquaredError;
use lanthorn::model::Scope;
use lanthorn::sections::{CompileConfig, FitConfig};
use lanthorn::{Problem, Result, Sequential, Shape};
use serde::{Deserialize, Serialize};

/// `x · |x|^(power - 1)`, number by number.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
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
    register_layer::<Power>("power"); // for configuration files and saved models
    let x = Tensor::rand(-1f32, 1.0, (500, 2), &Device::Cpu)?;
    let y = x.sqr()?.sum_keepdim(1)?;
    let mut model = Sequential::new([
        Dense::new(8, Activation::Linear).into(),
        LayerEntry::registered("power", Power { power: 2.0 }),
        Dense::new(1, Activation::Linear).into(),
    ]);
    model.compile(CompileConfig::new(MeanSquaredError::default()));
    let history = model.fit(&x, &y, &FitConfig { epochs: 50, ..FitConfig::default() })?;
    println!("loss {:.4}", history.last("loss").unwrap_or_default());
    Ok(())
}
