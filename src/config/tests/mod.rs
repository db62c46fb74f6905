//! Tests of the configuration: small stand-ins for its sections over the real entries.

mod broken;
mod equal;
mod open;
mod overrides;
mod several;
mod size;

use serde::{Deserialize, Serialize};

use super::{Document, Format};
use crate::layers::LayerEntry;
use crate::optimizers::OptimizerEntry;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    name: Option<String>,
    #[serde(default)]
    seed: u64,
    model: Model,
    compile: Option<Compile>,
    #[serde(default)]
    fit: Fit,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    input_shape: Option<Vec<usize>>,
    kernel_size: Option<(u32, u32)>,
    layers: Vec<LayerEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compile {
    optimizer: OptimizerEntry,
    loss: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Fit {
    batch_size: usize,
    epochs: usize,
    validation_split: f32,
    shuffle: bool,
    verbose: Option<u8>,
    features: Vec<Feature>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    column: String,
    scale: Option<Scale>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    MinMax,
    Standard { mean: f64 },
    Times(f64),
}

fn read(text: &str, name: &str) -> crate::Result<Config> {
    let format = Format::of(std::path::Path::new(name)).unwrap();
    Document::parse(text, name, format)?.config()
}
