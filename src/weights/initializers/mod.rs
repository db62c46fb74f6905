//! Initializers: the values that weights start with, by Keras's names.

mod orthogonal;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::{bare, bare_names, checked, checks};
use crate::error::Problem;
use crate::random::Random;

/// How a weight starts: `zeros`, `he_normal`, `random_normal: {stddev: 0.1, seed: 3}`.
///
/// Fans: of a kernel (…, in, out), `fan_in` is in times the receptive field (the product of the
/// axes before), `fan_out` is out times the same; a vector of n has n and n.
///
/// Every random one takes a `seed`: its draws are then those of that seed, the same for every
/// weight of that shape, whatever the run's seed. Keras: `keras.initializers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(transform = bare_names)]
pub enum Initializer {
    /// Uniform in ±√(6 / (fan_in + fan_out)). Keras: `GlorotUniform`.
    GlorotUniform {
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Truncated normal with standard deviation √(2 / (fan_in + fan_out)). Keras: `GlorotNormal`.
    GlorotNormal {
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Uniform in ±√(6 / fan_in). Keras: `HeUniform`.
    HeUniform {
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Truncated normal with standard deviation √(2 / fan_in). Keras: `HeNormal`.
    HeNormal {
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Uniform in ±√(3 / fan_in). Keras: `LecunUniform`.
    LecunUniform {
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Truncated normal with standard deviation √(1 / fan_in). Keras: `LecunNormal`.
    LecunNormal {
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// 0. Keras: `Zeros`.
    #[serde(alias = "zero")]
    Zeros,
    /// 1. Keras: `Ones`.
    #[serde(alias = "one")]
    Ones,
    /// A constant value. Keras: `Constant`.
    Constant {
        /// Value. Default: 0.
        #[serde(default)]
        value: f64,
    },
    /// `gain` on the diagonal and 0 elsewhere; for weights of two axes only. Keras: `Identity`.
    #[serde(alias = "identity_initializer")]
    Identity {
        /// Value on the diagonal. Default: 1.
        #[serde(default = "one")]
        gain: f64,
    },
    /// Normal distribution. Keras: `RandomNormal`.
    #[serde(alias = "normal")]
    RandomNormal {
        /// Default: 0.
        #[serde(default)]
        mean: f64,
        /// Standard deviation. Default: 0.05.
        #[serde(default = "one_twentieth")]
        stddev: f64,
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Uniform distribution in [minval, maxval). Keras: `RandomUniform`.
    #[serde(alias = "uniform")]
    RandomUniform {
        /// Default: -0.05.
        #[serde(default = "minus_one_twentieth")]
        minval: f64,
        /// Default: 0.05.
        #[serde(default = "one_twentieth")]
        maxval: f64,
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Normal distribution truncated to mean ± 2 · stddev (so that its standard deviation is 0.88 ·
    /// stddev). Keras: `TruncatedNormal`.
    TruncatedNormal {
        /// Default: 0.
        #[serde(default)]
        mean: f64,
        /// Standard deviation before truncation. Default: 0.05.
        #[serde(default = "one_twentieth")]
        stddev: f64,
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Random values of variance `scale / fan`. Keras: `VarianceScaling`.
    VarianceScaling {
        /// Factor of the variance. Default: 1.
        #[serde(default = "one")]
        scale: f64,
        /// Which fan to use: the inputs, the outputs or their average. Default: fan_in.
        #[serde(default)]
        mode: Fan,
        /// Default: truncated_normal.
        #[serde(default)]
        distribution: Distribution,
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Orthogonal columns (or rows, if there are fewer) of length `gain`, with the weight reshaped
    /// to a matrix (…, last axis); for weights of at least two axes. Keras: `Orthogonal`.
    #[serde(alias = "orthogonal_initializer")]
    Orthogonal {
        /// Length of the columns. Default: 1.
        #[serde(default = "one")]
        gain: f64,
        /// Seed of the random values. Default: the seed of the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
}

/// What the variance is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fan {
    /// The number of inputs.
    #[default]
    FanIn,
    /// The number of outputs.
    FanOut,
    /// The mean of the two.
    FanAvg,
}

/// The form of `variance_scaling`'s draws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Normal within two deviations, widened so that the variance is as asked for.
    #[default]
    #[serde(alias = "normal")]
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
    /// Uniform, symmetric.
    Uniform,
}

impl Initializer {
    /// `zeros`.
    pub fn zeros() -> Self {
        Initializer::Zeros
    }

    /// `ones`.
    pub fn ones() -> Self {
        Initializer::Ones
    }

    /// `glorot_uniform`.
    pub fn glorot_uniform() -> Self {
        Initializer::default()
    }

    /// `orthogonal`.
    pub fn orthogonal() -> Self {
        Initializer::Orthogonal { gain: 1.0, seed: None }
    }

    /// `random_uniform`.
    pub fn random_uniform() -> Self {
        Initializer::RandomUniform { minval: -0.05, maxval: 0.05, seed: None }
    }

    /// The values of a weight of this shape, row-major; drawn from the stream ("init", path), or
    /// from the initializer's own seed. The shape has passed [`Initializer::check_shape`].
    pub fn values(&self, shape: &[usize], random: &Random, path: &str) -> Vec<f32> {
        let n = shape.iter().product();
        let mut stream = match self.seed() {
            Some(seed) => Random::new(seed).stream("init", "", 0),
            None => random.stream("init", path, 0),
        };
        match self {
            Initializer::Zeros => vec![0.0; n],
            Initializer::Ones => vec![1.0; n],
            Initializer::Constant { value } => vec![*value as f32; n],
            Initializer::Identity { gain } => identity(shape, *gain as f32),
            Initializer::Orthogonal { gain, .. } => orthogonal::values(shape, *gain, &mut stream),
            other => match other.draw(fans(shape)) {
                Draw::Uniform(low, high) => {
                    let (low, high) = (low as f32, high as f32);
                    (0..n).map(|_| stream.uniform_in(low, high)).collect()
                }
                Draw::Normal(mean, stddev) => normal(n, mean, stddev, || stream.normal()),
                Draw::Truncated(mean, stddev) => {
                    normal(n, mean, stddev, || stream.truncated_normal())
                }
            },
        }
    }

    /// What is wrong with its arguments. A config's are checked as they are read.
    pub fn check(&self) -> Result<(), Problem> {
        match self {
            Initializer::Constant { value } => checks::finite("value", *value),
            Initializer::Identity { gain } | Initializer::Orthogonal { gain, .. } => {
                checks::finite("gain", *gain)
            }
            Initializer::RandomNormal { mean, stddev, .. }
            | Initializer::TruncatedNormal { mean, stddev, .. } => {
                checks::finite("mean", *mean)?;
                checks::not_negative("stddev", *stddev)
            }
            Initializer::RandomUniform { minval, maxval, .. } => {
                checks::finite("minval", *minval)?;
                checks::finite("maxval", *maxval)?;
                if minval > maxval {
                    let message =
                        format!("`minval` must be at most `maxval` ({maxval}), got {minval}");
                    return Err(Problem::at("minval", message));
                }
                Ok(())
            }
            Initializer::VarianceScaling { scale, .. } => checks::positive("scale", *scale),
            _ => Ok(()),
        }
    }

    /// What is wrong with it for a weight of this shape.
    pub fn check_shape(&self, shape: &[usize]) -> Result<(), Problem> {
        match self {
            Initializer::Identity { .. } if shape.len() != 2 => {
                let message = format!("`identity` needs a matrix, got the shape {shape:?}");
                Err(Problem::at("", message).help("choose another initializer"))
            }
            Initializer::Orthogonal { .. } if shape.len() < 2 => {
                let message = format!("`orthogonal` needs two axes at least, got {shape:?}");
                Err(Problem::at("", message).help("choose another initializer"))
            }
            _ => Ok(()),
        }
    }

    fn seed(&self) -> Option<u64> {
        match self {
            Initializer::GlorotUniform { seed }
            | Initializer::GlorotNormal { seed }
            | Initializer::HeUniform { seed }
            | Initializer::HeNormal { seed }
            | Initializer::LecunUniform { seed }
            | Initializer::LecunNormal { seed }
            | Initializer::RandomNormal { seed, .. }
            | Initializer::RandomUniform { seed, .. }
            | Initializer::TruncatedNormal { seed, .. }
            | Initializer::VarianceScaling { seed, .. }
            | Initializer::Orthogonal { seed, .. } => *seed,
            Initializer::Zeros
            | Initializer::Ones
            | Initializer::Constant { .. }
            | Initializer::Identity { .. } => None,
        }
    }

    fn draw(&self, (fan_in, fan_out): (f64, f64)) -> Draw {
        use Distribution::{TruncatedNormal, Uniform};
        let average = f64::midpoint(fan_in, fan_out);
        match self {
            Initializer::GlorotNormal { .. } => scaled(1.0, average, TruncatedNormal),
            Initializer::HeUniform { .. } => scaled(2.0, fan_in, Uniform),
            Initializer::HeNormal { .. } => scaled(2.0, fan_in, TruncatedNormal),
            Initializer::LecunUniform { .. } => scaled(1.0, fan_in, Uniform),
            Initializer::LecunNormal { .. } => scaled(1.0, fan_in, TruncatedNormal),
            Initializer::RandomNormal { mean, stddev, .. } => Draw::Normal(*mean, *stddev),
            Initializer::RandomUniform { minval, maxval, .. } => Draw::Uniform(*minval, *maxval),
            Initializer::TruncatedNormal { mean, stddev, .. } => Draw::Truncated(*mean, *stddev),
            Initializer::VarianceScaling { scale, mode, distribution, .. } => {
                let fan = match mode {
                    Fan::FanIn => fan_in,
                    Fan::FanOut => fan_out,
                    Fan::FanAvg => average,
                };
                scaled(*scale, fan, *distribution)
            }
            _ => scaled(1.0, average, Uniform), // glorot_uniform; the rest draw nothing
        }
    }
}

impl Default for Initializer {
    fn default() -> Self {
        Initializer::GlorotUniform { seed: None }
    }
}

impl<'de> Deserialize<'de> for Initializer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(Initializer::deserialize(deserializer)?, Initializer::check)
    }
}

impl Serialize for Initializer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        bare(Initializer::serialize(self, serde_json::value::Serializer), serializer)
    }
}

fn one() -> f64 {
    1.0
}

fn one_twentieth() -> f64 {
    0.05
}

fn minus_one_twentieth() -> f64 {
    -0.05
}

/// How one number is drawn.
enum Draw {
    Uniform(f64, f64),
    Normal(f64, f64),
    Truncated(f64, f64),
}

/// Draws of variance `scale / fan`.
fn scaled(scale: f64, fan: f64, distribution: Distribution) -> Draw {
    /// The standard deviation of a standard normal within ±2.
    const TRUNCATED: f64 = 0.879_625_661_034_239_8;
    let variance = scale / fan.max(1.0);
    match distribution {
        Distribution::TruncatedNormal => Draw::Truncated(0.0, variance.sqrt() / TRUNCATED),
        Distribution::UntruncatedNormal => Draw::Normal(0.0, variance.sqrt()),
        Distribution::Uniform => {
            let limit = (3.0 * variance).sqrt();
            Draw::Uniform(-limit, limit)
        }
    }
}

/// (fan_in, fan_out) of a weight of this shape.
fn fans(shape: &[usize]) -> (f64, f64) {
    let receptive = |axes: &[usize]| axes.iter().product::<usize>() as f64;
    match shape {
        [] => (1.0, 1.0),
        [n] => (*n as f64, *n as f64),
        [field @ .., input, output] => {
            (*input as f64 * receptive(field), *output as f64 * receptive(field))
        }
    }
}

fn normal(n: usize, mean: f64, stddev: f64, mut draw: impl FnMut() -> f32) -> Vec<f32> {
    let (mean, stddev) = (mean as f32, stddev as f32);
    (0..n).map(|_| mean + stddev * draw()).collect()
}

fn identity(shape: &[usize], gain: f32) -> Vec<f32> {
    let columns = shape.last().copied().unwrap_or(1);
    let n: usize = shape.iter().product();
    (0..n).map(|i| if i / columns == i % columns { gain } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests;
