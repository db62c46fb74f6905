//! Lanthorn: Keras-style Sequential models declared in one YAML or TOML file, trained on candle.
//!
//! The straight line, one type a station and one function an arrow:
//!
//! ```text
//!  text ──parse──▶ Config ──resolve──▶ Spec ──build──▶ Network ──fit──▶ History
//!                                                                         │
//!                                             model.safetensors ◀──save───┘
//!                                                     │ load
//!                                                     ▼
//!                                                 Predictor ──▶ rows
//! ```
//!
//! Read `trainer.rs` (the loop), `layers/dense.rs` (a layer) and `kernels/dense.rs` (its kernel) first.
//! The map, in reading order:
//!
//! - [`config`]: a text as typed, every key with its place; the one macro that makes lists
//! - [`sections`]: `data`, `model`, `compile`, `fit` as typed
//! - [`data`]: tables in; preprocessing fitted on the training part and saved with the model
//! - [`spec`]: the configuration, checked: every shape known, every default explicit
//! - [`plan`]: a configuration with its data read and its spec resolved; `trainable` and `advice`:
//!   what can't be learned or used, and what is seldom meant
//! - [`layers`], [`activations`], [`initializers`], [`regularizers`], [`constraints`]: the vocabulary
//! - [`weights`]: the only owner of parameters; [`stored`]: how they stand in files
//! - [`network`]: the layers, built; [`mod@summary`]: Keras's table of them
//! - [`trainer`]: fit(), the loop; [`engine`]: one batch forward and backward, by [`kernel_model`] over
//!   the kernels of [`kernels`], or by candle's autograd; [`gradients`]: where they are gathered
//! - [`events`]: what happens in a training, and who listens to it; [`keeper`]: who keeps a run
//! - [`losses`], [`metrics`], [`optimizers`], [`schedules`], [`callbacks`]: a trait, a list, and a
//!   file each
//! - [`random`]: one seed, named streams that need no state
//! - [`evaluate`], [`predictor`], [`history`]: what a model is worth, and what it says; `meaning`:
//!   what its outputs stand for
//! - [`artifact`], [`checkpoint`], [`run`], [`self_test`], [`weights_file`], [`files`]: what is on
//!   disk; [`disk`]: every write and rename; [`lock`]: one process in a run's folder
//! - [`exchange`]: other tools' formats, a file a format
//! - [`threads`], [`float_environment`]: who computes, and how tiny numbers are rounded
//! - `numeric`, `limits`, `checks`: the ground floor: functions of numbers, the largest sizes, and
//!   checks of arguments
//! - [`target`]: what outputs and targets are, for data, losses and metrics alike
//! - [`mod@error`], [`diagnostics`]: what is wrong, and where, as data; [`shape`]

pub mod activations;
mod advice;
pub mod arrays;
pub mod artifact;
pub mod batch;
pub mod callbacks;
pub mod checkpoint;
mod checks;
mod checksum;
pub mod config;
pub mod constraints;
pub mod data;
pub mod diagnostics;
pub mod disk;
pub mod engine;
pub mod error;
pub mod evaluate;
pub mod events;
pub mod exchange;
#[cfg(test)]
mod faults;
pub mod files;
pub mod float_environment;
pub mod gradients;
pub mod history;
pub mod initializers;
mod intake;
pub mod keeper;
pub mod kernel_model;
pub mod kernels;
pub mod layers;
mod limits;
pub mod lock;
pub mod losses;
mod meaning;
pub mod memory;
pub mod metrics;
pub mod network;
mod numeric;
pub mod optimizers;
pub mod plan;
pub mod predictor;
pub mod random;
pub mod regularizers;
pub mod run;
mod run_config;
pub mod schedules;
pub mod sections;
pub mod self_test;
pub mod sequential;
pub mod shape;
pub mod spec;
pub mod standing;
pub mod stored;
pub mod summary;
pub mod target;
pub mod threads;
mod trainable;
pub mod trainer;
mod vector;
pub mod weights;
pub mod weights_file;
mod writer;

pub use diagnostics::{Code, Diagnostic, Diagnostics};
pub use error::{Error, Problem, Result};
pub use sequential::Sequential;
pub use shape::Shape;
