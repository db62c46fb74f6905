//! A model made, trained, evaluated, saved and loaded in Rust, over arrays:
//! `cargo run --release --example train_from_rust`.

#![allow(clippy::print_stdout)]

use candle_core::{Device, Tensor};
use lanthorn::Sequential;
use lanthorn::layers::activations::Activation;
use lanthorn::layers::{Dense, Dropout};
use lanthorn::losses::SparseCategoricalCrossentropy;
use lanthorn::metrics::Accuracy;
use lanthorn::optimizers::Adam;
use lanthorn::sections::{CompileConfig, FitConfig, ValidationSplit};

fn main() -> lanthorn::Result<()> {
    // two spirals, one class each
    let points = (0..1000).map(|i| {
        let (class, t) = (i % 2, i as f32 / 1000.0);
        let angle = 6.0 * t + std::f32::consts::PI * class as f32;
        (vec![t * angle.cos(), t * angle.sin()], class)
    });
    let (x, y): (Vec<Vec<f32>>, Vec<u32>) = points.unzip();
    let (x, y) = (Tensor::new(x, &Device::Cpu)?, Tensor::new(y, &Device::Cpu)?);

    let mut model = Sequential::new([
        Dense::new(32, Activation::relu()).into(),
        Dense::new(32, Activation::relu()).into(),
        Dropout::new(0.1).into(),
        Dense::new(2, Activation::Softmax).into(),
    ]);
    model.compile(CompileConfig {
        optimizer: Adam { learning_rate: 0.01.into(), ..Adam::default() }.into(),
        metrics: vec![Accuracy::default().into()],
        ..CompileConfig::new(SparseCategoricalCrossentropy::default())
    });
    let validation_split = Some(ValidationSplit::Random(0.2));
    let history =
        model.fit(&x, &y, &FitConfig { epochs: 60, validation_split, ..Default::default() })?;
    println!("val_accuracy {:.3}", history.last("val_accuracy").unwrap_or_default());

    let path = std::env::temp_dir().join("spirals.safetensors");
    model.save(&path)?;
    let loaded = Sequential::load(&path)?;
    println!("{}", loaded.summary()?);
    println!("{}", loaded.predict(&x.narrow(0, 0, 3)?)?);
    Ok(())
}
