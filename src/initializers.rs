//! Initializers: the values that weights start with, by Keras's names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::Random;

/// How a weight starts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Initializer {
    /// Uniform in ±√(6 / (fan_in + fan_out)).
    #[default]
    GlorotUniform,
    /// 0
    Zeros,
}

impl Initializer {
    /// `zeros`, for serde's defaults.
    pub fn zeros() -> Self {
        Initializer::Zeros
    }

    /// The values of a weight of this shape, row-major; drawn from the stream ("init", path).
    pub fn values(&self, shape: &[usize], random: &Random, path: &str) -> Vec<f32> {
        let n = shape.iter().product();
        let mut stream = random.stream("init", path, 0);
        match self {
            Initializer::Zeros => vec![0.0; n],
            Initializer::GlorotUniform => {
                let limit = (6.0 / (shape[0] + shape[1]) as f32).sqrt();
                (0..n).map(|_| stream.uniform_in(-limit, limit)).collect()
            }
        }
    }
}
