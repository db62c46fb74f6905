//! Lanthorn: Keras-style Sequential models declared in one YAML or TOML file, trained on candle.

pub mod activations;
mod checks;
pub mod config;
pub mod constraints;
pub mod error;
pub mod exchange;
pub mod gradients;
pub mod initializers;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod optimizers;
pub mod random;
pub mod regularizers;
pub mod schedules;
pub mod shape;
pub mod stored;
mod vector;
pub mod weights;

pub use error::{Error, Problem, Result};
pub use shape::Shape;
