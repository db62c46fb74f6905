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
//! - `sections`: `data`, `model`, `compile`, `fit` as typed; the configuration as a run keeps it
//! - `transforms`: how a column is scaled or encoded: two lists, a file a member
//! - `splits`: the rows to validate on: a list, a file a member; the folds of a cross-validation
//! - [`data`]: tables in; preprocessing fitted on the training part and saved with the model
//! - `draft`: a first configuration of a table, with the reason for each choice
//! - `spec`: the configuration, checked: every shape known, every default explicit; `supposed`:
//!   the columns of a model that was made without a table
//! - [`layers`], [`activations`], [`initializers`], [`regularizers`], [`constraints`], [`losses`],
//!   [`metrics`], [`optimizers`], `schedules`, [`callbacks`]: the vocabulary: a trait, a list, and a
//!   file each; [`reference`]: what its members and their keys mean, for the reference page and
//!   `lanthorn explain`
//! - `kernels`: the layers again, over slices of numbers, for the CPU
//! - `weights`: the only owner of parameters; how they stand in files, and their gradients
//! - [`model`]: the layers, built (`network`), what runs a step (`engine`: `cpu` by `kernel_model`,
//!   or `graph` by candle's autograd), what it is worth (`scores`, `evaluate`, `report`) and what it
//!   says (`predictor`); its file (`artifact`); Keras's table (`summary`)
//! - `trainer`: fit(), the loop; `trainer/events`: what happens in it, and `trainer/listener`: who
//!   listens; `trainer/checkpoint`: all that is needed to go on
//! - `opened`, `plan`: a configuration as it was read; with its data read and its spec resolved;
//!   `without_data`: checked without its tables;
//!   `filled`: what a configuration leaves to the data; `budget`: the epochs that a time allows;
//!   `advice`: what is seldom meant; `baseline`: what a prediction that knows nothing is worth;
//!   `sequential`, `arrays`: the same for a Rust program, without a configuration or a table
//! - `cross_validation`: a plan for each fold of one table, and what comes of them; `folds`: their
//!   folders, the loss and the metrics of each
//! - `meaning`, `trainable`: what outputs stand for, and what can be learned
//! - `decisions`, `decide`: temperature, thresholds and intervals, chosen on held-back rows and kept
//!   in the model
//! - `runs`: the folders of runs: who writes them, what they say and what they are evaluated on;
//!   `leaderboard`: runs beside each other; `results`: what a training came to; `tensorboard`: event
//!   files of it; `page`: the report of a run as a page
//! - `seen_data`: the numbers that a model sees, for other tools
//! - [`exchange`]: other tools' formats, a file a format
//! - `batch`: some samples in typed columns; `data::Samples` is where they come from, `data::Order`
//!   in which order; `target`: what outputs and targets are; `logs`, `history`: the loss and the
//!   metrics by key, and of every epoch
//! - `disk`: every write and rename; `disk/files`: safetensors files and whole ones; `disk/lock`: one
//!   process in a run's folder
//! - the ground floor: `numeric` (functions of numbers, loops over wide registers), `random` (one
//!   seed, named streams that need no state), `threads` (who computes, and how tiny numbers are
//!   rounded), `shape`, `limits`, `checks`, `free_memory`
//! - `error`, [`diagnostics`]: what is wrong, and where, as data; `shell`: commands to be typed

pub mod activations;
mod advice;
mod arrays;
mod baseline;
mod batch;
mod budget;
pub mod callbacks;
mod checks;
mod class_report;
pub mod config;
pub mod constraints;
mod cross_validation;
mod csv_text;
pub mod data;
mod decide;
mod decisions;
pub mod diagnostics;
mod disk;
mod draft;
mod error;
pub mod exchange;
mod filled;
mod folds;
mod free_memory;
mod history;
pub mod initializers;
mod kernels;
pub mod layers;
mod leaderboard;
mod limits;
mod logs;
pub mod losses;
mod meaning;
pub mod metrics;
pub mod model;
mod numeric;
mod opened;
pub mod optimizers;
mod page;
mod plan;
mod random;
pub mod reference;
pub mod regularizers;
mod results;
mod runs;
mod schedules;
mod sections;
mod seen_data;
mod sequential;
mod shape;
mod shell;
mod spec;
mod splits;
mod supposed;
mod target;
mod tensorboard;
mod threads;
mod trainable;
mod trainer;
mod transforms;
mod weights;
mod without_data;

/// A training: a configuration with its data, the loop, and the run's folder. Start at
/// [`Plan`](training::Plan) and [`Trainer`](training::Trainer).
pub mod training {
    pub use crate::arrays::*;
    pub use crate::batch::*;
    pub use crate::budget::*;
    pub use crate::cross_validation::*;
    pub use crate::disk::lock::*;
    pub use crate::draft::*;
    pub use crate::folds::*;
    pub use crate::history::*;
    pub use crate::leaderboard::*;
    pub use crate::model::engine::{CpuEngine, Engine, GraphEngine, Task, of as engine_of};
    pub use crate::model::memory::*;
    pub use crate::page::*;
    pub use crate::plan::*;
    pub use crate::results::*;
    pub use crate::runs::event_log::EVENTS;
    pub use crate::runs::keeper::*;
    pub use crate::runs::run::*;
    pub use crate::runs::run_data::*;
    pub use crate::runs::run_metrics::METRICS;
    pub use crate::runs::standing::*;
    pub use crate::sections::*;
    pub use crate::seen_data::*;
    pub use crate::sequential::*;
    pub use crate::spec::*;
    pub use crate::splits::RowRole;
    pub use crate::target::DataFacts;
    pub use crate::tensorboard::*;
    pub use crate::trainer::checkpoint::*;
    pub use crate::trainer::events::*;
    pub use crate::trainer::*;
    pub use crate::weights::gradients::*;
    pub use crate::without_data::*;
}

/// What computes: the threads, the kernels, the random streams, and the writing of files.
pub mod runtime {
    pub use crate::disk::*;
    pub use crate::model::kernel_model::*;
    pub use crate::random::*;
    pub use crate::shell::*;
    pub use crate::threads::float_environment::*;

    /// Files, written whole or not at all.
    pub mod files {
        pub use crate::disk::files::*;
    }

    /// Layers over slices of numbers, for the CPU.
    pub mod kernels {
        pub use crate::kernels::*;
    }

    /// The threads that compute.
    pub mod threads {
        pub use crate::threads::*;
    }
}

pub use diagnostics::{Code, Diagnostic, Diagnostics};
pub use error::{Error, Problem, Result};
pub use sequential::Sequential;
pub use shape::Shape;
