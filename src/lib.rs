//! Lanthorn: Keras-style Sequential models declared in one YAML or TOML file, trained on candle.

pub mod activations;
pub mod callbacks;
pub mod config;
pub mod constraints;
pub mod data;
pub mod error;
pub mod exchange;
pub mod gradients;
pub mod initializers;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod ops;
pub mod optimizers;
pub mod random;
pub mod regularizers;
pub mod schedules;
pub mod shape;
pub mod stored;
pub mod weights;

pub use error::{Error, Problem, Result};
pub use shape::Shape;
